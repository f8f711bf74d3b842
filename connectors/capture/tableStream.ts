import type { ArrayRow, Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { int, lsnParam } from '#connectors/sqlserver/params.ts';
import { CHANGE_PAGE_PREFIX, changePage } from '#connectors/sqlserver/tableQueries.ts';
import type { MergeSource } from './merge.ts';
import { type ChangeRow, type JoinedChange, PairJoiner } from './pairs.ts';
import { type Position, parsePosition, position } from './position.ts';
import { RowReader } from './rowReader.ts';
import type { CapturedTable } from './types.ts';

const PREFIX = CHANGE_PAGE_PREFIX.length;

/** A change of one table, on its way into the merge. */
export interface TableChange extends JoinedChange {
  readonly table: CapturedTable;
}

/** Reads one page: rows of the change table after `from`, at most `limit`, none after `to`. */
export type PageReader = (from: Position, to: Lsn, limit: number) => Promise<ChangeRow[]>;

/** The page reader of a table; its statement is built once. */
export function pageReader(db: Queryable, table: CapturedTable, signal: AbortSignal): PageReader {
  const reader = new RowReader(table.instance);
  const text = changePage(table.instance, reader.codecs);
  return async (from, to, limit) => {
    const { commitLsn, commandId, changeLsn, op } = parsePosition(from);
    const rows = await db.rows(
      text,
      {
        rows: int(limit),
        to: lsnParam(to),
        lsn: lsnParam(commitLsn),
        command: int(commandId),
        seqval: lsnParam(changeLsn),
        operation: int(op),
      },
      signal,
    );
    return rows.map((row) => toChangeRow(reader, row));
  };
}

function toChangeRow(reader: RowReader, row: ArrayRow): ChangeRow {
  const operation = row[3] as number;
  return {
    commitLsn: lsnFromBuffer(row[0] as Buffer),
    commandId: (row[1] as number | null) ?? 0,
    changeLsn: lsnFromBuffer(row[2] as Buffer),
    operation,
    image: reader.fromChange(row, PREFIX, operation, row[4] as Buffer | null),
  };
}

/** The changes of one table in (from, to], page by page; memory holds one page. */
export class TableStream implements MergeSource<TableChange> {
  readonly #table: CapturedTable;
  readonly #read: PageReader;
  readonly #to: Lsn;
  readonly #pageRows: number;
  readonly #joiner: PairJoiner;
  #from: Position;
  #buffer: TableChange[] = [];
  #at = 0;
  #exhausted = false;
  /** Rows of the change table read so far. */
  rows = 0;

  constructor(table: CapturedTable, read: PageReader, from: Position, to: Lsn, pageRows: number) {
    this.#table = table;
    this.#read = read;
    this.#from = from;
    this.#to = to;
    this.#pageRows = pageRows;
    this.#joiner = new PairJoiner(table.id, table.instance.keyColumns);
  }

  peek(): TableChange | undefined | Promise<TableChange | undefined> {
    const ready = this.#buffer[this.#at];
    return ready ?? (this.#exhausted ? undefined : this.#fill());
  }

  take(): void {
    this.#at++;
  }

  async #fill(): Promise<TableChange | undefined> {
    this.#buffer = [];
    this.#at = 0;
    while (this.#buffer.length === 0 && !this.#exhausted) {
      const page = await this.#read(this.#from, this.#to, this.#pageRows);
      this.rows += page.length;
      for (const row of page) {
        for (const change of this.#joiner.push(row)) this.#buffer.push({ ...change, table: this.#table });
      }
      const last = page.at(-1);
      if (last) this.#from = position({ ...last, op: last.operation });
      if (page.length < this.#pageRows) {
        this.#exhausted = true;
        this.#joiner.end();
      }
    }
    return this.#buffer[0];
  }
}
