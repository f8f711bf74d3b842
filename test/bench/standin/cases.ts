import type { BenchShop } from './shop.ts';

/** Something timed: `run` does it `count` times against one server. Short, because the servers take turns run by run. */
export interface BenchCase {
  readonly name: string;
  /** What is counted. */
  readonly unit: string;
  readonly count: number;
  /** One run takes seconds: it needs neither as many runs nor as much warming up. */
  readonly long?: boolean;
  run(shop: BenchShop): Promise<void>;
}

const SCAN_ROWS = 300_000;
const SET_ROWS = 1000;

/** Makes the rows that the scan reads. */
export async function fill(shop: BenchShop): Promise<void> {
  for (let i = 0; i < SCAN_ROWS; i += SET_ROWS) await shop.insertSet('FACT', SET_ROWS);
}

export const CASES: readonly BenchCase[] = [
  repeated('point insert, 1 connection', 'row', 400, 1, (shop) => shop.insertPerson()),
  repeated('point insert, 8 connections', 'row', 800, 8, (shop) => shop.insertPerson()),
  repeated('point select, 1 connection', 'row', 400, 1, (shop) => shop.selectPerson()),
  {
    name: 'set insert, 1,000 rows a call, captured',
    unit: 'row',
    count: 15 * SET_ROWS,
    async run(shop) {
      for (let i = 0; i < 15; i++) await shop.insertSet('FEED', SET_ROWS);
    },
  },
  repeated('order procedure, 1 connection', 'call', 200, 1, (shop) => shop.addSale()),
  repeated('order procedure, 4 connections', 'call', 400, 4, (shop) => shop.addSale()),
  {
    name: 'full scan, streamed',
    unit: 'row',
    count: SCAN_ROWS,
    long: true,
    async run(shop) {
      const rows = await shop.stream('SELECT * FROM dbo.FACT ORDER BY ID');
      if (rows !== SCAN_ROWS) throw new Error(`the scan returned ${rows} rows of ${SCAN_ROWS}`);
    },
  },
];

/** A request made `count` times by `connections` callers, each waiting for its reply before the next. */
function repeated(
  name: string,
  unit: string,
  count: number,
  connections: number,
  request: (shop: BenchShop) => Promise<void>,
): BenchCase {
  const run = async (shop: BenchShop): Promise<void> => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await request(shop);
    };
    await Promise.all(Array.from({ length: connections }, caller));
  };
  return { name, unit, count, run };
}
