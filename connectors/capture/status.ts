import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { commitLsnOf, type Position } from './position.ts';
import type { ChangeEvent, SnapshotProgress } from './types.ts';

/**
 * What the capture is doing. `starting`: looking at the source and the stored position. `snapshotting`: tables are read while changes
 * stream. `streaming`: changes only. `waiting`: source or Kafka is away, it goes on by itself. `failed`: it gave up, see `lastError`.
 */
export type CaptureStateName = 'starting' | 'snapshotting' | 'streaming' | 'waiting' | 'stopped' | 'failed';

/** What `GET /status` tells of a capture. */
export interface CaptureStatus {
  readonly state: CaptureStateName;
  readonly position: Position | null;
  readonly commitLsn: Lsn | null;
  /** Newest LSN the capture job of SQL Server has made available. */
  readonly sourceMaxLsn: Lsn | null;
  /** Commit → written to Kafka of the newest batch, ms. */
  readonly lastDelayMs: number | null;
  readonly lastPollAt: string | null;
  readonly lastChangeAt: string | null;
  readonly changes: number;
  readonly snapshotRows: number;
  readonly batches: number;
  /** Statements sent to the source per second, over the last ten seconds. */
  readonly queriesPerSecond: number;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly tables: Readonly<Record<string, SnapshotProgress & { readonly changes: number }>>;
}

const RATE_WINDOW_MS = 10_000;

/** Collects what the status shows. */
export class CaptureStats {
  state: CaptureStateName = 'starting';
  position: Position | null = null;
  sourceMaxLsn: Lsn | null = null;
  lastPollAtMs: number | null = null;
  restarts = 0;
  lastError: string | null = null;
  snapshots: Readonly<Record<string, SnapshotProgress>> = {};
  #lastDelayMs: number | null = null;
  #lastChangeAtMs: number | null = null;
  #changes = 0;
  #snapshotRows = 0;
  #batches = 0;
  readonly #byTable = new Map<string, number>();
  readonly #queries: number[] = [];

  /** A statement was sent to the source. */
  queried(nowMs: number): void {
    this.#queries.push(nowMs);
    while (this.#queries.length > 0 && this.#queries[0]! < nowMs - RATE_WINDOW_MS) this.#queries.shift();
  }

  written(events: readonly ChangeEvent[], nowMs: number): void {
    this.#batches++;
    for (const event of events) {
      if (event.op === 'r') {
        this.#snapshotRows++;
        continue;
      }
      this.#changes++;
      this.#byTable.set(event.table.id, (this.#byTable.get(event.table.id) ?? 0) + 1);
      this.#lastDelayMs = nowMs - event.commitTimeMs;
      this.#lastChangeAtMs = nowMs;
    }
  }

  snapshot(nowMs: number): CaptureStatus {
    const recent = this.#queries.filter((at) => at >= nowMs - RATE_WINDOW_MS).length;
    const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
    return {
      state: this.state,
      position: this.position,
      commitLsn: this.position && commitLsnOf(this.position),
      sourceMaxLsn: this.sourceMaxLsn,
      lastDelayMs: this.#lastDelayMs,
      lastPollAt: iso(this.lastPollAtMs),
      lastChangeAt: iso(this.#lastChangeAtMs),
      changes: this.#changes,
      snapshotRows: this.#snapshotRows,
      batches: this.#batches,
      queriesPerSecond: recent / (RATE_WINDOW_MS / 1000),
      restarts: this.restarts,
      lastError: this.lastError,
      tables: Object.fromEntries(
        Object.entries(this.snapshots).map(([id, progress]) => [
          id,
          { ...progress, changes: this.#byTable.get(id) ?? 0 },
        ]),
      ),
    };
  }
}
