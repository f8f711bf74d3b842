import type sql from 'mssql';

/** A value as cases write it: binary as '0x0A', dates as ISO text, bigint as text (as the driver gives it). */
export type Cell = string | number | boolean | null;

export interface ServerError {
  readonly number: number;
  readonly message: string;
  readonly state: number;
  readonly severity: number;
  readonly line: number;
}

/** All that a server answered to one batch, in order per kind. */
export interface Reply {
  readonly sets: readonly (readonly (readonly Cell[])[])[];
  readonly columns: readonly (readonly string[])[];
  readonly errors: readonly ServerError[];
  /** Texts of PRINT and of messages with severity 10 and less. */
  readonly messages: readonly string[];
  readonly affected: readonly number[];
}

function cell(value: unknown): Cell {
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex').toUpperCase()}`;
  if (value instanceof Date) return value.toISOString();
  return (value ?? null) as Cell;
}

/** Sends a plain batch (not sp_executesql) and collects everything; server errors are part of the reply, not exceptions. */
export async function send(pool: sql.ConnectionPool, text: string): Promise<Reply> {
  const request = pool.request();
  request.stream = true;
  request.arrayRowMode = true;
  return collect(request, () => request.batch(text));
}

/** Collects the events of a request that was made ready to stream rows as arrays; `start` sends it. */
export async function collect(request: sql.Request, start: () => Promise<unknown>): Promise<Reply> {
  const sets: Cell[][][] = [];
  const columns: string[][] = [];
  const errors: ServerError[] = [];
  const messages: string[] = [];
  const affected: number[] = [];
  request.on('recordset', (shape: readonly { readonly name: string }[]) => {
    sets.push([]);
    columns.push(shape.map((column) => column.name));
  });
  // A row of FOR JSON comes as an object even here: the driver puts its pieces together.
  request.on('row', (row: object) => sets.at(-1)!.push(Object.values(row).map(cell)));
  request.on('rowsaffected', (count: number) => affected.push(count));
  request.on('info', (info: { readonly message: string }) => messages.push(info.message));
  request.on('error', (error: sql.RequestError & { state: number; class: number; lineNumber: number }) => {
    errors.push({
      number: error.number ?? 0,
      message: error.message,
      state: error.state,
      severity: error.class,
      line: error.lineNumber,
    });
  });
  const done = new Promise<void>((resolve) => request.once('done', () => resolve()));
  await Promise.race([
    done,
    start().then(
      () => done,
      () => done,
    ),
  ]);
  return { sets, columns, errors, messages, affected };
}
