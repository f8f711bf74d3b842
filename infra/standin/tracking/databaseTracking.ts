/** Change tracking of a database: ALTER DATABASE … SET CHANGE_TRACKING. */
export class DatabaseTracking {
  retention: number;
  unit: RetentionUnit;
  autoCleanup: boolean;
  /** Version of the newest commit that changed a tracked table. */
  version: number;
  /** When commits got their versions, oldest first; those that clean-up has passed are gone. */
  #commits: { readonly version: number; readonly seq: number; readonly ms: number }[] = [];
  /** Version of the newest commit that is not in the list any more. */
  #before: number;

  constructor(options: TrackingOptions, version = 0) {
    this.retention = options.retention;
    this.unit = options.unit;
    this.autoCleanup = options.autoCleanup;
    this.version = version;
    this.#before = version;
  }

  get options(): TrackingOptions {
    return { retention: this.retention, unit: this.unit, autoCleanup: this.autoCleanup };
  }

  /** Commits that clean-up has not passed, oldest first. */
  get commits(): readonly { readonly version: number; readonly ms: number }[] {
    return this.#commits;
  }

  /** The next version, for a commit. */
  next(seq: number, ms: number): number {
    this.version++;
    this.#commits.push({ version: this.version, seq, ms });
    return this.version;
  }

  /** CHANGE_TRACKING_CURRENT_VERSION for a reader at `snapshot`. */
  versionAt(snapshot: number): number {
    return this.#commits.findLast((commit) => commit.seq <= snapshot)?.version ?? this.#before;
  }

  /** Puts the commits of before a restart back, oldest first. */
  restore(commits: Iterable<readonly [version: number, ms: number]>): void {
    for (const [version, ms] of commits) {
      this.version = Math.max(this.version, version);
      this.#commits.push({ version, seq: 0, ms });
    }
  }

  /** The newest version that is older than the retention, and forgets commits up to it; null without one or without AUTO_CLEANUP. */
  expire(nowMs: number): number | null {
    if (!this.autoCleanup) return null;
    const until = nowMs - this.retention * UNIT_MS[this.unit];
    let expired: number | null = null;
    while (this.#commits.length > 0 && this.#commits[0]!.ms < until) expired = this.#commits.shift()!.version;
    if (expired !== null) this.#before = expired;
    return expired;
  }
}

export type RetentionUnit = 'MINUTES' | 'HOURS' | 'DAYS';

export interface TrackingOptions {
  readonly retention: number;
  readonly unit: RetentionUnit;
  readonly autoCleanup: boolean;
}

/** What ON alone means. */
export const DEFAULT_TRACKING: TrackingOptions = { retention: 2, unit: 'DAYS', autoCleanup: true };

const UNIT_MS: Readonly<Record<RetentionUnit, number>> = { MINUTES: 60_000, HOURS: 3_600_000, DAYS: 86_400_000 };
