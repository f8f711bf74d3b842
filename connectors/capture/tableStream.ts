import type { ArrayRow, Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { int, lsnParam } from '#connectors/sqlserver/params.ts';
import { CHANGE_PAGE_PREFIX, changePage } from '#connectors/sqlserver/tableQueries.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { MergeSource } from './merge.ts';
import { type ChangeRow, type JoinedChange, PairJoiner } from './pairs.ts';
import { commitLsnOf, neededFrom, type Position, parsePosition, position } from './position.ts';
import { RowReader } from './rowReader.ts';
import type { CapturedTable } from './types.ts';

const PREFIX = CHANGE_PAGE_PREFIX.length;

/** A change of one table, on its way into the merge. */
export interface TableChange extends JoinedChange {
  readonly table: CapturedTable;
}

/** A page of a change table; rows are decoded one by one, so that one that cannot be read does not take those before it along. */
export interface ChangePage {
  readonly length: number;
  /** @throws SluiceError when the row cannot be carried */
  row(i: number): ChangeRow;
  /** The instance's low-water mark, read after the rows; null when the instance is gone. */
  readonly mark: Lsn | null;
}

/** Reads one page: rows of the change table after `from`, at most `limit`, none after `to`. */
export type PageReader = (from: Position, to: Lsn, limit: number) => Promise<ChangePage>;

/** The page reader of a table; its statement is built once. */
export function pageReader(db: Queryable, table: CapturedTable, signal: AbortSignal): PageReader {
  const reader = new RowReader(table.instance);
  const text = changePage(table.instance, reader.codecs);
  return async (from, to, limit) => {
    const { commitLsn, commandId, changeLsn, op } = parsePosition(from);
    const [rows = [], [mark] = []] = await db.sets(
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
    checkDefinition(table, mark?.[1]);
    return {
      length: rows.length,
      row: (i) => toChangeRow(reader, rows[i]!),
      mark: mark?.[0] ? lsnFromBuffer(mark[0] as Buffer) : null,
    };
  };
}

/** The change table may have been altered since this version of the table was made: what was read then has other types. */
function checkDefinition({ id, instance }: CapturedTable, found: unknown): void {
  if (!found || instance.ddlLsn === undefined) return;
  const newest = lsnFromBuffer(found as Buffer);
  if (newest <= (instance.ddlLsn ?? '')) return;
  throw new SluiceError(
    'CDC_SCHEMA_MOVED',
    `Table ${id}: its change table follows the definition of ${newest}, expected that of ${instance.ddlLsn ?? 'its beginning'}`,
    { context: { table: id } },
  );
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

/**
 * The changes of one table in (from, to], page by page; memory holds two. What cannot be read, or was cleaned up while it was being
 * read, is thrown by `peek` when the changes before it were taken.
 */
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
  #failure: unknown;
  /** The page after the present one: asked for as soon as its beginning is known, so that the source works while this one is written. */
  #ahead: Promise<ChangePage> | undefined;

  constructor(table: CapturedTable, read: PageReader, from: Position, to: Lsn, pageRows: number) {
    this.#table = table;
    this.#read = read;
    this.#from = from;
    this.#to = to;
    this.#pageRows = pageRows;
    this.#joiner = new PairJoiner(table.id, table.instance.messageKey ?? table.instance.keyColumns);
  }

  peek(): TableChange | undefined | Promise<TableChange | undefined> {
    const ready = this.#buffer[this.#at];
    if (ready) return ready;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#exhausted ? undefined : this.#fill();
  }

  take(): void {
    this.#at++;
  }

  async #fill(): Promise<TableChange | undefined> {
    this.#buffer = [];
    this.#at = 0;
    while (this.#buffer.length === 0 && !this.#exhausted) {
      const page = await (this.#ahead ?? this.#ask());
      this.#ahead = undefined;
      this.#checkWhole(page);
      try {
        this.#decode(page);
      } catch (error) {
        if (this.#buffer.length === 0) throw error;
        this.#failure = error;
        break;
      }
      if (!this.#exhausted) this.#ahead = this.#ask();
    }
    return this.#buffer[0];
  }

  #ask(): Promise<ChangePage> {
    const page = this.#read(this.#from, this.#to, this.#pageRows);
    // A failure is met when the page is wanted; a window that ends early never wants it.
    page.catch(() => undefined);
    return page;
  }

  #decode(page: ChangePage): void {
    const table = this.#table;
    let last: ChangeRow | undefined;
    for (let i = 0; i < page.length; i++) {
      last = page.row(i);
      for (const change of this.#joiner.push(last)) this.#buffer.push({ ...change, table });
    }
    if (last) this.#from = position({ ...last, op: last.operation });
    if (page.length < this.#pageRows) {
      this.#exhausted = true;
      for (const change of this.#joiner.end()) this.#buffer.push({ ...change, table });
    }
  }

  /** @throws SluiceError CDC_LSN_NOT_AVAILABLE, CDC_INSTANCE_DROPPED */
  #checkWhole(page: ChangePage): void {
    const { id, instance } = this.#table;
    if (page.mark === null) {
      throw new SluiceError('CDC_INSTANCE_DROPPED', `Capture instance ${instance.name} of ${id} is gone`, {
        context: { table: id, captureInstance: instance.name },
      });
    }
    if (page.mark <= neededFrom(this.#from)) return;
    const since = commitLsnOf(this.#from);
    throw new SluiceError(
      'CDC_LSN_NOT_AVAILABLE',
      `Changes of ${id} after ${since} and before ${page.mark} were cleaned up while they were being read`,
      { context: { table: id, since, minLsn: page.mark } },
    );
  }
}
