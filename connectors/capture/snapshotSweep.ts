import { type CaptureInstance, recordKeyOf } from '#connectors/sqlserver/metadata.ts';
import { maxKeysAtOnce } from '#connectors/sqlserver/snapshotQueries.ts';
import type { KeyText, TableReader } from './chunk.ts';
import type { Position } from './position.ts';
import { rowKey } from './snapshotChunk.ts';
import type { CapturedTable, CaptureSink, ChangeEvent, EarlierRow } from './types.ts';

/** What names the rows a job looks up by key, page by page. */
export interface KeyListing {
  /** A change of the table that the stream has taken. */
  changed(event: ChangeEvent): void;
  /** True for a key the stream has told of since the listing began. */
  isTouched(row: EarlierRow): boolean;
  /** The next keys, the same until they are `taken`; null after the last. */
  next(): Promise<readonly EarlierRow[] | null>;
  taken(): void;
  close(): Promise<void>;
}

/** Whether the record of a row that is gone can be told from its primary key. */
export function tellsDeletes(instance: CaptureInstance): boolean {
  const isMasked = (name: string): boolean => instance.columns.find((c) => c.name === name)?.mask !== undefined;
  const { keyColumns } = instance;
  return (
    keyColumns.length > 0 && recordKeyOf(instance).join('\n') === keyColumns.join('\n') && !keyColumns.some(isMasked)
  );
}

/**
 * Keys that were asked for. Nothing is taken from the topic, so what the stream told before the reading does not count: it is in the view.
 */
export class AskedKeys implements KeyListing {
  readonly #pages: (() => Promise<readonly EarlierRow[]>)[];

  constructor(reader: TableReader, keys: readonly KeyText[]) {
    const pageKeys = maxKeysAtOnce(reader.table.instance.keyColumns.length);
    this.#pages = [];
    for (let start = 0; start < keys.length; start += pageKeys) {
      this.#pages.push(async () => {
        const rows = await reader.keyRows(keys.slice(start, start + pageKeys));
        return rows.map((key) => ({ recordKey: null, key, row: null }));
      });
    }
  }

  changed(): void {}

  isTouched(): boolean {
    return false;
  }

  async next(): Promise<readonly EarlierRow[] | null> {
    return (await this.#pages[0]?.()) ?? null;
  }

  taken(): void {
    this.#pages.shift();
  }

  async close(): Promise<void> {}
}

/** Keys the stream may touch while the topic is listed before the listing starts again. Bounds the memory of a sweep. */
const MAX_TOUCHED = 200_000;

export type EarlierRows = NonNullable<CaptureSink['earlierRows']>;

/**
 * The keys a table's topic has from before an interval was lost, page by page, without those the stream has told of since the listing
 * began: the topic says nothing newer of them only because it was read earlier.
 */
export class SweepListing implements KeyListing {
  readonly #open: () => AsyncIterator<readonly EarlierRow[]>;
  readonly #keyColumns: readonly string[];
  readonly #pageKeys: number;
  #iterator: AsyncIterator<readonly EarlierRow[]>;
  #left: EarlierRow[] = [];
  #page: readonly EarlierRow[] | null = null;
  #touched = new Set<string>();

  constructor(rows: EarlierRows, table: CapturedTable, before: Position, signal: AbortSignal) {
    this.#open = () => rows(table, before, signal)[Symbol.asyncIterator]();
    this.#keyColumns = table.instance.keyColumns;
    this.#pageKeys = maxKeysAtOnce(this.#keyColumns.length);
    this.#iterator = this.#open();
  }

  /** A change of the table that the stream has taken. */
  changed({ before, after }: ChangeEvent): void {
    for (const image of [before, after]) if (image) this.#touched.add(rowKey(image, this.#keyColumns));
  }

  /** True for a key the stream has told of since the listing began. */
  isTouched(row: EarlierRow): boolean {
    return this.#touched.has(rowKey(row.key, this.#keyColumns));
  }

  /** The next keys, the same until they are `taken`; null after the last. */
  async next(): Promise<readonly EarlierRow[] | null> {
    this.#page ??= await this.#nextPage();
    return this.#page;
  }

  taken(): void {
    this.#page = null;
  }

  async #nextPage(): Promise<readonly EarlierRow[] | null> {
    if (this.#touched.size > MAX_TOUCHED) await this.#restart();
    while (this.#left.length === 0) {
      const { done, value } = await this.#iterator.next();
      if (done) return null;
      this.#left = value.filter((row) => !this.isTouched(row));
    }
    return this.#left.splice(0, this.#pageKeys);
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** What was deleted meanwhile is not in the topic any more, so that nothing is told twice. */
  async #restart(): Promise<void> {
    await this.close();
    this.#touched = new Set();
    this.#left = [];
    this.#iterator = this.#open();
  }
}
