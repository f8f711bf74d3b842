import { randomBytes } from 'node:crypto';
import { customerKey, customerStampsKey, orderOfMember } from '#consumers/orders/orderKeys.ts';
import { writeOrders } from '#consumers/orders/ordersHandler.ts';
import { Orders } from '#consumers/orders/reader.ts';
import type { Change } from '#consumers/runner/changes.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import { command, type RedisClient, type RedisCommands } from '#infra/redis/client.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { OrdersDefinition, OrderView } from '#infra/runtime/config/orders.ts';
import { Interleaving, Killed } from './interleaving.ts';

const CUSTOMERS = 3;

/** What happens to an order in the source. `reread`: a snapshot reads it as it stands. `partial`: the change does not carry the row before. */
export interface OrderAct {
  readonly kind: 'put' | 'partial' | 'hide' | 'delete' | 'reread';
  readonly order: number;
  readonly customer: number;
  readonly status: number;
}

type OrderRow = { readonly ID: string; readonly CUST: string; readonly STATUS: string; readonly WEB: boolean };

const definition: OrdersDefinition = {
  table: 'dbo.ORD',
  id: (row) => String(row['ID']),
  project: (row) => (row['WEB'] === false ? null : viewOf(row as unknown as OrderRow)),
};
const viewOf = ({ ID, CUST, STATUS }: OrderRow): OrderView => ({
  orderId: ID,
  customerId: CUST,
  status: STATUS,
  placedAt: `2026-01-0${1 + (Number(ID) % 2)}T00:00:00Z`,
});

/** Several processes that write the same changes of orders to a real Redis, in an order a seed decides, killed at any call. */
export class OrderWorld {
  readonly #redis: RedisClient;
  readonly #prefix = `o${randomBytes(6).toString('hex')}:`;
  readonly #changes: Change[] = [];
  readonly #rows = new Map<string, OrderRow>();

  constructor(redis: RedisClient, acts: readonly OrderAct[]) {
    this.#redis = redis;
    for (const act of acts) this.#act(act);
  }

  /** Two owners read everything, some changes come again on their own. Who is killed begins the same batch again: nothing was committed. */
  async run(seed: number, choices: number, kill: number): Promise<void> {
    const interleaving = new Interleaving(seed, choices);
    const all = this.#changes;
    const worker = (changes: readonly Change[]) => async (): Promise<void> => {
      const redis = this.#connection(interleaving.gate());
      let at = 0;
      while (at < changes.length) {
        const next = at + 1 + interleaving.choose(4);
        try {
          await this.#handle(redis, changes.slice(at, next));
          at = next;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
      }
    };
    const single = () => all.map((change) => [change]).filter(() => interleaving.choose(3) === 1);
    for (const changes of [all, all, ...single()]) interleaving.spawn(worker(changes));
    while (await interleaving.step(interleaving.exhausted ? 0 : kill));
    // Dead letters that are redelivered long after.
    for (const changes of single().reverse()) interleaving.spawn(worker(changes));
    while (await interleaving.step(interleaving.exhausted ? 0 : kill));
  }

  /** What readers see: orders, and every customer's list with all its pages. */
  async actual(): Promise<unknown> {
    const reader = new Orders(this.#connection(), false, systemClock);
    const ids = [...new Set(this.#changes.map(({ key }) => String(key['ID'])))].sort();
    const orders = (await reader.read(ids)).map(
      (order) => order && { ...order, statusAt: undefined, position: undefined },
    );
    const lists: string[][] = [];
    const entries: string[][] = [];
    for (let customer = 0; customer < CUSTOMERS; customer++) {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await reader.ofCustomer(String(customer), { limit: 2, ...(cursor === null ? {} : { cursor }) });
        found.push(...page.orders.map(({ orderId }) => orderId));
        cursor = page.nextCursor;
      } while (cursor !== null);
      lists.push(found);
      entries.push(await this.#entries(String(customer)));
    }
    return { orders, lists, entries };
  }

  /** The same, computed from the changes alone. */
  expected(): unknown {
    const ids = [...new Set(this.#changes.map(({ key }) => String(key['ID'])))].sort();
    const orders = ids.map((id) => this.#expectedOrder(id));
    const newestFirst = orders
      .filter((order) => order !== null)
      .sort((a, b) =>
        a.placedAt === b.placedAt ? Number(b.orderId) - Number(a.orderId) : a.placedAt! < b.placedAt! ? 1 : -1,
      );
    const lists = Array.from({ length: CUSTOMERS }, (_, customer) =>
      newestFirst.filter(({ customerId }) => customerId === String(customer)).map(({ orderId }) => orderId),
    );
    return { orders, lists, entries: lists.map((list) => [...list].sort()) };
  }

  async clear(): Promise<void> {
    for await (const keys of this.#redis.scan(`${this.#prefix}*`)) await this.#redis.send(command('DEL', ...keys));
  }

  #expectedOrder(id: string) {
    const changes = this.#changes.filter(({ key }) => key['ID'] === id);
    const lastGone = changes.findLastIndex(({ after }) => after === null || after['WEB'] === false);
    const life = changes.slice(lastGone + 1);
    const last = life.at(-1)?.after as unknown as OrderRow | undefined;
    if (last === undefined) return null;
    const history: { status: string; at: string }[] = [];
    for (const { before, after, op, sourceTsMs } of life) {
      const { STATUS: status } = after as unknown as OrderRow;
      const had = before === null || before['WEB'] === false ? null : (before['STATUS'] as string);
      const isChange = op === 'c' || (before !== null && had !== status);
      const isOnlySeen = op === 'r' || (op === 'u' && before === null);
      if (isChange || (isOnlySeen && history.at(-1)?.status !== status))
        history.push({ status, at: new Date(sourceTsMs!).toISOString() });
    }
    return { ...viewOf(last), history, statusAt: undefined, position: undefined };
  }

  #act({ kind, order, customer, status }: OrderAct): void {
    const ID = String(order);
    const before = this.#rows.get(ID) ?? null;
    const place = this.#changes.length + 1;
    if (before === null && kind !== 'put') return;
    const row: OrderRow = { ID, CUST: String(customer), STATUS: `s${status}`, WEB: kind !== 'hide' };
    const after = kind === 'delete' ? null : kind === 'reread' ? before : row;
    const op = kind === 'delete' ? 'd' : kind === 'reread' ? 'r' : before === null ? 'c' : 'u';
    if (after === null) this.#rows.delete(ID);
    else this.#rows.set(ID, after);
    this.#changes.push({
      table: 'dbo.ORD',
      key: { ID },
      position: `${String(place).padStart(48, '0')}${op === 'r' ? 0 : 4}`,
      op,
      before: kind === 'reread' || kind === 'partial' ? null : before,
      after,
      sourceTsMs: place * 1000,
    });
  }

  async #handle(redis: RedisCommands, changes: readonly Change[]): Promise<void> {
    const records = changes.map((value) => ({ value, message: {} as IncomingMessage }));
    if (records.length === 0) return;
    const reject = (_: IncomingMessage, error: Error): void => {
      throw error;
    };
    await writeOrders(redis, definition, { topic: 't', partition: 0, records } as never, { reject });
  }

  /** A connection that waits at the gate before every single call. */
  #connection(gate: () => Promise<void> = async () => undefined): RedisCommands {
    const send: RedisCommands['send'] = async (call) => {
      await gate();
      return this.#redis.send(call);
    };
    return {
      key: (...parts) => this.#prefix + parts.join(':'),
      send,
      sendAll: async (calls) => {
        const replies: unknown[] = [];
        for (const call of calls) replies.push(await send(call));
        return replies;
      },
    };
  }

  async #entries(customer: string): Promise<string[]> {
    const redis = this.#connection();
    const members = (await redis.send(command('ZRANGE', customerKey(redis, customer), 0, -1))) as string[];
    const stamps = (await redis.send(command('HKEYS', customerStampsKey(redis, customer)))) as string[];
    if (members.map(orderOfMember).sort().join() !== [...stamps].sort().join()) return ['list and stamps differ'];
    return members.map(orderOfMember).sort();
  }
}
