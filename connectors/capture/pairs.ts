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
}

/**
 * Puts the two rows of an update together. Feed rows in the total order, page after page: the old half of an update may end one page and
 * the new half begin the next.
 */
export class PairJoiner {
  readonly #table: string;
  readonly #keyColumns: readonly string[];
  #old: ChangeRow | null = null;

  constructor(table: string, keyColumns: readonly string[]) {
    this.#table = table;
    this.#keyColumns = keyColumns;
  }

  /** True between the halves of an update. */
  get open(): boolean {
    return this.#old !== null;
  }

  /** The changes that are complete with this row: none after the old half of an update, two after a key update. */
  push(row: ChangeRow): JoinedChange[] {
    const old = this.#old;
    this.#old = null;
    if (old && (row.operation !== 4 || !sameChange(old, row))) throw this.#broken(old);
    switch (row.operation) {
      case 1:
        return [joined(row, 1, 'd', row.image, null)];
      case 2:
        return [joined(row, 2, 'c', null, row.image)];
      case 3:
        this.#old = row;
        return [];
      case 4:
        if (!old) throw this.#broken(row);
        if (!this.#sameKey(old.image, row.image)) {
          const deleted = joined(row, 1, 'd', old.image, null);
          const created = joined(row, 2, 'c', null, row.image);
          return [
            { ...deleted, resumeAt: null },
            { ...created, resumeAt: position({ ...row, op: 4 }) },
          ];
        }
        return [joined(row, 4, 'u', old.image, row.image)];
      default:
        throw this.#broken(row);
    }
  }

  /** Call when there are no more rows. @throws SluiceError CDC_PAIR_BROKEN when half an update is left */
  end(): void {
    if (this.#old) throw this.#broken(this.#old);
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

function sameChange(a: ChangeRow, b: ChangeRow): boolean {
  return a.commitLsn === b.commitLsn && a.changeLsn === b.changeLsn && a.commandId === b.commandId;
}

function sameValue(a: unknown, b: unknown): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;
}
