import { isDeepStrictEqual } from 'node:util';
import type { Database } from '#connectors/sqlserver/connection.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import {
  storedDocuments,
  storedLevels,
  storedListEntries,
  storedOrderLines,
  storedOrders,
} from '#test/support/consumers/storedCopies.ts';
import type { MarkedProduct } from './shop.config.ts';

/**
 * What the copies of a quiet source must hold, worked out from plain SELECTs and nothing of ours, beside what they do hold; one line for each
 * thing that differs.
 */
export async function judgeCopies(db: Database, config: Config, version: number): Promise<string[]> {
  const [definition] = config.catalog.documents;
  return [
    ...differing(
      'product',
      await expectedProducts(db, version),
      await collected(storedDocuments(definition!, config.elasticsearch), ({ id, document }) => [
        id,
        inOrder(document as MarkedProduct),
      ]),
    ),
    ...differing(
      'stock',
      await expectedStock(db),
      await collected(storedLevels(config.redis), ({ sku, location, onHand }) => [`${sku} at ${location}`, onHand]),
    ),
    ...differing(
      'order',
      await expectedOrders(db),
      await collected(storedOrders(config.redis), ({ orderId, customerId, status, total }) => [
        orderId,
        { customerId, status, total },
      ]),
    ),
    ...differing(
      'order line',
      await expectedLines(db),
      await collected(storedOrderLines(config.redis), ({ orderId, lineId, sku, quantity }) => [
        `${orderId}/${lineId}`,
        { sku, quantity },
      ]),
    ),
    ...differing(
      "customer's list",
      await expectedLists(db),
      await collected(storedListEntries(config.redis), ({ customerId, member }) => [
        `${customerId}: ${member.split('\t').at(-1)}`,
        true,
      ]),
    ),
  ];
}

async function expectedProducts(db: Database, shape: number): Promise<Map<string, unknown>> {
  const rows = await db.query<{
    CODE: string;
    NAME: string;
    LONG_DESC: string | null;
    CAT: string | null;
    SEQ: number;
    CATSEQ: number | null;
    GRPSEQ: number | null;
  }>(
    `SELECT p.CODE, p.NAME, p.LONG_DESC, c.CAT, p.SEQ, c.SEQ AS CATSEQ, g.SEQ AS GRPSEQ FROM dbo.PRODUCT AS p
     LEFT JOIN dbo.CATEGORY AS c ON c.CAT = p.CAT LEFT JOIN dbo.CAT_GROUP AS g ON g.GRP = c.GRP WHERE p.LIVE = 'Y'`,
  );
  const barcodes = new Map<string, string[]>();
  for (const { BARCODE, CODE } of await db.query<{ BARCODE: string; CODE: string }>(
    'SELECT BARCODE, CODE FROM dbo.BARCODE',
  ))
    barcodes.set(CODE.trim(), [...(barcodes.get(CODE.trim()) ?? []), BARCODE]);
  return new Map(
    rows.map((row) => {
      const sku = row.CODE.trim();
      const product: MarkedProduct = {
        sku,
        name: row.NAME,
        seq: row.SEQ,
        category: row.CAT?.trim() ?? null,
        categorySeq: row.CATSEQ,
        groupSeq: row.GRPSEQ,
        description: row.LONG_DESC,
        barcodes: barcodes.get(sku) ?? [],
        shape,
      };
      return [sku, inOrder(product)];
    }),
  );
}

async function expectedStock(db: Database): Promise<Map<string, unknown>> {
  const rows = await db.query<{ CODE: string; BRANCH: number; QTY: number }>('SELECT CODE, BRANCH, QTY FROM dbo.STOCK');
  return new Map(rows.map(({ CODE, BRANCH, QTY }) => [`${CODE.trim()} at ${BRANCH}`, QTY]));
}

const WORDS: Readonly<Record<string, string>> = { N: 'new', P: 'picking', S: 'shipped' };

async function expectedOrders(db: Database): Promise<Map<string, unknown>> {
  const rows = await db.query<{ ORD_NO: number; CUST: number; STATUS: string; TOTAL: string }>(
    'SELECT ORD_NO, CUST, STATUS, CONVERT(varchar(20), TOTAL) AS TOTAL FROM dbo.ORD',
  );
  return new Map(
    rows.map(({ ORD_NO, CUST, STATUS, TOTAL }) => [
      String(ORD_NO),
      { customerId: String(CUST), status: WORDS[STATUS], total: TOTAL },
    ]),
  );
}

async function expectedLines(db: Database): Promise<Map<string, unknown>> {
  const rows = await db.query<{ ORD_NO: number; LINE_NO: number; CODE: string; QTY: number }>(
    'SELECT ORD_NO, LINE_NO, CODE, QTY FROM dbo.ORD_LINE',
  );
  return new Map(
    rows.map(({ ORD_NO, LINE_NO, CODE, QTY }) => [`${ORD_NO}/${LINE_NO}`, { sku: CODE.trim(), quantity: QTY }]),
  );
}

async function expectedLists(db: Database): Promise<Map<string, unknown>> {
  const rows = await db.query<{ ORD_NO: number; CUST: number }>('SELECT ORD_NO, CUST FROM dbo.ORD');
  return new Map(rows.map(({ ORD_NO, CUST }) => [`${CUST}: ${ORD_NO}`, true]));
}

/** Rows joined as `many` have no order of their own. */
function inOrder(product: MarkedProduct): MarkedProduct {
  return { ...product, barcodes: product.barcodes.toSorted() };
}

async function collected<T>(
  items: AsyncIterable<T>,
  entry: (item: T) => [string, unknown],
): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const item of items) found.set(...entry(item));
  return found;
}

function differing(
  what: string,
  expected: ReadonlyMap<string, unknown>,
  actual: ReadonlyMap<string, unknown>,
): string[] {
  const lines: string[] = [];
  for (const [id, value] of expected) {
    if (!actual.has(id)) lines.push(`${what} ${id} is missing`);
    else if (!isDeepStrictEqual(value, actual.get(id))) lines.push(`${what} ${id}: ${fieldsOf(value, actual.get(id))}`);
  }
  for (const id of actual.keys()) if (!expected.has(id)) lines.push(`${what} ${id} is not in the source`);
  return lines;
}

function fieldsOf(expected: unknown, actual: unknown): string {
  if (typeof expected !== 'object' || typeof actual !== 'object') return `${actual} instead of ${expected}`;
  const [wanted, found] = [expected, actual] as [Record<string, unknown>, Record<string, unknown>];
  return Object.keys(wanted)
    .filter((name) => !isDeepStrictEqual(wanted[name], found[name]))
    .map((name) => `${name} ${JSON.stringify(found[name])} instead of ${JSON.stringify(wanted[name])}`)
    .join(', ');
}
