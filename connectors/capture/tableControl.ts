import { type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CommitTimeOf } from './commitTimeOf.ts';
import type { CaptureNotification, CaptureObserver } from './notifications.ts';
import { beforeLsn, commitLsnOf, laterOf, neededFrom, type Position, snapshotPosition } from './position.ts';
import type { SnapshotFailure, SnapshotJob, SnapshotReading, TableActions, TableVersions } from './sessionHooks.ts';
import type { SessionState } from './sessionState.ts';
import type { CaptureSettings } from './settings.ts';
import { reasonOf, tableCodeOf } from './tableErrors.ts';
import type { AdHocSnapshot, SnapshotProgress, SnapshotReason, TableState, TableStop } from './types.ts';

export interface TableControlOptions {
  readonly state: SessionState;
  readonly settings: Pick<CaptureSettings, 'onLoss' | 'snapshot'>;
  readonly observer: CaptureObserver;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timeOf: CommitTimeOf;
}

/** Stops, resumes and re-reads tables one by one: what changes in the state, what the snapshots must forget, who is told. */
export class TableControl implements TableActions {
  readonly #options: TableControlOptions;
  readonly #state: SessionState;
  #snapshots: SnapshotReading | undefined;
  #versions: TableVersions | undefined;

  constructor(options: TableControlOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  /** What reads snapshots and follows versions, when they are there: they are made with this object. */
  attach(snapshots: SnapshotReading, versions: TableVersions): void {
    this.#snapshots = snapshots;
    this.#versions = versions;
  }

  stateOf(tableId: string): TableState | undefined {
    return this.#state.table(tableId);
  }

  placeOf(tableId: string): Position {
    return this.#state.placeOf(tableId);
  }

  notify(notification: CaptureNotification): void {
    this.#options.observer.notify(notification);
  }

  stop(tableId: string, stop: Pick<TableStop, 'code' | 'reason' | 'held'>, at = this.placeOf(tableId)): void {
    const { code, reason, held } = stop;
    this.#state.stop(tableId, { code, reason, held, at, sinceMs: this.#options.clock.now() });
    const type = held ? 'table_held' : 'table_stopped';
    this.#options.log[held ? 'warn' : 'error']({ event: type, table: tableId, errorCode: code, reason, at });
    this.notify({ type, table: tableId, code, reason, at });
  }

  resume(tableId: string, how: 'catch-up' | 'snapshot'): void {
    if (!this.#state.table(tableId)?.stopped) return;
    this.#versions?.retry(tableId);
    if (how === 'catch-up') {
      this.#state.resume(tableId);
    } else {
      this.#snapshots?.drop(tableId);
      // Whatever was deleted in the stretch that is left out has an older newest record in the topic.
      this.#state.resumeAnew(tableId, this.#pending('requested', snapshotPosition(commitLsnOf(this.#state.position))));
    }
    const at = this.placeOf(tableId);
    this.#options.log.info({ event: 'table_resumed', table: tableId, how, at });
    this.notify({ type: 'table_resumed', table: tableId, how, at });
  }

  resnapshot(tableId: string, reason: SnapshotReason, sweep?: Position): void {
    this.#snapshots?.drop(tableId);
    this.#state.wantSnapshot(tableId, this.#pending(reason, sweep));
  }

  addSnapshot(snapshot: Omit<AdHocSnapshot, 'progress' | 'paused' | 'requestedAtMs'>, reason: SnapshotReason): void {
    if (this.#state.snapshots.some((s) => s.id === snapshot.id)) return;
    // One with this id may have been stopped a moment ago.
    this.#snapshots?.drop(snapshot.id);
    const added = {
      ...snapshot,
      // Keys that were asked for are looked up as a sweep looks up those of the topic, so the job is not over before that.
      progress: this.#pending(reason, snapshot.keys && snapshotPosition(ZERO_LSN)),
      paused: false,
      requestedAtMs: this.#options.clock.now(),
    };
    this.#state.setSnapshots([...this.#state.snapshots, added]);
  }

  /**
   * An error came up that concerns one table: lost changes follow the policy, anything else stops it.
   * @throws the error itself when it concerns the whole capture
   */
  async failed(tableId: string, error: unknown): Promise<void> {
    const code = tableCodeOf(error);
    if (code === null) throw error;
    const mark = code === 'CDC_LSN_NOT_AVAILABLE' && error instanceof SluiceError ? error.context['minLsn'] : undefined;
    if (typeof mark === 'string') await this.lost(tableId, mark as Lsn);
    else this.stop(tableId, { code, reason: reasonOf(error), held: code === 'SQL_PERMISSION_DENIED' });
  }

  /** Clean-up took changes of the table between its place and this low-water mark. */
  async lost(tableId: string, mark: Lsn): Promise<void> {
    const { settings, log, timeOf } = this.#options;
    const { mode } = settings.snapshot;
    const place = this.placeOf(tableId);
    const afterLsn = commitLsnOf(place);
    const resnapshot = mode !== 'never' && (settings.onLoss === 'resnapshot' || mode === 'when-needed');
    const action = resnapshot ? 'resnapshot' : 'stop';
    const ownPlace = this.#state.table(tableId)!.position !== undefined;
    const fromMs = ownPlace ? await timeOf(afterLsn, 'exactly') : this.#state.current.positionTimeMs;
    const toMs = await timeOf(mark, 'first at or after');
    log.error({ event: 'table_changes_lost', table: tableId, afterLsn, beforeLsn: mark, fromMs, toMs, action });
    this.notify({ type: 'table_changes_lost', table: tableId, afterLsn, beforeLsn: mark, fromMs, toMs, action });
    if (resnapshot) {
      for (const job of this.#jobsOf(tableId)) this.#snapshots?.drop(job);
      const from = laterOf(place, beforeLsn(mark));
      this.#state.lost(tableId, this.#pending('lost', snapshotPosition(mark)), from);
    } else {
      const reason = `changes after ${afterLsn} and before ${mark} were cleaned up before they were read; resume the table with a snapshot`;
      this.stop(tableId, { code: 'CDC_LSN_NOT_AVAILABLE', reason, held: false });
    }
  }

  /** Looks whether clean-up has passed a table's place. `mark`: its low-water mark. */
  async checkLoss(tableId: string, mark: Lsn): Promise<void> {
    const table = this.#state.table(tableId);
    if (!table || mark <= neededFrom(this.placeOf(tableId)) || table.stopped?.code === 'CDC_LSN_NOT_AVAILABLE') return;
    await this.lost(tableId, mark);
  }

  /** A snapshot cannot be read: a table's own stops the table, one that was asked for is over. @throws what concerns the whole capture */
  async snapshotFailed({ job, table, error }: SnapshotFailure): Promise<void> {
    if (job === table) return this.failed(table, error);
    if (isRetriable(error) || !(error instanceof SluiceError)) throw error;
    this.#options.log.error({ event: 'snapshot_aborted', id: job, table, ...errorFields(error) });
    this.#state.setSnapshots(this.#state.snapshots.filter((s) => s.id !== job));
    this.notify({ type: 'snapshot_aborted', id: job, table });
  }

  /** The snapshots that are to be read now. */
  jobs(configured: readonly string[]): SnapshotJob[] {
    const state = this.#state;
    const versions = this.#versions;
    if (state.paused || !versions) return [];
    const own = configured.flatMap((id): SnapshotJob[] => {
      const table = state.table(id)!;
      if (table.stopped || table.snapshotPaused || table.snapshot.state === 'done') return [];
      return [{ id, table: versions.newest(id), progress: table.snapshot }];
    });
    const asked = state.snapshots.flatMap(
      ({ id, table, where, fromKey, toKey, keys, progress, paused }): SnapshotJob[] => {
        const of = state.table(table);
        if (paused || !of || of.stopped || !configured.includes(table)) return [];
        return [
          {
            id,
            table: versions.newest(table),
            progress,
            ...(where !== undefined && { where }),
            ...(fromKey && { fromKey }),
            ...(toKey && { toKey }),
            ...(keys && { keys }),
          },
        ];
      },
    );
    return [...own, ...asked];
  }

  #jobsOf(tableId: string): string[] {
    return [tableId, ...this.#state.snapshots.filter((s) => s.table === tableId).map((s) => s.id)];
  }

  #pending(reason: SnapshotReason, sweep?: Position): SnapshotProgress {
    return { state: 'pending', lastKey: null, rows: 0, reason, ...(sweep !== undefined && { sweep }) };
  }
}
