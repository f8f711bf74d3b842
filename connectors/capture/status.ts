import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { Detected } from './detect.ts';
import type { Headroom } from './headroom.ts';
import { commitLsnOf, type Position } from './position.ts';
import type { JobRate } from './snapshotRates.ts';
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
  /** Commit time of the position at the source, ISO 8601; null when it is not known. */
  readonly positionTime: string | null;
  /** Age of the position while the source has newer changes; 0 when it has none, null before the first poll. */
  readonly lagMs: number | null;
  /** Newest LSN the capture job of SQL Server has made available. */
  readonly sourceMaxLsn: Lsn | null;
  /** Commit → written to Kafka of the newest batch, ms. */
  readonly lastDelayMs: number | null;
  /** Commit → read, and read → written, of the oldest change of the newest batch, ms. */
  readonly lastDelays: { readonly readMs: number; readonly writeMs: number } | null;
  readonly lastPollAt: string | null;
  readonly lastChangeAt: string | null;
  readonly changes: number;
  readonly changesByOp: Readonly<Record<'c' | 'u' | 'd', number>>;
  readonly snapshotRows: number;
  readonly batches: number;
  /** Statements sent to the source since the process started. */
  readonly queries: number;
  /** Statements sent to the source per second, over the last ten seconds. */
  readonly queriesPerSecond: number;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly paused: boolean;
  readonly tables: Readonly<Record<string, TableStatus>>;
  /** Snapshots that were asked for and are not done. */
  readonly snapshots: readonly (AdHocSnapshot & { readonly rate: JobRate | null })[];
}

/** How one table stands. */
export interface TableStatus extends TableState, Headroom {
  readonly state: TableStateName;
  /** Changes written since the process started. */
  readonly changes: number;
  /** How fast its snapshot goes; null while none is being read. */
  readonly rate: JobRate | null;
}

const RATE_WINDOW_MS = 10_000;

/** Collects what the status shows. */
export class CaptureStats {
  sourceMaxLsn: Lsn | null = null;
  utcOffsetMinutes = 0;
  /** How fast a snapshot goes, by its id. */
  rateOf: (job: string) => JobRate | null = () => null;
  headroom: ReadonlyMap<string, Headroom> = new Map();
  restarts = 0;
  lastError: string | null = null;
  #name: CaptureStateName = 'starting';
  #state: CaptureState | null = null;
  #tableNames: Readonly<Record<string, TableStateName>> = {};
  #lastPollAtMs: number | null = null;
  #lastDelayMs: number | null = null;
  #lastDelays: CaptureStatus['lastDelays'] = null;
  readonly #byOp = { c: 0, u: 0, d: 0 };
  #lastChangeAtMs: number | null = null;
  #changes = 0;
  #snapshotRows = 0;
  #batches = 0;
  readonly #byTable = new Map<string, number>();
  #queryCount = 0;
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
    this.#queryCount++;
    this.#queries.push(nowMs);
    while (this.#queries.length > 0 && this.#queries[0]! < nowMs - RATE_WINDOW_MS) this.#queries.shift();
  }

  written(events: readonly ChangeEvent[], nowMs: number): void {
    this.#batches++;
    const oldest = events.find((event) => event.op !== 'r');
    if (oldest) {
      const { commitTimeMs, capturedAtMs } = oldest;
      this.#lastDelays = { readMs: capturedAtMs - commitTimeMs, writeMs: nowMs - capturedAtMs };
    }
    for (const event of events) {
      if (event.op === 'r') {
        this.#snapshotRows++;
        continue;
      }
      this.#changes++;
      this.#byOp[event.op]++;
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
      positionTime: iso(this.#state?.positionTimeMs ?? null),
      lagMs: this.#lagMs(nowMs),
      sourceMaxLsn: this.sourceMaxLsn,
      lastDelayMs: this.#lastDelayMs,
      lastDelays: this.#lastDelays,
      lastPollAt: iso(this.#lastPollAtMs),
      lastChangeAt: iso(this.#lastChangeAtMs),
      changes: this.#changes,
      changesByOp: { ...this.#byOp },
      snapshotRows: this.#snapshotRows,
      batches: this.#batches,
      queries: this.#queryCount,
      queriesPerSecond: recent / (RATE_WINDOW_MS / 1000),
      restarts: this.restarts,
      lastError: this.lastError,
      paused: this.#state?.paused ?? false,
      tables: Object.fromEntries(Object.entries(this.#state?.tables ?? {}).map(([id, t]) => [id, this.#table(id, t)])),
      snapshots: (this.#state?.snapshots ?? []).map((s) => ({ ...s, rate: this.rateOf(s.id) })),
    };
  }

  #lagMs(nowMs: number): number | null {
    const { position = null, positionTimeMs = null } = this.#state ?? {};
    if (position === null || this.sourceMaxLsn === null || positionTimeMs === null) return null;
    return commitLsnOf(position) >= this.sourceMaxLsn ? 0 : Math.max(0, nowMs - positionTimeMs);
  }

  #table(id: string, table: TableState): TableStatus {
    return {
      ...table,
      state: this.#tableNames[id] ?? 'streaming',
      headroomHours: this.headroom.get(id)?.headroomHours ?? null,
      retainedHours: this.headroom.get(id)?.retainedHours ?? null,
      changes: this.#byTable.get(id) ?? 0,
      rate: this.rateOf(id),
    };
  }
}
