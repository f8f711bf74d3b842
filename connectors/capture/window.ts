import type { Queryable } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { CommitTimes } from './commitTimes.ts';
import { type MergeSource, mergeByPosition } from './merge.ts';
import { commitLsnOf, type Position } from './position.ts';
import { chained } from './schemaSegments.ts';
import type { PlacedChunk } from './sessionHooks.ts';
import { stopsTable } from './tableErrors.ts';
import { type PageReader, type TableChange, TableStream } from './tableStream.ts';
import type { CapturedTable, ChangeEvent } from './types.ts';

/** What a window gives: a change, a chunk of a snapshot at its place among the changes, or a table that cannot be read any further. */
export type WindowItem =
  | { readonly kind: 'change'; readonly at: Position; readonly event: ChangeEvent }
  | { readonly kind: 'chunk'; readonly at: Position; readonly chunk: PlacedChunk }
  | { readonly kind: 'failed'; readonly at: ''; readonly table: string; readonly error: unknown };

/** A part of a table's changes, in (from, to], read as one version of the table. */
export interface WindowPart {
  readonly table: CapturedTable;
  readonly from: Position;
  readonly to: Lsn;
}

export interface WindowOptions {
  readonly db: Queryable;
  /** The tables that have changes there, each in parts that follow one another. */
  readonly tables: readonly (readonly WindowPart[])[];
  readonly chunks: readonly PlacedChunk[];
  /** The first position and the last LSN of all parts. */
  readonly from: Position;
  readonly to: Lsn;
  readonly readerOf: (table: CapturedTable) => PageReader;
  readonly pageRows: number;
  readonly utcOffsetMinutes: number;
  /** The server's time zone; see sourceZone.ts. */
  readonly zone: () => Promise<string | null>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

type Raw = { readonly change: TableChange; readonly at: Position } | Exclude<WindowItem, { kind: 'change' }>;

/** Everything of one window in the source's order, in runs. Memory holds two pages a table. */
export async function* readWindow(options: WindowOptions): AsyncGenerator<readonly WindowItem[]> {
  const { db, from, to, signal, now } = options;
  const reading = { zone: await options.zone(), utcOffsetMinutes: options.utcOffsetMinutes, now };
  const times = new CommitTimes(db, commitLsnOf(from), to, reading, signal);
  const sources: MergeSource<Raw>[] = [
    ...options.chunks.map(once),
    ...options.tables.filter((parts) => parts.length > 0).map((parts) => guarded(parts, options)),
  ];
  let commitLsn: Lsn | null = null;
  let commitTimeMs = 0;
  for await (const run of mergeByPosition(sources, (raw) => raw.at)) {
    signal.throwIfAborted();
    const capturedAtMs = now();
    const items: WindowItem[] = [];
    for (const raw of run) {
      if (!('change' in raw)) {
        items.push(raw);
        continue;
      }
      const { change, at } = raw;
      if (change.commitLsn !== commitLsn) {
        commitLsn = change.commitLsn;
        commitTimeMs = (await times.timeOf(commitLsn)) ?? capturedAtMs;
      }
      items.push({ kind: 'change', at, event: { ...change, commitTimeMs, capturedAtMs } });
    }
    yield items;
  }
}

/** A table's changes; an error that concerns only this table comes as the last item, ahead of everything that waits. */
function guarded(parts: readonly WindowPart[], options: WindowOptions): MergeSource<Raw> {
  const { readerOf, pageRows } = options;
  const source = chained(parts.map((p) => new TableStream(p.table, readerOf(p.table), p.from, p.to, pageRows)));
  let failed: Raw | undefined;
  let over = false;
  const wrap = (change: TableChange | undefined): Raw | undefined => change && { change, at: change.position };
  const caught = (error: unknown): Raw => {
    if (!stopsTable(error)) throw error;
    failed = { kind: 'failed', at: '', table: parts[0]!.table.id, error };
    return failed;
  };
  return {
    peek: () => {
      if (over) return undefined;
      if (failed) return failed;
      const next = source.peek();
      return next instanceof Promise ? next.then(wrap, caught) : wrap(next);
    },
    take: () => {
      if (failed) over = true;
      else source.take();
    },
  };
}

function once(chunk: PlacedChunk): MergeSource<Raw> {
  let taken = false;
  return {
    peek: () => (taken ? undefined : { kind: 'chunk', at: chunk.place, chunk }),
    take: () => {
      taken = true;
    },
  };
}
