import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { clientSource } from '#connectors/commands/client/generate.ts';
import { type CommandServer, startCommandServer } from '#test/support/commandServer.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

type Reply = {
  readonly result: Readonly<Record<string, never>>;
  readonly replayed: boolean;
  readonly idempotencyKey: string;
};
type Client = Readonly<Record<string, (input: object, call?: object) => Promise<Reply>>>;

/** The generated file, as a stranger has it: copied into a folder that knows nothing of this repository. */
async function load(): Promise<{ SluiceCommands: new (options: object) => Client }> {
  const file = join(tempFolder(), 'sluiceCommands.ts');
  writeFileSync(file, clientSource());
  return import(pathToFileURL(file).href);
}

const problem = (error: unknown) => error as Readonly<Record<string, unknown>>;

describe('the generated client against the running API', () => {
  let shop: CommandShop;
  let server: CommandServer;
  let client: Client;
  let module: Awaited<ReturnType<typeof load>>;

  beforeAll(async () => {
    shop = await createCommandShop(inject('stack').sqlserver!, 'adventureworks');
    server = await startCommandServer(shop, false);
    module = await load();
    client = new module.SluiceCommands({ baseUrl: `${server.url}/`, credential: () => server.key });
  });

  afterAll(async () => {
    await server?.close();
    await shop?.close();
  });

  const order = (more: object = {}) => {
    const { kettle, customer, currency } = shop.goods;
    const lines = [{ sku: kettle.sku, quantity: 1, unitPrice: kettle.price }];
    return { customerId: customer, currency, lines, total: kettle.price, ...more };
  };

  it('runs every use case', async () => {
    const { customer, kettle } = shop.goods;
    const address = { name: 'A Shopper', line1: '1 Lane', town: 'Leeds', postcode: 'LS1 1AA' };
    const registered = await client['registerCustomer']!({ email: `${randomUUID()}@example.com`, address });
    const accepted = await client['acceptOrder']!(order({ customerId: registered.result['customerId'] }));
    const { orderId } = accepted.result;
    const own = { orderId, customerId: registered.result['customerId'] };
    await client['changeDeliveryAddress']!({ ...own, address });
    const reserved = await client['reserveStock']!({
      customerId: customer,
      lines: [{ sku: kettle.sku, quantity: 2 }],
      minutes: 1,
    });
    const stock = await client['getLiveStock']!({ skus: `${kettle.sku},NONE` });
    await client['releaseStock']!({ reservationId: reserved.result['reservationId'], customerId: customer });
    const cancelled = await client['cancelOrder']!({ ...own, reason: 'Too late' });
    const read = await client['getOrder']!(own);
    expect([stock.result['items'], cancelled.result['status'], read.result]).toMatchObject([
      [{ sku: kettle.sku, onHand: 99, reserved: 2, available: 97 }],
      'cancelled',
      { orderId, status: 'cancelled', deliveryAddress: { town: 'Leeds', line2: null } },
    ]);
  });

  it('keeps one key over repetitions of one call, and another call has another', async () => {
    const first = await client['acceptOrder']!(order());
    const again = await client['acceptOrder']!(order(), { idempotencyKey: first.idempotencyKey });
    const other = await client['acceptOrder']!(order());
    expect([again.replayed, again.result, other.replayed]).toEqual([true, first.result, false]);
    expect(other.idempotencyKey).not.toBe(first.idempotencyKey);
  });

  it('throws problems with code, facts, places and the key', async () => {
    const refused = await client['acceptOrder']!(order({ total: '1.00' })).catch(problem);
    expect(refused).toMatchObject({
      name: 'CommandProblem',
      code: 'total-differs',
      status: 422,
      mayRetry: false,
      facts: { expected: '9.9900', found: '1.0000' },
      errors: [{ pointer: '/total' }],
      idempotencyKey: expect.any(String),
    });
    const invalid = await client['acceptOrder']!(order({ currency: 'pounds' })).catch(problem);
    expect(invalid).toMatchObject({ code: 'validation', errors: [{ pointer: '/currency' }] });
    const stranger = new module.SluiceCommands({ baseUrl: server.url, credential: 'slk_nobody' });
    expect(await stranger['getLiveStock']!({ skus: '771' }).catch(problem)).toMatchObject({ code: 'unauthenticated' });
  });
});

describe('the generated client when the API does not answer as hoped', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  async function against(answers: readonly Answer[], options: object = {}) {
    const { SluiceCommands } = await load();
    const keys: unknown[] = [];
    const pauses: number[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers['idempotency-key']);
      (answers[keys.length - 1] ?? answers.at(-1)!)(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new SluiceCommands({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credential: 'k',
      wait: async (ms: number) => void pauses.push(ms),
      ...options,
    });
    const outcome = problem(await client['cancelOrder']!({ orderId: '1', customerId: '1' }).catch(problem));
    server.closeAllConnections();
    server.close();
    return { outcome, keys, pauses };
  }

  const says =
    (status: number, body: object, headers: Record<string, string> = {}): Answer =>
    (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const done = says(200, { status: 'cancelled' });
  const hangsUp: Answer = (request) => void request.socket.destroy();

  it('waits as long as it is told and sends the same key again', async () => {
    const busy = says(503, { code: 'overloaded' }, { 'retry-after': '3' });
    const running = says(409, { code: 'command-running' }, { 'retry-after': '1' });
    const { outcome, keys, pauses } = await against([busy, running, done]);
    expect([outcome['result'], pauses]).toEqual([{ status: 'cancelled' }, [3000, 1000]]);
    expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  });

  it('finds out by the same key what became of a call whose connection broke', async () => {
    const { outcome, keys } = await against([hangsUp, done]);
    expect([outcome['result'], new Set(keys).size]).toEqual([{ status: 'cancelled' }, 1]);
  });

  it('does not repeat what was refused', async () => {
    const { outcome, keys } = await against([says(409, { code: 'order-not-cancellable' }), done]);
    expect([outcome['code'], keys.length]).toEqual(['order-not-cancellable', 1]);
  });

  it('gives up after its attempts and says that no answer came, with the key', async () => {
    const { outcome, keys } = await against([hangsUp], { maxAttempts: 3 });
    expect([outcome['name'], keys.length]).toEqual(['CommandUnanswered', 3]);
    expect(outcome['idempotencyKey']).toBe(keys[0]);
  });

  it('gives up at once when it would have to wait longer than its time', async () => {
    const { outcome, pauses } = await against([says(503, { code: 'database-away' }, { 'retry-after': '120' })]);
    expect([outcome['code'], outcome['retryAfterSeconds'], pauses]).toEqual(['database-away', 120, []]);
  });
});
