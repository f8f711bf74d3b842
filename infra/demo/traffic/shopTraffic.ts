import type { Random } from '../random.ts';
import type { SqlExecutor } from '../sqlExecutor.ts';

/** What one action did. `changes` counts row versions that CDC will show; 0 means that there was nothing to do (for example no stock). */
export interface ActionResult {
  readonly changes: number;
  /** The order that was made, if one was. */
  readonly order?: number;
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
  const [row] = await executor.query<{ changes: number; made?: number | null }>(text, params);
  const changes = Number(row?.changes ?? 0);
  return typeof row?.made === 'number' ? { changes, order: row.made } : { changes };
}

/**
 * Wraps statements into one transaction that is rolled back whole on any error; `@changes` counts the row versions made. `made` is the
 * variable that holds the number of the order that was made.
 */
export function transaction(body: string, made?: string): string {
  return `SET NOCOUNT ON; SET XACT_ABORT ON;
DECLARE @changes int = 0;
BEGIN TRANSACTION;
${body}
COMMIT TRANSACTION;
SELECT @changes AS changes${made === undefined ? '' : `, ${made} AS made`};`;
}

/** Orders taken by this traffic that a clerk may cancel: it must leave alone those that came through the web. At most 50 are remembered. */
export class CancellableOrders {
  readonly #orders: number[] = [];

  /** Remembers the order a result tells of, and hands the result on. */
  remember(result: ActionResult): ActionResult {
    if (result.order !== undefined) this.#orders.push(result.order);
    if (this.#orders.length > 50) this.#orders.shift();
    return result;
  }

  /** The newest one: it is the least likely to be with the picker already. */
  take(): number | undefined {
    return this.#orders.pop();
  }
}
