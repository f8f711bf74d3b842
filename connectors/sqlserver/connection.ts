import sql from 'mssql';
import { SluiceError } from '#infra/runtime/errors.ts';
import { markRows, unpackRows } from './fastRows.ts';
import type { SqlParams } from './params.ts';
import { type ConnectState, type DatabaseOptions, poolConfig } from './poolConfig.ts';
import { toLoginError, toSqlError } from './sqlErrors.ts';

/** A row as an array in column order, as the driver gives the values (see columnCodec.ts for how each type must be selected). */
export type ArrayRow = readonly unknown[];

/** What can run statements: the pool, or an open transaction. Every error is a SluiceError. */
export interface Queryable {
  /** Rows of the last result set of a parameterised batch, as arrays. */
  rows(text: string, params?: SqlParams, signal?: AbortSignal): Promise<ArrayRow[]>;
  /** Every result set of a parameterised batch, in order, rows as arrays. */
  sets(text: string, params?: SqlParams, signal?: AbortSignal): Promise<ArrayRow[][]>;
  /** The same with rows as objects by column name. */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    params?: SqlParams,
    signal?: AbortSignal,
  ): Promise<Row[]>;
}

/** What a stored procedure gave back. */
export interface ProcedureResult {
  readonly returnValue: number;
  readonly recordsets: readonly (readonly Record<string, unknown>[])[];
}

export interface Database extends Queryable {
  /** `server:port/database`, for messages. */
  readonly where: string;
  /** Connections made so far: the pool replaces a lost one without a word, and the new one may lead to another server. */
  readonly connectionsOpened?: number;
  /** Calls a procedure by name. */
  execute(procedure: string, params: SqlParams, signal?: AbortSignal): Promise<ProcedureResult>;
  /** Runs `work` in a transaction under SNAPSHOT isolation that is always rolled back: it is for reads, which need no commit. */
  inSnapshot<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  /** Runs one script batch as it is (no sp_executesql), e.g. DDL. */
  batch(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a pool and proves that one connection works.
 * @throws SluiceError SQL_UNREACHABLE, SQL_LOGIN_FAILED, SQL_DATABASE_UNAVAILABLE, SQL_NOT_ENCRYPTED, SQL_CERTIFICATE_UNTRUSTED
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const where = `${options.server}:${options.port}/${options.database}`;
  const state: ConnectState = { plain: false, refusals: [], opened: 0 };
  const pool = new sql.ConnectionPool(poolConfig(options, state));
  // Broken idle connections are replaced by the pool; a running request reports its own error.
  pool.on('error', () => undefined);
  const translate = (error: unknown): SluiceError => {
    if (!state.plain) return toSqlError(error, where);
    return new SluiceError('SQL_NOT_ENCRYPTED', `${where}: expected an encrypted connection, the server offers none`, {
      cause: error,
    });
  };
  try {
    await pool.connect();
  } catch (error) {
    await pool.close().catch(() => undefined);
    throw state.plain ? translate(error) : toLoginError(error, where, state.refusals);
  }
  return new PooledDatabase(pool, where, state, translate);
}

class PooledDatabase implements Database {
  readonly where: string;
  readonly #pool: sql.ConnectionPool;
  readonly #state: ConnectState;
  readonly #translate: (error: unknown) => SluiceError;
  readonly #direct: Queryable;

  constructor(
    pool: sql.ConnectionPool,
    where: string,
    state: ConnectState,
    translate: (error: unknown) => SluiceError,
  ) {
    this.#pool = pool;
    this.#state = state;
    this.where = where;
    this.#translate = translate;
    this.#direct = queryable(() => pool.request(), translate);
  }

  get connectionsOpened(): number {
    return this.#state.opened;
  }

  rows(text: string, params?: SqlParams, signal?: AbortSignal): Promise<ArrayRow[]> {
    return this.#direct.rows(text, params, signal);
  }

  sets(text: string, params?: SqlParams, signal?: AbortSignal): Promise<ArrayRow[][]> {
    return this.#direct.sets(text, params, signal);
  }

  query<Row extends object>(text: string, params?: SqlParams, signal?: AbortSignal): Promise<Row[]> {
    return this.#direct.query<Row>(text, params, signal);
  }

  async execute(procedure: string, params: SqlParams, signal?: AbortSignal): Promise<ProcedureResult> {
    const request = withParams(this.#pool.request(), params);
    try {
      const result = await abortable(request, signal, () => request.execute(procedure));
      const recordsets = result.recordsets as unknown as Record<string, unknown>[][];
      return { returnValue: result.returnValue, recordsets };
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#translate(error);
    }
  }

  async inSnapshot<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const transaction = this.#pool.transaction();
    // The server may roll back by itself; the driver tells it as an event that must have a listener.
    transaction.on('rollback', () => undefined);
    try {
      await transaction.begin(sql.ISOLATION_LEVEL.SNAPSHOT);
    } catch (error) {
      throw this.#translate(error);
    }
    try {
      return await work(queryable(() => transaction.request(), this.#translate));
    } finally {
      await transaction.rollback().catch(() => undefined);
    }
  }

  async batch(text: string): Promise<void> {
    try {
      await this.#pool.request().batch(text);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close().catch(() => undefined);
  }
}

function queryable(newRequest: () => sql.Request, translate: (error: unknown) => SluiceError): Queryable {
  const run = async (
    asArrays: boolean,
    text: string,
    params: SqlParams,
    signal?: AbortSignal,
  ): Promise<(readonly unknown[])[]> => {
    const request = withParams(newRequest(), params);
    request.arrayRowMode = asArrays;
    try {
      const result = await abortable(request, signal, () => request.query(asArrays ? markRows(text) : text));
      const sets = result.recordsets as unknown as unknown[][][];
      return asArrays ? sets.map(unpackRows) : sets;
    } catch (error) {
      signal?.throwIfAborted();
      throw translate(error);
    }
  };
  return {
    rows: async (text, params = {}, signal) => ((await run(true, text, params, signal)).at(-1) ?? []) as ArrayRow[],
    sets: (text, params = {}, signal) => run(true, text, params, signal) as Promise<ArrayRow[][]>,
    query: async <Row extends object>(text: string, params: SqlParams = {}, signal?: AbortSignal) =>
      ((await run(false, text, params, signal)).at(-1) ?? []) as Row[],
  };
}

function withParams(request: sql.Request, params: SqlParams): sql.Request {
  for (const [name, { type, value }] of Object.entries(params)) request.input(name, type as () => sql.ISqlType, value);
  return request;
}

/** Sends the server an attention when the signal fires. */
async function abortable<T>(request: sql.Request, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!signal) return work();
  signal.throwIfAborted();
  const onAbort = (): void => request.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
