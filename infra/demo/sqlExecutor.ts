/** What a statement of the demo may carry as a parameter. Money and decimals go as text, so that they stay exact. */
export type SqlParam = string | number | boolean | null;

/**
 * The demo's view of a database connection: it plays the legacy system, so it may write tables. The real one is made from
 * connectors/sqlserver by whoever composes the demo; tests use a fake.
 */
export interface SqlExecutor {
  /**
   * Runs one parameterised batch (parameters are `@name` in the text) and returns the rows of its last result set, or none.
   * Rejects with an error whose `number` is SQL Server's error number when the server refuses.
   */
  query<Row extends Readonly<Record<string, unknown>>>(
    text: string,
    params?: Readonly<Record<string, SqlParam>>,
  ): Promise<readonly Row[]>;
}

/** SQL Server's error number in an error of the driver or of ours, however deep in the cause chain. */
export function sqlErrorNumber(error: unknown): number | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('number' in e && typeof e.number === 'number') return e.number;
    if ('context' in e && typeof e.context === 'object' && e.context !== null) {
      const context = e.context as Record<string, unknown>;
      for (const key of ['number', 'sqlErrorNumber']) {
        const value = context[key];
        if (typeof value === 'number') return value;
      }
    }
  }
  return undefined;
}
