import type { CaptureInstance } from '../../cdc/captureInstance.ts';
import type { ReferentialAction, TriggerDefinition } from '../../sql/astDdl.ts';
import type { Table } from '../../store/table.ts';
import type { TableIndex } from '../../store/tableTypes.ts';
import type { CheckConstraint, Column } from './columns.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

/** A PRIMARY KEY or UNIQUE constraint; its index has the same name. */
export interface KeyConstraint {
  readonly id: number;
  readonly name: string;
  readonly primary: boolean;
  readonly generated: boolean;
}

/** What the catalog shows of an index beyond what the store needs. */
export interface IndexInfo {
  readonly name: string;
  readonly descending: readonly boolean[];
  readonly included: readonly number[];
}

export interface ForeignKey {
  readonly id: number;
  readonly name: string;
  readonly table: TableObject;
  /** Positions in `table` and, pairwise, in `parent`. */
  readonly columns: readonly number[];
  readonly parent: TableObject;
  readonly parentColumns: readonly number[];
  /** Name of the parent's unique index that covers `parentColumns`. */
  readonly parentIndex: string;
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  enabled: boolean;
  trusted: boolean;
}

export interface Trigger {
  readonly kind: 'trigger';
  readonly id: number;
  readonly schema: Schema;
  readonly name: string;
  readonly definition: TriggerDefinition;
  readonly table: TableObject;
  readonly createdMs: number;
  modifiedMs: number;
  enabled: boolean;
}

/** A table of a database, a temp table, or the value of a table variable. */
export class TableObject {
  readonly kind = 'table';
  readonly id: number;
  /** The database it is in; tempdb for temp tables and table variables. */
  readonly database: Database;
  schema: Schema;
  name: string;
  columns: Column[];
  readonly data: Table;
  readonly createdMs: number;
  modifiedMs: number;
  /** Position of the identity column, -1 without one. */
  readonly identityAt: number;
  /** Last identity value given out; null before the first. */
  lastIdentity: bigint | null = null;
  keys: KeyConstraint[] = [];
  indexInfo = new Map<string, IndexInfo>();
  checks: CheckConstraint[] = [];
  foreignKeys: ForeignKey[] = [];
  referencedBy: ForeignKey[] = [];
  triggers: Trigger[] = [];
  captures: CaptureInstance[] = [];
  /** Table variables are not undone by ROLLBACK. */
  readonly isVariable: boolean;
  /** Commit sequence of the last change of its definition: older snapshots may not read it (3961). */
  definedAtSeq = 0;
  /** Compiled defaults, checks and computed columns; made on demand, dropped when the definition changes. */
  compiled: unknown = null;

  constructor(options: {
    readonly id: number;
    readonly database: Database;
    readonly schema: Schema;
    readonly name: string;
    readonly columns: Column[];
    readonly data: Table;
    readonly nowMs: number;
    readonly isVariable: boolean;
  }) {
    this.id = options.id;
    this.database = options.database;
    this.schema = options.schema;
    this.name = options.name;
    this.columns = options.columns;
    this.data = options.data;
    this.createdMs = options.nowMs;
    this.modifiedMs = options.nowMs;
    this.isVariable = options.isVariable;
    this.identityAt = options.columns.findIndex((column) => column.identity !== undefined);
  }

  get qualifiedName(): string {
    return `${this.schema.name}.${this.name}`;
  }

  get primaryKey(): TableIndex | undefined {
    return this.data.indexes.find((index) => index.primary);
  }

  /** Position of a column by name, -1 when there is none. */
  columnAt(name: string): number {
    const wanted = name.toLowerCase();
    return this.columns.findIndex((column) => !column.dropped && column.name.toLowerCase() === wanted);
  }

  /** The next identity value; consumed even if the statement fails. */
  nextIdentity(): bigint {
    const { seed, increment } = this.columns[this.identityAt]!.identity!;
    this.lastIdentity = this.lastIdentity === null ? seed : this.lastIdentity + increment;
    return this.lastIdentity;
  }

  /** An explicit identity value moves the counter when it lies beyond it. */
  noteIdentity(value: bigint): void {
    const { seed, increment } = this.columns[this.identityAt]!.identity!;
    const last = this.lastIdentity ?? seed - increment;
    if (increment > 0n ? value > last : value < last) this.lastIdentity = value;
  }
}
