import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { type Ending, placeOrder } from './client.ts';
import type { Place } from './place.ts';

export interface ChaosOptions {
  readonly orders: number;
  /** Orders under way at once. */
  readonly clients: number;
  readonly random: () => number;
  /** Orders that ask to be told later, of all. */
  readonly asyncShare: number;
  /** Times an API process is killed, and the database. */
  readonly apiKills: number;
  readonly databaseKills: number;
  /** Milliseconds the database stays away each time. */
  readonly awayMs: number;
  readonly timeoutMs: number;
}

/** What was seen; `faults` is empty when every promise was kept. */
export interface ChaosReport {
  readonly faults: readonly string[];
  readonly accepted: number;
  readonly refused: number;
  readonly abandoned: number;
  readonly orders: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Places orders while processes and the database are killed, then compares what clients were told with what the database has. */
export async function runChaos(place: Place, options: ChaosOptions): Promise<ChaosReport> {
  const { random, orders } = options;
  const startedAtMs = Date.now();
  const oddities: string[] = [];
  const answers: Record<string, number> = {};
  // Too little for all, so that some are refused.
  const pieces = Math.floor(orders * 0.75);
  const { sku, price } = place.shop.goods.kettle;
  await place.shop.setStock(sku, pieces);
  const body = JSON.stringify({
    customerId: '1',
    currency: 'GBP',
    lines: [{ sku, quantity: 1, unitPrice: price }],
    total: price,
  });
  const endings = new Map<string, Ending>();
  const client = {
    urls: place.urls,
    apiKey: place.key,
    random,
    deadlineMs: startedAtMs + options.timeoutMs,
    onOddity: (text: string) => void oddities.push(text),
    count: (what: string): void => {
      answers[what] = (answers[what] ?? 0) + 1;
    },
  };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < orders) {
      const key = `order-${next++}`;
      const task = { key, body, isAsync: random() < options.asyncShare, giveUp: 0.05 };
      endings.set(key, await placeOrder(task, client));
    }
  };
  const loading = Promise.all(Array.from({ length: options.clients }, work));
  await Promise.all([loading, killThings(place, options, loading)]);
  const faults = await withOwner(place, (owner) => compare(owner, sku, pieces, endings));
  const count = (kind: Ending['kind']): number => [...endings.values()].filter((ending) => ending.kind === kind).length;
  return {
    faults: [...oddities, ...faults.faults],
    accepted: count('accepted'),
    refused: count('refused'),
    abandoned: count('abandoned'),
    orders: faults.orders,
    answers,
    seconds: (Date.now() - startedAtMs) / 1000,
  };
}

async function killThings(place: Place, options: ChaosOptions, loading: Promise<unknown>): Promise<void> {
  let isOver = false;
  void loading.finally(() => {
    isOver = true;
  });
  const { random, apiKills, databaseKills, awayMs } = options;
  const kills = [...Array<'api'>(apiKills).fill('api'), ...Array<'database'>(databaseKills).fill('database')];
  while (kills.length > 0 && !isOver) {
    await delay(300 + 1200 * random());
    const [kill] = kills.splice(Math.floor(random() * kills.length), 1);
    if (kill === 'api') {
      const api = place.apis[Math.floor(random() * place.apis.length)]!;
      await api.killHard();
      await delay(400);
      await api.whenReady().catch(() => undefined);
    } else {
      await place.killDatabase();
      await delay(awayMs);
      await place.startDatabase();
    }
  }
}

/** The shop's own connections died with the database: look with new ones. */
async function withOwner<T>(place: Place, look: (owner: Database) => Promise<T>): Promise<T> {
  const { commandOptions, name } = place.shop;
  const owner = await openDatabase({ ...commandOptions, database: name, user: 'sa', password: place.saPassword });
  try {
    return await look(owner);
  } finally {
    await owner.close();
  }
}

interface CommandRow {
  readonly IDEMPOTENCY_KEY: string;
  readonly ORDER_ID: string | null;
  readonly RESULT: string;
  readonly REFUSAL: number | null;
}

async function compare(owner: Database, sku: string, pieces: number, endings: ReadonlyMap<string, Ending>) {
  const faults: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) faults.push(`${what}: expected ${String(wanted)}, found ${String(found)}`);
  };
  const commands = await owner.query<CommandRow>(
    'SELECT IDEMPOTENCY_KEY, ORDER_ID, RESULT, REFUSAL FROM storefront.COMMAND',
  );
  const orders = await owner.query<{ ORD_NO: number }>('SELECT ORD_NO FROM dbo.ORD_HDR');
  const [stock] = await owner.query<{ ONHAND: number; ALLOC: number }>(
    `SELECT QTY_ON_HAND AS ONHAND, QTY_ALLOC AS ALLOC FROM dbo.STOCK WHERE PROD_CODE = '${sku}' AND BRANCH_NO = 1`,
  );
  const [sold] = await owner.query<{ QTY: number }>('SELECT COALESCE(SUM(QTY), 0) AS QTY FROM dbo.ORD_LINE');
  const byKey = new Map(commands.map((row) => [row.IDEMPOTENCY_KEY, row]));
  const taken = commands.filter((row) => row.REFUSAL === null);
  expect('keys that stand twice', commands.length - byKey.size, 0);
  expect('orders against commands that took effect', orders.length, taken.length);
  expect('order numbers used twice', new Set(taken.map((row) => row.ORDER_ID)).size, taken.length);
  expect('pieces promised against pieces in orders', stock?.ALLOC, sold?.QTY);
  expect('pieces on hand', stock?.ONHAND, pieces);
  if ((sold?.QTY ?? 0) > pieces) faults.push(`sold ${sold?.QTY} of ${pieces}`);
  for (const [key, ending] of endings) {
    const row = byKey.get(key);
    if (ending.kind === 'accepted') expect(`answer of ${key}`, row?.RESULT, ending.body);
    if (ending.kind === 'refused') expect(`order of the refused ${key}`, row?.ORDER_ID ?? null, null);
  }
  return { faults, orders: orders.length };
}
