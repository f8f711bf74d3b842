import type { Queryable } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { ChunkRow } from './chunk.ts';
import { CommitTimes } from './commitTimes.ts';
import { type MergeSource, mergeByPosition } from './merge.ts';
import { commitLsnOf, type Position, snapshotPosition } from './position.ts';
import type { WaitingChunk } from './snapshotter.ts';
import { type PageReader, type TableChange, TableStream } from './tableStream.ts';
import type { CapturedTable, ChangeEvent } from './types.ts';

/** What a window gives: a change, or a whole chunk of a snapshot at its place among the changes. */
export type WindowItem =
  | { readonly kind: 'change'; readonly at: Position; readonly event: ChangeEvent }
  | {
      readonly kind: 'chunk';
      readonly at: Position;
      readonly chunk: WaitingChunk;
      readonly events: readonly ChunkEvent[];
    };

/** A snapshot row as an event, with its key as text. */
export interface ChunkEvent {
  readonly event: ChangeEvent;
  readonly key: readonly string[];
}

export interface WindowOptions {
  readonly db: Queryable;
  /** Changes after it … */
  readonly from: Position;
  /** … up to and including this LSN. */
  readonly to: Lsn;
  /** The tables that have changes there. */
  readonly tables: readonly CapturedTable[];
  readonly readerOf: (table: CapturedTable) => PageReader;
  readonly chunks: readonly WaitingChunk[];
  readonly pageRows: number;
  readonly utcOffsetMinutes: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

type Raw =
  | { readonly kind: 'change'; readonly change: TableChange }
  | { readonly kind: 'chunk'; readonly chunk: WaitingChunk };

const rawPosition = (raw: Raw): string =>
  raw.kind === 'change' ? raw.change.position : snapshotPosition(raw.chunk.to);

/** Everything of one window in the source's order. */
export async function* readWindow(options: WindowOptions): AsyncGenerator<WindowItem> {
  const { db, from, to, signal, now } = options;
  const times = new CommitTimes(db, commitLsnOf(from), to, options.utcOffsetMinutes, signal);
  const streams = options.tables.map((t) =>
    changes(new TableStream(t, options.readerOf(t), from, to, options.pageRows)),
  );
  const sources: MergeSource<Raw>[] = [...options.chunks.map(once), ...streams];
  let commitLsn: Lsn | null = null;
  let commitTimeMs = 0;
  for await (const raw of mergeByPosition(sources, rawPosition)) {
    signal.throwIfAborted();
    if (raw.kind === 'chunk') {
      const { chunk } = raw;
      const at = snapshotPosition(chunk.to);
      yield { kind: 'chunk', at, chunk, events: chunk.rows.map((row) => chunkEvent(chunk, row, at)) };
      continue;
    }
    const { change } = raw;
    if (change.commitLsn !== commitLsn) {
      commitLsn = change.commitLsn;
      commitTimeMs = (await times.timeOf(commitLsn)) ?? now();
    }
    yield { kind: 'change', at: change.position, event: { ...change, commitTimeMs, capturedAtMs: now() } };
  }
}

function chunkEvent(chunk: WaitingChunk, { row, key }: ChunkRow, at: Position): ChunkEvent {
  const { table, to, readAtMs } = chunk;
  return {
    key,
    event: {
      table,
      op: 'r',
      before: null,
      after: row,
      position: at,
      commitLsn: to,
      changeLsn: null,
      resumeAt: null,
      commitTimeMs: readAtMs,
      capturedAtMs: readAtMs,
    },
  };
}

function changes(stream: TableStream): MergeSource<Raw> {
  const wrap = (change: TableChange | undefined): Raw | undefined => (change ? { kind: 'change', change } : undefined);
  return {
    peek: () => {
      const next = stream.peek();
      return next instanceof Promise ? next.then(wrap) : wrap(next);
    },
    take: () => stream.take(),
  };
}

function once(chunk: WaitingChunk): MergeSource<Raw> {
  let taken = false;
  return {
    peek: () => (taken ? undefined : { kind: 'chunk', chunk }),
    take: () => {
      taken = true;
    },
  };
}
