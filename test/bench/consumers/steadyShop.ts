import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { BRANCHES, PRODUCTS, skuOf } from '#test/reliability/readModels/shopTables.ts';

/** Transactions a second: each changes as many rows as the rate asks for. */
const TRANSACTIONS = 25;

/** Changes rows at a steady rate, half of them products, half stock levels, until the signal fires; gives how many rows were changed. */
export async function steadyChanges(db: Database, perSecond: number, signal: AbortSignal): Promise<number> {
  const rows = Math.max(2, Math.round(perSecond / TRANSACTIONS));
  const startedMs = performance.now();
  let [changed, seq] = [0, 0];
  while (!signal.aborted) {
    await db.batch(`BEGIN TRANSACTION;\n${changeOf(rows, ++seq)}\nCOMMIT TRANSACTION;`);
    changed += rows;
    const aheadMs = (changed / perSecond) * 1000 - (performance.now() - startedMs);
    if (aheadMs > 0) await delay(aheadMs, undefined, { signal }).catch(() => undefined);
  }
  return changed;
}

function changeOf(rows: number, seq: number): string {
  const half = rows >> 1;
  const codes = (from: number, count: number): string =>
    Array.from({ length: count }, (_, i) => `'${skuOf((from + i * 7) % PRODUCTS)}'`).join(', ');
  return `UPDATE dbo.PRODUCT SET SEQ = SEQ + 1, NAME = 'Thing at ${seq}' WHERE CODE IN (${codes(seq * 13, half)});
UPDATE dbo.STOCK SET QTY = QTY + 1 WHERE BRANCH = ${seq % BRANCHES} AND CODE IN (${codes(seq * 31, rows - half)});`;
}
