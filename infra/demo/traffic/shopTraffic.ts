import type { Random } from '../random.ts';
import type { SqlExecutor } from '../sqlExecutor.ts';

/** What one action did. `changes` counts row versions that CDC will show; 0 means that there was nothing to do (for example no stock). */
export interface ActionResult {
  readonly changes: number;
}

/** One kind of thing that happens in a shop: a sale, a delivery, a price change. Runs as one transaction. */
export interface TrafficAction {
  readonly name: string;
  /** How often it happens, relative to the others. */
  readonly weight: number;
  run(executor: SqlExecutor, random: Random): Promise<ActionResult>;
}

/** Everything that happens in one of the demo's shops. */
export interface ShopTraffic {
  /** Reads what the actions need to know (codes of products, branches, departments). */
  prepare(executor: SqlExecutor): Promise<readonly TrafficAction[]>;
}

/** Runs one batch that ends in `SELECT … AS changes`. The batch opens and closes its own transaction. */
export async function runAction(
  executor: SqlExecutor,
  text: string,
  params: Readonly<Record<string, string | number | null>>,
): Promise<ActionResult> {
  const [row] = await executor.query<{ changes: number }>(text, params);
  return { changes: Number(row?.changes ?? 0) };
}

/** Wraps statements into one transaction that is rolled back whole on any error; `@changes` counts the row versions made. */
export function transaction(body: string): string {
  return `SET NOCOUNT ON; SET XACT_ABORT ON;
DECLARE @changes int = 0;
BEGIN TRANSACTION;
${body}
COMMIT TRANSACTION;
SELECT @changes AS changes;`;
}
