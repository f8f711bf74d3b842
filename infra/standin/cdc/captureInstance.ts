import { convert } from '../sql/convert.ts';
import type { SqlType, SqlValue } from '../sql/values.ts';
import type { Change } from '../store/log.ts';
import type { RowData } from '../store/row.ts';
import { ChangeList } from './changeList.ts';
import { lsnBytes } from './lsn.ts';
import { changedMask, fullMask } from './updateMask.ts';

/** A column a capture instance records. */
export interface CapturedColumn {
  readonly name: string;
  /** Position in the source table's rows. */
  readonly at: number;
  /** Type in the change table: rowversion becomes binary(8). Follows ALTER COLUMN when the capture job reads it in the log. */
  type: SqlType;
  typeName: string;
  readonly computed: boolean;
  /** The source column was dropped at this place in the log: NULL in later commits. */
  droppedFrom: number | null;
  /** The changes of type the change table has followed, oldest first: values of commits before a place were converted there. */
  retyped: readonly { readonly lsn: number; readonly from: SqlType; readonly to: SqlType }[];
}

/** A row of the change table: five system columns, the captured ones, `__$command_id`. */
export type ChangeRow = RowData;

/** Columns in front of the captured ones: start_lsn, end_lsn, seqval, operation, update_mask. */
export const SYSTEM_COLUMNS = 5;

const LOB_KINDS: ReadonlySet<string> = new Set(['text', 'ntext', 'image']);

function isOldLob(type: SqlType): boolean {
  return LOB_KINDS.has(type.k);
}

function isMaxType(type: SqlType): boolean {
  return type.k === 'xml' || ('n' in type && type.n < 0);
}

/** What a capture instance is made of. */
export interface CaptureDefinition {
  /** Object id of the change table. */
  readonly objectId: number;
  readonly name: string;
  /** Object id of the source table. */
  readonly sourceId: number;
  readonly columns: readonly CapturedColumn[];
  readonly supportsNetChanges: boolean;
  readonly roleName: string | null;
  readonly indexName: string | null;
  /** Positions among `columns` of the index that identifies rows; empty without one. */
  readonly keyOrdinals: readonly number[];
  readonly createdMs: number;
  readonly partitionSwitch: boolean;
  /** Lowest place of which changes are still promised. */
  readonly startLsn: number;
}

/** What CDC keeps for one tracked table: which columns, since when, and the changes themselves (as references to the row data). */
export class CaptureInstance implements CaptureDefinition {
  readonly objectId: number;
  readonly name: string;
  readonly sourceId: number;
  readonly columns: readonly CapturedColumn[];
  readonly supportsNetChanges: boolean;
  readonly roleName: string | null;
  readonly indexName: string | null;
  readonly keyOrdinals: readonly number[];
  readonly createdMs: number;
  readonly partitionSwitch: boolean;
  startLsn: number;
  /** False until the capture job has passed the place where the table was enabled. */
  ready = false;
  readonly changes = new ChangeList();

  constructor(options: CaptureDefinition) {
    this.objectId = options.objectId;
    this.name = options.name;
    this.sourceId = options.sourceId;
    this.columns = options.columns;
    this.supportsNetChanges = options.supportsNetChanges;
    this.roleName = options.roleName;
    this.indexName = options.indexName;
    this.keyOrdinals = options.keyOrdinals;
    this.createdMs = options.createdMs;
    this.partitionSwitch = options.partitionSwitch;
    this.startLsn = options.startLsn;
  }

  /** The change table's rows for a change: one, or the old and new image of an update. */
  rowsOf(change: Change, commitLsn: number): ChangeRow[] {
    const start = lsnBytes(commitLsn);
    const sequence = lsnBytes(change.lsn);
    if (change.op === 4) {
      const mask = changedMask(this.columns, change.before!, change.after!);
      return [
        this.#row([start, null, sequence, 3, mask], commitLsn, change.before!, change),
        this.#row([start, null, sequence, 4, mask], commitLsn, change.after!, change),
      ];
    }
    const data = (change.after ?? change.before)!;
    return [this.#row([start, null, sequence, change.op, fullMask(this.columns.length)], commitLsn, data, change)];
  }

  #row(system: ChangeRow, commitLsn: number, data: RowData, change: Change): ChangeRow {
    const row = system;
    const op = system[3] as 1 | 2 | 3 | 4;
    const mask = system[4] as Buffer;
    for (let i = 0; i < this.columns.length; i++) {
      const column = this.columns[i]!;
      const gone = column.droppedFrom !== null && commitLsn >= column.droppedFrom;
      const hidden = gone || this.#hidden(column, i, op, mask);
      row.push(hidden ? null : stored(column, data[column.at] ?? null, commitLsn));
    }
    row.push(change.commandId);
    return row;
  }

  /** Computed columns are never recorded; large values only where the log record holds them (sql-docs: cdc.<instance>_CT). */
  #hidden(column: CapturedColumn, at: number, op: 1 | 2 | 3 | 4, mask: Buffer): boolean {
    if (column.computed) return true;
    if (op === 2) return false;
    const old = isOldLob(column.type);
    if (!old && !isMaxType(column.type)) return false;
    if (op === 1) return old;
    const changed = (mask[mask.length - 1 - (at >> 3)]! & (1 << (at & 7))) !== 0;
    return !changed || (old && op === 3);
  }
}

/** A value as the change table holds it after the changes of type it has followed since. */
function stored(column: CapturedColumn, value: SqlValue, commitLsn: number): SqlValue {
  let converted = value;
  for (const { lsn, from, to } of column.retyped) if (commitLsn < lsn) converted = convert(converted, from, to);
  return converted;
}
