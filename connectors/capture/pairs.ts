import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type Position, position } from './position.ts';
import type { Row } from './types.ts';

/** One row of a change table, decoded. `operation`: 1 delete, 2 insert, 3 update old, 4 update new. */
export interface ChangeRow {
  readonly commitLsn: Lsn;
  readonly commandId: number;
  readonly changeLsn: Lsn;
  readonly operation: number;
  readonly image: Row;
}

/** What both changes of a key update say of each other. */
export interface KeyMove {
  /** The row after, on the delete; the row before, on the create. */
  readonly other: Row;
  /** How the server logged it: as an update, or as a delete and an insert with one change LSN. */
  readonly logged: 'update' | 'replacement';
}

/** A change with its images together. An update of the key comes as a delete and a create. */
export interface JoinedChange {
  readonly op: 'c' | 'u' | 'd';
  readonly before: Row | null;
  readonly after: Row | null;
  readonly position: Position;
  readonly commitLsn: Lsn;
  readonly changeLsn: Lsn;
  /** Where reading goes on after this change; null when the next one belongs to the same row of the change table. */
  readonly resumeAt: Position | null;
  /** Set on both changes of a key update. */
  readonly moved?: KeyMove;
}

/**
 * Puts the two rows of an update together, and the delete and the insert of a key update: SQL Server logs that as operations 1 and 2 with
 * one change LSN. Feed rows in the total order, page after page: the first half may end one page and the second begin the next.
 */
export class PairJoiner {
  readonly #table: string;
  readonly #keyColumns: readonly string[];
  /** The old half of an update, or a delete that may be the first half of a key update. */
  #old: ChangeRow | null = null;

  constructor(table: string, keyColumns: readonly string[]) {
    this.#table = table;
    this.#keyColumns = keyColumns;
  }

  /** The changes that are complete with this row: none after a first half, two after a key update or a delete that stands alone. */
  push(row: ChangeRow): JoinedChange[] {
    const old = this.#old;
    this.#old = null;
    if (old?.operation === 3 && (row.operation !== 4 || !sameChange(old, row))) throw this.#broken(old);
    if (old?.operation === 1) {
      if (row.operation === 2 && sameLog(old, row) && !this.#sameKey(old.image, row.image))
        return moved(old, row, 'replacement');
      return [joined(old, 1, 'd', old.image, null), ...this.push(row)];
    }
    switch (row.operation) {
      case 1:
      case 3:
        this.#old = row;
        return [];
      case 2:
        return [joined(row, 2, 'c', null, row.image)];
      case 4:
        if (!old) throw this.#broken(row);
        if (!this.#sameKey(old.image, row.image)) return moved(old, row, 'update');
        return [joined(row, 4, 'u', old.image, row.image)];
      default:
        throw this.#broken(row);
    }
  }

  /** What is left when there are no more rows: a last delete. @throws SluiceError CDC_PAIR_BROKEN when half an update is left */
  end(): JoinedChange[] {
    const old = this.#old;
    this.#old = null;
    if (!old) return [];
    if (old.operation === 3) throw this.#broken(old);
    return [joined(old, 1, 'd', old.image, null)];
  }

  #sameKey(a: Row, b: Row): boolean {
    return this.#keyColumns.every((column) => sameValue(a[column], b[column]));
  }

  #broken(row: ChangeRow): SluiceError {
    return new SluiceError(
      'CDC_PAIR_BROKEN',
      `The change table of ${this.#table} holds half of the update at ${row.commitLsn}`,
      {
        context: { table: this.#table, commitLsn: row.commitLsn, changeLsn: row.changeLsn, operation: row.operation },
      },
    );
  }
}

function joined(
  row: ChangeRow,
  op: number,
  kind: JoinedChange['op'],
  before: Row | null,
  after: Row | null,
): JoinedChange {
  const { commitLsn, commandId, changeLsn } = row;
  const at = position({ commitLsn, commandId, changeLsn, op });
  return { op: kind, before, after, commitLsn, changeLsn, position: at, resumeAt: at };
}

/** The two changes of a key update. They are written together: reading never goes on between them. */
function moved(old: ChangeRow, row: ChangeRow, logged: KeyMove['logged']): JoinedChange[] {
  const deleted = joined(old, 1, 'd', old.image, null);
  const created = joined(row, 2, 'c', null, row.image);
  return [
    { ...deleted, resumeAt: null, moved: { other: row.image, logged } },
    { ...created, resumeAt: position({ ...row, op: row.operation }), moved: { other: old.image, logged } },
  ];
}

function sameLog(a: ChangeRow, b: ChangeRow): boolean {
  return a.commitLsn === b.commitLsn && a.changeLsn === b.changeLsn;
}

function sameChange(a: ChangeRow, b: ChangeRow): boolean {
  return a.commitLsn === b.commitLsn && a.changeLsn === b.changeLsn && a.commandId === b.commandId;
}

function sameValue(a: unknown, b: unknown): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;
}
