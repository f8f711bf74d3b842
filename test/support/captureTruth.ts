import { expect } from 'vitest';
import type { CaptureEnvironment } from './captureEnvironment.ts';
import { CAPTURE_SHOP_TABLES } from './captureShop.ts';
import { type DecodedRecord, historyByKey, readHistory } from './topicHistory.ts';

/** What the topics of the little shop must hold, compared with the source. */

export const shopTopic = (prefix: string, table: string): string => `${prefix}.SHOP.${table}`;

/** Adds a row to the quiet table; its key tells it from all others. */
export async function addQuiet(env: CaptureEnvironment): Promise<number> {
  const id = Math.floor(Math.random() * 2 ** 31);
  await env.shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${id})`);
  return id;
}

/** Position of the change that made one of these rows; fails while there is none. */
export async function createdQuiet(
  env: CaptureEnvironment,
  prefix: string,
  ids: ReadonlySet<unknown>,
): Promise<string> {
  const records = await readHistory(env.kafka, env.decoder, shopTopic(prefix, 'dbo.QUIET'));
  const found = records.find((r) => r.envelope?.op === 'c' && ids.has(r.key['ID']));
  expect(found).toBeDefined();
  return found!.position;
}

/** Positions of every change of the table, from its change table, in order. */
async function sourceChanges(env: CaptureEnvironment, table: string): Promise<string[]> {
  const rows = await env.shop.rows(
    `SELECT c.[__$start_lsn], c.[__$command_id], c.[__$seqval], c.[__$operation] FROM cdc.[${table.replace('.', '_')}_CT] AS c WHERE c.[__$operation] <> 3`,
  );
  const hex = (value: unknown): string => (value as Buffer).toString('hex');
  return rows
    .map(([lsn, command, seq, op]) => `${hex(lsn)}${(command as number).toString(16).padStart(8, '0')}${hex(seq)}${op}`)
    .sort();
}

/**
 * After this position each change stands in the topics exactly once, and per key everything goes forward only. `readOnce`: and no row was read
 * by a snapshot a second time.
 */
export async function expectExactHistory(
  env: CaptureEnvironment,
  prefix: string,
  since: string,
  { readOnce = false } = {},
): Promise<void> {
  for (const table of CAPTURE_SHOP_TABLES) {
    const records = await readHistory(env.kafka, env.decoder, shopTopic(prefix, table));
    const changes = records.filter((r) => r.envelope && r.envelope.op !== 'r').map((r) => r.position);
    expect(new Set(changes).size, `${table}: nothing twice`).toBe(changes.length);
    const later = changes.filter((p) => p > since).sort();
    expect(later, `${table}: nothing missing`).toEqual((await sourceChanges(env, table)).filter((p) => p > since));
    for (const [key, list] of historyByKey(records)) {
      const positions = list.map((r) => r.position);
      expect(positions, `${table} ${key}: forward only`).toEqual([...positions].sort());
      if (readOnce)
        expect(list.filter((r) => r.envelope?.op === 'r').length, `${table} ${key}: read once`).toBeLessThanOrEqual(1);
    }
  }
}

/** The last state of each row of STOCK is the source's. */
export async function expectSameStock(env: CaptureEnvironment, prefix: string): Promise<void> {
  const rows = await env.shop.rows('SELECT s.CODE, s.PLACE, s.QTY FROM dbo.STOCK AS s');
  const expected = new Map(rows.map(([code, place, qty]) => [`${code}/${place}`, qty]));
  const found = stockOf(await readHistory(env.kafka, env.decoder, shopTopic(prefix, 'dbo.STOCK')));
  expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
}

function stockOf(records: readonly DecodedRecord[]): Map<string, unknown> {
  const stock = new Map<string, unknown>();
  for (const { key, envelope } of records) {
    const id = `${key['CODE']}/${key['PLACE']}`;
    if (envelope?.after) stock.set(id, envelope.after['QTY']);
    else stock.delete(id);
  }
  return stock;
}
