import type { Queryable } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import {
  continuityOf,
  finding,
  findingOfError,
  type HealthLimits,
  judgeSource,
  type SourceFacts,
  type SourceFinding,
  type SourceMark,
} from './health.ts';
import { FactReader } from './healthFacts.ts';
import { SOURCE_STATES } from './healthStates.ts';
import type { CaptureObserver } from './notifications.ts';
import { ScanProof } from './scanProof.ts';

/** A source that tells when it may have become another one. */
type WatchedDatabase = Queryable & { readonly connectionsOpened?: number };

/** What a poll saw. */
export interface SourceObservation {
  /** Newest captured LSN of the database. */
  readonly maxLsn: Lsn | null;
  /** Newest change of any captured table. */
  readonly newestLsn: Lsn | null;
  /** Capture instances that are gone. */
  readonly missing: readonly string[];
}

export interface SourceWatchOptions extends HealthLimits {
  /** Between two looks at a quiet source, ms: each is one statement. */
  readonly checkIntervalMs: number;
  /** A refused login is tried again at this pace, ms: many tries in a row may lock it. */
  readonly loginRetryMs: number;
  readonly observer: CaptureObserver;
  readonly clock?: Clock;
}

/** The state of the source as it is shown. */
export interface SourceStatus extends SourceFinding {
  /** ISO 8601. */
  readonly since: string;
  /** What cannot be seen with the login's rights, or does not exist on this server. */
  readonly hidden: readonly string[];
}

const NOTHING_SEEN: SourceObservation = { maxLsn: null, newestLsn: null, missing: [] };
/** The mark must stay inside what clean-up keeps: it is taken anew this often while changes flow, ms. */
const MARK_EVERY_MS = 60_000;

/**
 * Watches how the source is, over all sessions of a capture. While changes flow it asks nothing but once a minute; on a quiet source one
 * statement every few seconds tells whether the capture job lives.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #clock: Clock;
  readonly #reader = new FactReader();
  #db: WatchedDatabase | null = null;
  /** Connections there were before the newest look. */
  #connections = 0;
  /** The server that answered it. */
  #server: string | null = null;
  #finding: SourceFinding = finding('unknown', '');
  #sinceMs: number;
  #mark: SourceMark | null = null;
  #beganAtMs: number;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #changedAtMs: number | null = null;
  #provedAtMs: number | null = null;
  #signature: string | null = null;
  readonly #scans = new ScanProof();
  #seen: SourceObservation = NOTHING_SEEN;
  #polls = 0;
  #pending = false;

  constructor(options: SourceWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sinceMs = this.#clock.now();
    this.#beganAtMs = this.#sinceMs;
  }

  /** What to store with the position; null until a transaction was seen. */
  get mark(): SourceMark | null {
    return this.#mark;
  }

  get capturedToMs(): number | null {
    return this.#scans.capturedToMs;
  }

  status(): SourceStatus {
    return { ...this.#finding, since: new Date(this.#sinceMs).toISOString(), hidden: this.#reader.hidden };
  }

  /**
   * Starts a session: proves that the source's log continues the one that was captured. `stored` is the mark kept with the position.
   * @throws SluiceError CDC_SOURCE_REWOUND, CDC_SOURCE_DIVERGED, and what the source answers
   */
  async begin(db: WatchedDatabase, stored: SourceMark | null, signal: AbortSignal): Promise<void> {
    this.#db = db;
    this.#reader.forget();
    this.#mark = stored ?? this.#mark;
    this.#seen = NOTHING_SEEN;
    this.#polls = 0;
    this.#proveAnew();
    await this.#look(signal);
  }

  /** @throws SluiceError CDC_SOURCE_REWOUND, CDC_SOURCE_DIVERGED */
  async polled(seen: SourceObservation, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const before = this.#seen;
    this.#seen = seen;
    const first = this.#polls++ === 0;
    if (!first && seen.maxLsn !== before.maxLsn) this.#provedAtMs = now;
    if (!first && seen.newestLsn !== before.newestLsn) this.#changedAtMs = now;
    const reconnected = (this.#db!.connectionsOpened ?? 0) !== this.#connections;
    if (reconnected || (this.#pending && seen.maxLsn !== null)) return this.#look(signal);
    const { quietAfterMs, checkIntervalMs } = this.#options;
    const flowing = this.#provedAtMs !== null && now - this.#provedAtMs < quietAfterMs;
    const sameMissing = seen.missing.join() === before.missing.join();
    if (now - this.#askedAtMs >= (flowing && sameMissing ? MARK_EVERY_MS : checkIntervalMs)) return this.#look(signal);
    if (flowing && sameMissing && seen.missing.length === 0) {
      const changing = this.#changedAtMs !== null && now - this.#changedAtMs < quietAfterMs;
      this.#becomes(finding(changing ? 'changing' : 'quiet', ''));
    }
  }

  /**
   * Tells what an error says about the source. `waits`: a capture that has worked before should wait and show the state rather than end;
   * `pauseMs`: at this pace, null for the usual one.
   */
  failed(error: unknown): { readonly waits: boolean; readonly pauseMs: number | null } {
    const found = findingOfError(error);
    if (!found) return { waits: false, pauseMs: null };
    this.#becomes(found);
    return {
      waits: SOURCE_STATES[found.state].effect !== 'stops',
      pauseMs: found.state === 'login_refused' ? this.#options.loginRetryMs : null,
    };
  }

  /** Nothing seen so far says that the capture job works where we read now. */
  #proveAnew(): void {
    this.#beganAtMs = this.#clock.now();
    this.#changedAtMs = null;
    this.#provedAtMs = null;
    this.#signature = null;
    this.#scans.forget();
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.#askedAtMs = this.#clock.now();
    this.#connections = this.#db!.connectionsOpened ?? 0;
    const facts = await this.#reader.read(this.#db!, this.#mark?.lsn ?? null, this.#askedAtMs, signal);
    if (this.#server !== null && facts.server !== this.#server) this.#proveAnew();
    this.#server = facts.server;
    const now = this.#clock.now();
    this.#scans.looked(facts.scan.seen ? (facts.scan.value?.mark ?? null) : null, this.#askedAtMs);
    const signature = facts.scan.seen ? (facts.scan.value?.signature ?? null) : null;
    const failing = facts.scan.seen && (facts.scan.value?.errorCount ?? 0) > 0;
    if (signature !== this.#signature && this.#signature !== null && !failing) this.#provedAtMs = now;
    this.#signature = signature;
    const ago = (ms: number | null): number | null => (ms === null ? null : now - ms);
    const found = judgeSource(
      facts,
      {
        changedAgoMs: ago(this.#changedAtMs),
        provedAgoMs: ago(this.#provedAtMs),
        watchedMs: now - this.#beganAtMs,
        missing: this.#seen.missing,
        stored: this.#mark,
      },
      this.#options,
    );
    this.#pending = continuityOf(this.#mark, facts) === 'pending';
    this.#becomes(found);
    if (found.state === 'rewound' || found.state === 'diverged') throw brokenHistory(found);
    this.#remember(facts);
  }

  /** Marks the newest transaction. A new server's name counts only once the job was seen at work there. */
  #remember(facts: SourceFacts): void {
    if (!facts.newest || this.#pending) return;
    this.#mark = {
      server: this.#provedAtMs !== null || !this.#mark ? facts.server : this.#mark.server,
      created: facts.created,
      fork: facts.fork.seen ? facts.fork.value.guid : (this.#mark?.fork ?? null),
      lsn: facts.newest.lsn,
      endTime: facts.newest.endTime,
      tranId: facts.newest.tranId,
    };
  }

  #becomes(found: SourceFinding): void {
    const before = this.#finding;
    this.#finding = found;
    if (before.state === found.state) return;
    this.#sinceMs = this.#clock.now();
    const usual = before.severity === 'ok' && found.severity === 'ok';
    // A shop pauses and goes on all day: no news for anybody.
    if (usual || (before.state === 'unknown' && found.severity === 'ok')) return;
    this.#options.observer.notify({
      type: 'source_state',
      from: before.state,
      to: found.state,
      severity: found.severity,
      reason: found.reason,
      remedy: found.remedy,
    });
  }
}

function brokenHistory(found: SourceFinding): SluiceError {
  const code = found.state === 'rewound' ? 'CDC_SOURCE_REWOUND' : 'CDC_SOURCE_DIVERGED';
  return new SluiceError(code, `The source's log does not continue the captured one: ${found.reason}`, {
    hint: found.remedy,
  });
}
