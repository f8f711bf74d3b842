import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { Detected } from './detect.ts';
import type { Headroom } from './headroom.ts';
import { commitLsnOf, type Position } from './position.ts';
import {
  CAPTURE_TRANSITIONS,
  type CaptureEventName,
  type CaptureStateName,
  next,
  type TableStateName,
} from './states.ts';
import type { AdHocSnapshot, CaptureState, ChangeEvent, TableState } from './types.ts';

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
  readonly paused: boolean;
  readonly tables: Readonly<Record<string, TableStatus>>;
  /** Snapshots that were asked for and are not done. */
  readonly snapshots: readonly AdHocSnapshot[];
}

/** How one table stands. */
export interface TableStatus extends TableState, Headroom {
  readonly state: TableStateName;
  /** Changes written since the process started. */
  readonly changes: number;
}

const RATE_WINDOW_MS = 10_000;

/** Collects what the status shows. */
export class CaptureStats {
  sourceMaxLsn: Lsn | null = null;
  utcOffsetMinutes = 0;
  headroom: ReadonlyMap<string, Headroom> = new Map();
  restarts = 0;
  lastError: string | null = null;
  #name: CaptureStateName = 'starting';
  #state: CaptureState | null = null;
  #tableNames: Readonly<Record<string, TableStateName>> = {};
  #lastPollAtMs: number | null = null;
  #lastDelayMs: number | null = null;
  #lastChangeAtMs: number | null = null;
  #changes = 0;
  #snapshotRows = 0;
  #batches = 0;
  readonly #byTable = new Map<string, number>();
  readonly #queries: number[] = [];

  get state(): CaptureStateName {
    return this.#name;
  }

  /** Takes a step of the capture's state table. @throws TypeError for one that cannot be */
  to(event: CaptureEventName): void {
    this.#name = next(CAPTURE_TRANSITIONS, this.#name, event);
  }

  /** A run begins: whatever became of the one before. */
  begin(): void {
    this.#name = 'starting';
  }

  polled(detected: Detected, nowMs: number): void {
    this.#lastPollAtMs = nowMs;
    this.sourceMaxLsn = detected.maxLsn;
    this.utcOffsetMinutes = detected.utcOffsetMinutes;
  }

  show(state: CaptureState, nameOf: (id: string) => TableStateName): void {
    this.#state = state;
    this.#tableNames = Object.fromEntries(Object.keys(state.tables).map((id) => [id, nameOf(id)]));
  }

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
    const position = this.#state?.position ?? null;
    return {
      state: this.#name,
      position,
      commitLsn: position && commitLsnOf(position),
      sourceMaxLsn: this.sourceMaxLsn,
      lastDelayMs: this.#lastDelayMs,
      lastPollAt: iso(this.#lastPollAtMs),
      lastChangeAt: iso(this.#lastChangeAtMs),
      changes: this.#changes,
      snapshotRows: this.#snapshotRows,
      batches: this.#batches,
      queriesPerSecond: recent / (RATE_WINDOW_MS / 1000),
      restarts: this.restarts,
      lastError: this.lastError,
      paused: this.#state?.paused ?? false,
      tables: Object.fromEntries(Object.entries(this.#state?.tables ?? {}).map(([id, t]) => [id, this.#table(id, t)])),
      snapshots: this.#state?.snapshots ?? [],
    };
  }

  #table(id: string, table: TableState): TableStatus {
    return {
      ...table,
      state: this.#tableNames[id] ?? 'streaming',
      headroomHours: this.headroom.get(id)?.headroomHours ?? null,
      retainedHours: this.headroom.get(id)?.retainedHours ?? null,
      changes: this.#byTable.get(id) ?? 0,
    };
  }
}
