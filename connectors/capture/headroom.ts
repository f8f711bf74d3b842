import type { Database } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { CLEANUP_RETENTION } from '#connectors/sqlserver/queries.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { CommitTimeOf } from './commitTimeOf.ts';
import type { Detected } from './detect.ts';
import { commitLsnOf } from './position.ts';
import type { TableVersions } from './sessionHooks.ts';
import type { SessionState } from './sessionState.ts';
import type { CaptureStats } from './status.ts';

/** How often it is looked at, ms: it changes by the hour. */
const LOOK_EVERY_MS = 30_000;
/** How often the clean-up job's settings are read, ms. */
const RETENTION_EVERY_MS = 600_000;
const HOUR_MS = 3_600_000;

/** How far a table is from losing changes to clean-up. */
export interface Headroom {
  /** Hours until clean-up may remove what was not read, were the capture to stand still; null when the job's retention cannot be read. */
  readonly headroomHours: number | null;
  /** Hours of changes before the table's place that are still there. */
  readonly retainedHours: number | null;
}

/**
 * Clean-up keeps what is younger than its retention, counted back from the newest captured commit, not from now. So a table whose place is
 * `age` behind that commit has `retention - age` left. Source: documentation of sys.sp_cdc_cleanup_change_table and sys.sp_cdc_add_job.
 */
function headroomOf(
  newestMs: number | null,
  placeMs: number | null,
  markMs: number | null,
  retentionMs: number | null,
): Headroom {
  const age = newestMs === null || placeMs === null ? null : Math.max(0, newestMs - placeMs);
  return {
    headroomHours: age === null || retentionMs === null ? null : (retentionMs - age) / HOUR_MS,
    retainedHours: placeMs === null || markMs === null ? null : (placeMs - markMs) / HOUR_MS,
  };
}

export interface HeadroomOptions {
  readonly db: Database;
  readonly configured: readonly string[];
  readonly state: SessionState;
  readonly versions: TableVersions;
  readonly stats: CaptureStats;
  readonly timeOf: CommitTimeOf;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Works out each table's headroom now and then: a statement for each different low-water mark, usually one. */
export class HeadroomWatch {
  readonly #options: HeadroomOptions;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #retentionAtMs = Number.NEGATIVE_INFINITY;
  #retentionMs: number | null = null;

  constructor(options: HeadroomOptions) {
    this.#options = options;
  }

  async look(detected: Detected): Promise<void> {
    const { clock, configured, state, versions, stats } = this.#options;
    if (clock.now() - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#lookedAtMs = clock.now();
    await this.#readRetention();
    const times = new Map<Lsn, number | null>();
    const timeOf = async (lsn: Lsn): Promise<number | null> => {
      if (!times.has(lsn)) times.set(lsn, await this.#options.timeOf(lsn, 'first at or after'));
      return times.get(lsn)!;
    };
    const headroom = new Map<string, Headroom>();
    for (const id of configured) {
      const mark = detected.marks.get(versions.segments(id)[0]!.table.instance.name);
      const place = state.table(id)!.position;
      const placeMs = place === undefined ? state.current.positionTimeMs : await timeOf(commitLsnOf(place));
      const markMs = mark === undefined ? null : await timeOf(mark);
      headroom.set(id, headroomOf(detected.maxTimeMs, placeMs, markMs, this.#retentionMs));
    }
    stats.headroom = headroom;
  }

  async #readRetention(): Promise<void> {
    const { db, clock, signal } = this.#options;
    if (clock.now() - this.#retentionAtMs < RETENTION_EVERY_MS) return;
    this.#retentionAtMs = clock.now();
    try {
      const [row] = await db.rows(CLEANUP_RETENTION, {}, signal);
      this.#retentionMs = row?.[0] === null || row?.[0] === undefined ? null : Number(row[0]) * 60_000;
    } catch (error) {
      // Without rights in msdb the retention stays unknown; that is no reason to stop.
      signal.throwIfAborted();
      if (isRetriable(error)) throw error;
      this.#retentionMs = null;
    }
  }
}
