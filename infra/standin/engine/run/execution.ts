import { sqlError } from '../../sql/errors.ts';
import type { Env } from '../../sql/exprTypes.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { Transaction } from '../../store/transaction.ts';
import { emptyCopy } from '../ddl/storeTable.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Unit } from './planCache.ts';
import type { SessionState } from './sessionState.ts';
import type { StatementState } from './statementState.ts';

/** A declared variable. */
export interface Variable {
  readonly type: SqlType;
  value: SqlValue;
  /** The rows of a table variable. */
  readonly table: TableObject | null;
}

/** The module an execution runs: a procedure, trigger or function. Null for batches. */
export interface RunningModule {
  readonly name: string;
  readonly schema: string;
  readonly id: number;
  /** Whose objects it may use without asking (ownership chaining); null when the chain is broken (dynamic SQL). */
  readonly owner: string | null;
  readonly database: Database;
  /** Where its statements look names up; null for dynamic SQL, which follows the session. */
  readonly lookupDatabase: Database | null;
}

/** One activation of a batch, dynamic batch, procedure, function or trigger: its variables and what it is running. */
export class Execution implements Env {
  readonly session: SessionState;
  readonly module: RunningModule | null;
  readonly unit: Unit;
  readonly variables = new Map<string, Variable>();
  /** @@NESTLEVEL */
  readonly nestLevel: number;
  statement!: StatementState;
  /** Rows of running recursive common table expressions. */
  readonly recursion = new Map<object, readonly RowData[]>();
  /** SCOPE_IDENTITY() */
  scopeIdentity: bigint | null = null;
  /** Columns an UPDATE changed, inside its trigger. */
  updatedColumns: ReadonlySet<number> | null = null;
  /** inserted and deleted, inside a trigger. */
  pseudoTables: ReadonlyMap<string, TableObject> = new Map();
  triggerTable: TableObject | null = null;
  /** TRIGGER_NESTLEVEL(): triggers around the running statement. */
  triggerLevel = 0;
  nowMs = 0;
  /** Type of RETURN inside a scalar function; null elsewhere. */
  returnType: SqlType | null = null;
  /** Runs a function: statements inside belong to the statement that called it and may not wait by themselves. */
  inFunction = false;
  /** The transaction of the statement that fired the trigger or called the function, in autocommit mode. */
  borrowed: Transaction | null = null;

  constructor(options: {
    readonly session: SessionState;
    readonly module: RunningModule | null;
    readonly unit: Unit;
    readonly nestLevel: number;
  }) {
    this.session = options.session;
    this.module = options.module;
    this.unit = options.unit;
    this.nestLevel = options.nestLevel;
    this.nowMs = options.session.server.preciseNowMs();
  }

  /** Where names are looked up: the module's database, or the session's, which USE changes. */
  get database(): Database {
    return this.module?.lookupDatabase ?? this.session.database;
  }

  /** A declared variable of this run: made when it is first used, since T-SQL knows it from its declaration on whichever way control went. */
  variable(name: string): Variable {
    let variable = this.variables.get(name);
    if (!variable) {
      const declared = this.unit.declared.get(name);
      if (!declared) throw sqlError(137, name);
      variable =
        declared.k === 'scalar'
          ? { type: declared.type, value: null, table: null }
          : { type: { k: 'int' }, value: null, table: emptyCopy(declared.pattern, this.nowMs) };
      this.variables.set(name, variable);
    }
    return variable;
  }

  get utcOffsetMinutes(): number {
    return 0;
  }

  get dateFirst(): number {
    return this.session.options.dateFirst;
  }

  get dateFormat(): string {
    return this.session.options.dateFormat;
  }
}
