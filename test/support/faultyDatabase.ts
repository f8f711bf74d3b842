import type { Database } from '#connectors/sqlserver/connection.ts';
import { toSqlError } from '#connectors/sqlserver/sqlErrors.ts';

/** A moment at which everything ends: before the n-th call is sent, or after the database has done it and before the answer is heard. */
export interface FaultPoint {
  /** Counts from 1. */
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Never answers again once its fault point is reached, as for a process that was killed there. */
export class FaultyDatabase implements Pick<Database, 'execute'> {
  /** Calls made until now. */
  calls = 0;
  readonly #database: Pick<Database, 'execute'>;
  readonly #fault: FaultPoint | undefined;

  constructor(database: Pick<Database, 'execute'>, fault?: FaultPoint) {
    this.#database = database;
    this.#fault = fault;
  }

  get isDead(): boolean {
    return this.#fault !== undefined && this.calls >= this.#fault.call;
  }

  execute: Database['execute'] = async (...call) => {
    this.calls++;
    if (this.#fault !== undefined && this.calls > this.#fault.call) throw broken();
    const isHere = this.calls === this.#fault?.call;
    if (isHere && this.#fault?.when === 'before') throw broken();
    const result = await this.#database.execute(...call);
    if (isHere) throw broken();
    return result;
  };
}

/** What the driver says when the connection goes in the middle of a call. */
function broken(): Error {
  return toSqlError(Object.assign(new Error('connection lost'), { name: 'RequestError', code: 'ESOCKET' }), 'test');
}
