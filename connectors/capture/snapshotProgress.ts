import type { KeyText } from './chunk.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';
import type { RangeProgress, SnapshotProgress } from './types.ts';

/** The key ranges of a job: those of the progress, or the whole table as one. */
export function rangesOf(progress: SnapshotProgress): readonly RangeProgress[] {
  return progress.ranges ?? [{ lastKey: progress.lastKey, upTo: null, done: progress.state === 'done' }];
}

/** The progress after a row of a chunk was taken. `key` is null for rows that do not move it. */
export function afterRow(progress: SnapshotProgress, chunk: SnapshotChunk, key: KeyText | null): SnapshotProgress {
  const rows = progress.rows + 1;
  if (key === null) return { ...progress, state: 'running', rows };
  return moved(progress, chunk, { lastKey: key, done: false }, { state: 'running', rows });
}

/** The progress after a chunk was taken. A chunk that was void changes nothing: its rows are read again. */
export function afterChunk(progress: SnapshotProgress, chunk: SnapshotChunk): SnapshotProgress {
  if (chunk.void) return progress;
  if (chunk.kind === 'sweep') {
    if (!chunk.last) return { ...progress, state: 'running' };
    const { sweep: _, ...rest } = progress;
    return { ...rest, state: 'done' };
  }
  if (!chunk.last) return { ...progress, state: 'running' };
  const after = moved(progress, chunk, { done: true }, {});
  const done = after.ranges?.every((range) => range.done) ?? true;
  // The rows are read; what a lost interval left behind in the topic is looked for before the table counts as done.
  return { ...after, state: done && after.sweep === undefined ? 'done' : 'running' };
}

/** A chunk brings the ranges it was read in, so that they are stored with the first row of any of them. */
function moved(
  progress: SnapshotProgress,
  chunk: SnapshotChunk,
  change: Partial<RangeProgress>,
  rest: Partial<SnapshotProgress>,
): SnapshotProgress {
  const { bounds, range } = chunk;
  const total = progress.totalRows === undefined ? { totalRows: chunk.totalRows } : {};
  if (bounds.length === 1) {
    const lastKey = change.lastKey ?? progress.lastKey;
    return { ...progress, ...total, lastKey, ...rest };
  }
  const ranges = (progress.ranges ?? bounds.map((upTo): RangeProgress => ({ lastKey: null, upTo, done: false }))).map(
    (present, i) => (i === range ? { ...present, ...change } : present),
  );
  return { ...progress, ...total, ranges, ...rest };
}
