import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { eventually } from '#test/support/eventually.ts';
import { type KafkaCluster, startKafkaCluster } from '#test/support/kafka/cluster.ts';
import { Place } from './commands/place.ts';

/**
 * Everything is killed at once while commands wait for a database that is away: `node test/reliability/commandsPowerCut.ts [--orders 200]`.
 * Two API processes, the broker of the queue and the database get SIGKILL in the middle of accepting, and are started again. Exit code 1
 * when a command that was accepted (202) is not done exactly once, or those of a customer not in their order.
 */
const { values } = parseArgs({ options: { orders: { type: 'string', default: '200' } } });

interface Accepted {
  readonly key: string;
  readonly customer: string;
  readonly statusUrl: string;
}

const cluster: KafkaCluster = await startKafkaCluster({ brokers: 1, heapMb: 256 });
const place = await Place.open({ processes: 2, brokers: cluster.addresses });
try {
  const { sku, price } = place.shop.goods.kettle;
  await place.shop.setStock(sku, 1_000_000);
  await place.killDatabase();
  const customers = ['1', '2'];
  const perCustomer = Math.ceil(Number(values.orders) / customers.length);
  const accepted: Accepted[] = [];
  const send = async (customer: string): Promise<void> => {
    const body = JSON.stringify({
      customerId: customer,
      currency: 'GBP',
      lines: [{ sku, quantity: 1, unitPrice: price }],
      total: price,
    });
    for (let n = 0; n < perCustomer; n++) {
      const key = `cut-${customer}-${n}`;
      const statusUrl = await accept(key, body);
      accepted.push({ key, customer, statusUrl });
    }
  };
  const sending = Promise.all(customers.map(send));
  await eventually(() => accepted.length > Number(values.orders) / 3, { truthy: true, timeoutMs: 60_000 });
  await Promise.all([...place.apis.map((api) => api.killHard()), cluster.nodes[0]!.signal('SIGKILL')]);
  await cluster.nodes[0]!.start();
  await sending;
  // And once more, with nothing being sent.
  await Promise.all([...place.apis.map((api) => api.killHard()), cluster.nodes[0]!.signal('SIGKILL')]);
  await cluster.nodes[0]!.start();
  await place.startDatabase();
  for (const { statusUrl } of accepted)
    await eventually(() => isDone(statusUrl), { truthy: true, timeoutMs: 120_000, everyMs: 300 });
  const faults = await compare(accepted);
  process.stdout.write(`${JSON.stringify({ accepted: accepted.length, faults }, null, 2)}\n`);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await place.close();
  await cluster.stop();
}

/** Sends the same request until it is accepted; its status address. */
async function accept(key: string, body: string): Promise<string> {
  const headers = {
    authorization: `Bearer ${place.key}`,
    'content-type': 'application/json',
    'idempotency-key': key,
    prefer: 'respond-async',
  };
  for (let n = 0; ; n++) {
    const answer = await ask(n, '/orders', { method: 'POST', headers, body });
    if (answer?.status === 202) return ((await answer.json()) as { statusUrl: string }).statusUrl;
    await delay(200);
  }
}

async function isDone(path: string): Promise<boolean> {
  const answer = await ask(0, path, { headers: { authorization: `Bearer ${place.key}` } });
  return answer?.status === 200 && ((await answer.json()) as { state: string }).state === 'done';
}

function ask(n: number, path: string, init: RequestInit): Promise<Response | undefined> {
  const url = place.urls[n % place.urls.length]!;
  return fetch(url + path, { ...init, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
}

async function compare(all: readonly Accepted[]): Promise<string[]> {
  const { commandOptions, name } = place.shop;
  const owner = await openDatabase({ ...commandOptions, database: name, user: 'sa', password: place.saPassword });
  try {
    const rows = await owner.query<{ KEY: string; ORDER_ID: string }>(
      'SELECT IDEMPOTENCY_KEY AS [KEY], ORDER_ID FROM storefront.COMMAND',
    );
    const [orders] = await owner.query<{ n: number }>('SELECT COUNT(*) AS n FROM dbo.ORD_HDR');
    const orderOf = new Map(rows.map((row) => [row.KEY, Number(row.ORDER_ID)]));
    const faults = all.filter(({ key }) => !orderOf.has(key)).map(({ key }) => `${key} was accepted and is not there`);
    if (orders?.n !== all.length) faults.push(`orders: expected ${all.length}, found ${orders?.n}`);
    for (const [customer, own] of Map.groupBy(all, (entry) => entry.customer)) {
      const numbers = own.map(({ key }) => orderOf.get(key) ?? 0);
      if (numbers.some((number, i) => i > 0 && number < numbers[i - 1]!))
        faults.push(`the orders of customer ${customer} are not in their order`);
    }
    return faults;
  } finally {
    await owner.close();
  }
}
