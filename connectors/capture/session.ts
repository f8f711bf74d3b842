import type { Database } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer, maxLsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { LOW_WATER_MARKS, MAX_CAPTURED_LSN } from '#connectors/sqlserver/queries.ts';
import { detectChanges } from '#connectors/sqlserver/tableQueries.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Batcher } from './batcher.ts';
import { chunkReader } from './chunk.ts';
import { type Detected, detect } from './detect.ts';
import { newestLogScan } from './logScan.ts';
import { checkNothingLost } from './lossCheck.ts';
import { commitLsnOf, endOf } from './position.ts';
import { SessionState } from './sessionState.ts';
import type { CaptureSettings } from './settings.ts';
import { Snapshotter } from './snapshotter.ts';
import type { CaptureStats } from './status.ts';
import { type PageReader, pageReader } from './tableStream.ts';
import type { CapturedTable, CaptureSink, CaptureState } from './types.ts';
import { readWindow, type WindowItem } from './window.ts';

/** Chunks that may wait for the stream: bounds the memory of a snapshot. */
const MAX_WAITING_CHUNKS = 4;
/** How often the position is written while nothing changes, so that it never falls behind the source's clean-up. */
const IDLE_WRITE_MS = 10_000;

export interface SessionOptions {
  readonly db: Database;
  readonly tables: readonly CapturedTable[];
  readonly stored: CaptureState | null;
  readonly sink: CaptureSink;
  readonly settings: CaptureSettings;
  readonly stats: CaptureStats;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Where a capture begins that has no stored state: after everything captured so far, which the snapshot will contain. */
async function initialState(
  db: Database,
  tables: readonly CapturedTable[],
  signal: AbortSignal,
): Promise<CaptureState> {
  const [row] = await db.rows(MAX_CAPTURED_LSN, {}, signal);
  const captured = row?.[0] ? [lsnFromBuffer(row[0] as Buffer)] : [];
  const start = maxLsn(...captured, ...tables.map((t) => t.instance.startLsn));
  return { position: endOf(start), snapshots: {} };
}

/** One unbroken run of the capture: from a known state until the signal fires or something fails. See SPEC.md. */
export async function runSession(options: SessionOptions, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const own = AbortSignal.any([signal, stop.signal]);
  const state = new SessionState(
    options.stored ?? (await initialState(options.db, options.tables, signal)),
    options.tables,
  );
  const snapshotter = newSnapshotter(options, state, own);
  const reading = snapshotter.run(own);
  try {
    await poll(options, state, snapshotter, own);
  } finally {
    stop.abort();
    await reading;
  }
}

async function poll(
  options: SessionOptions,
  state: SessionState,
  snapshotter: Snapshotter,
  signal: AbortSignal,
): Promise<void> {
  const { db, settings, stats, clock, tables } = options;
  const statement = detectChanges(tables.map((t) => t.instance));
  const readers = new Map<CapturedTable, PageReader>(tables.map((t) => [t, pageReader(db, t, signal)]));
  let pauseMs = settings.pollIntervalMs;
  let writtenAtMs = clock.now();
  while (!signal.aborted) {
    snapshotter.check();
    const scan = snapshotter.waiting ? await newestLogScan(db, signal) : null;
    const detected = await detect(
      db,
      statement,
      tables.map((t) => t.instance),
      signal,
    );
    stats.lastPollAtMs = clock.now();
    stats.sourceMaxLsn = detected.maxLsn;
    checkNothingLost(
      tables,
      state,
      commitLsnOf(state.current.position),
      (t) => detected.tables.get(t.instance.name)?.minLsn,
    );
    const wrote = await runWindow(options, state, snapshotter, detected, scan, readers, writtenAtMs, signal);
    if (wrote) writtenAtMs = clock.now();
    stats.state = state.snapshotDone ? 'streaming' : 'snapshotting';
    stats.position = state.current.position;
    stats.snapshots = state.current.snapshots;
    pauseMs =
      wrote || !snapshotter.finished ? settings.pollIntervalMs : Math.min(pauseMs * 2, settings.maxPollIntervalMs);
    await clock.sleep(pauseMs, signal);
  }
}

/** Reads and writes one window; true when something was written. */
async function runWindow(
  options: SessionOptions,
  state: SessionState,
  snapshotter: Snapshotter,
  detected: Detected,
  scan: Awaited<ReturnType<typeof newestLogScan>>,
  readers: ReadonlyMap<CapturedTable, PageReader>,
  writtenAtMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { db, sink, settings, stats, clock, tables } = options;
  const from = state.current.position;
  const captured = detected.maxLsn ?? ZERO_LSN;
  const { ceiling } = snapshotter;
  const held = ceiling !== null && ceiling < captured;
  const to = maxLsn(commitLsnOf(from), held ? ceiling : captured);
  // A log scan proves that everything captured is all there is, so it says nothing about a window that ends before that.
  const chunks = snapshotter.passed(to, held ? null : scan);
  const changed = tables.filter(
    (t) => (detected.tables.get(t.instance.name)?.newestLsn ?? '') > commitLsnOf(from) || isInside(from),
  );
  const advanced = endOf(to) > from;
  if (chunks.length === 0 && !advanced) return false;
  const batcher = new Batcher(sink, settings.maxBatchRows, signal, (events) => stats.written(events, clock.now()));
  let events = 0;
  if (chunks.length > 0 || changed.length > 0) {
    const items = readWindow({
      db,
      from,
      to,
      tables: changed,
      readerOf: (table) => readers.get(table)!,
      chunks,
      pageRows: settings.pageRows,
      utcOffsetMinutes: detected.utcOffsetMinutes,
      now: () => clock.now(),
      signal,
    });
    for await (const item of items) events += await take(item, state, snapshotter, batcher, options.log);
    if (changed.length > 0) await checkAgain(options, state, changed, commitLsnOf(from), signal);
  }
  state.passedTo(endOf(to), snapshotter.floor);
  const idleTooLong = clock.now() - writtenAtMs >= IDLE_WRITE_MS;
  const always = idleTooLong || events > 0 || state.hasNews;
  await batcher.flush(state.current, always);
  if (always) state.written();
  return always;
}

/** Clean-up that ran while the window was read would have left rows out. */
async function checkAgain(
  options: SessionOptions,
  state: SessionState,
  tables: readonly CapturedTable[],
  since: Lsn,
  signal: AbortSignal,
): Promise<void> {
  const marks = new Map(
    (await options.db.rows(LOW_WATER_MARKS, {}, signal)).map(([name, lsn]) => [name, lsnFromBuffer(lsn as Buffer)]),
  );
  checkNothingLost(tables, state, since, (table) => marks.get(table.instance.name));
}

/** True when the position lies inside a transaction, so that its LSN has to be read again. */
function isInside(from: string): boolean {
  return from !== endOf(commitLsnOf(from as never));
}

async function take(
  item: WindowItem,
  state: SessionState,
  snapshotter: Snapshotter,
  batcher: Batcher,
  log: Logger,
): Promise<number> {
  if (item.kind === 'change') {
    state.changed(item.event, snapshotter.floor);
    await batcher.add(item.event, () => state.current, item.event.resumeAt !== null);
    return 1;
  }
  const { chunk, events } = item;
  const { table } = chunk;
  if (state.isDropped(chunk)) return 0;
  if (state.touchedWithin(chunk)) {
    // The view of the chunk was fixed somewhere in (from, to]; a row that changed there may be shown as before or as after the change.
    log.info({ event: 'snapshot_chunk_repeated', table: table.id, from: chunk.from, to: chunk.to });
    state.drop(table);
    snapshotter.again(table, state.current.snapshots[table.id]?.lastKey ?? null);
    return 0;
  }
  for (const { event, key } of events) {
    state.snapshotRow(table.id, key);
    await batcher.add(event, () => state.current);
  }
  state.chunkDone(chunk);
  snapshotter.taken(chunk);
  if (chunk.last)
    log.info({ event: 'snapshot_table_done', table: table.id, rows: state.current.snapshots[table.id]?.rows });
  return events.length;
}

function newSnapshotter(options: SessionOptions, state: SessionState, signal: AbortSignal): Snapshotter {
  const { db, tables, settings, clock, log, stats } = options;
  return new Snapshotter({
    tables,
    progress: state.current.snapshots,
    chunkRows: settings.snapshotChunkRows,
    maxWaiting: MAX_WAITING_CHUNKS,
    readerOf: (table) => chunkReader(db, table, () => clock.now(), signal),
    newestScan: () => newestLogScan(db, signal),
    knownLsn: () => stats.sourceMaxLsn ?? ZERO_LSN,
    log,
    clock,
  });
}
