import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import type { CaptureSignal } from './control.ts';
import type { SourceSeverity, SourceStateName } from './healthStates.ts';
import type { Position } from './position.ts';
import type { SnapshotReason } from './types.ts';

/**
 * What happens in a capture that somebody may want to act on. `type` is what programs decide on; times are ms since 1970 UTC. Never rows
 * or key values beyond what an operator gave.
 */
export type CaptureNotification =
  // Snapshots. `id`: the table's for its own snapshot, else the ad-hoc snapshot's.
  | { readonly type: 'snapshot_started'; readonly id: string; readonly table: string; readonly reason: SnapshotReason }
  | {
      readonly type: 'snapshot_progress';
      readonly id: string;
      readonly table: string;
      readonly rows: number;
      readonly totalRows: number | null;
      readonly rowsPerSecond: number;
      readonly etaMs: number | null;
    }
  | { readonly type: 'snapshot_table_completed'; readonly id: string; readonly table: string; readonly rows: number }
  /** Every table's own snapshot is done. */
  | { readonly type: 'snapshot_completed'; readonly tables: number }
  | {
      readonly type: 'snapshot_paused' | 'snapshot_resumed' | 'snapshot_aborted';
      readonly id: string;
      readonly table: string;
    }
  // Tables.
  | {
      readonly type: 'table_stopped' | 'table_held';
      readonly table: string;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly at: Position;
    }
  /** `at`: the table's changes go on from here. */
  | {
      readonly type: 'table_resumed';
      readonly table: string;
      readonly how: 'catch-up' | 'snapshot';
      readonly at: Position;
    }
  | { readonly type: 'table_caught_up'; readonly table: string; readonly at: Position }
  | {
      readonly type: 'table_changes_lost';
      readonly table: string;
      /** Changes after this LSN … */
      readonly afterLsn: Lsn;
      /** … and before this one were cleaned up unread. */
      readonly beforeLsn: Lsn;
      /** Commit times of the two; null when the source does not know any more. */
      readonly fromMs: number | null;
      readonly toMs: number | null;
      readonly action: 'resnapshot' | 'stop';
    }
  // Schema (connectors/capture/schema*.ts).
  | {
      readonly type: 'instance_switched';
      readonly table: string;
      readonly from: string;
      readonly to: string;
      readonly at: Position;
    }
  /** A newer instance lacks columns that are captured now and the table still has. */
  | {
      readonly type: 'instance_not_taken';
      readonly table: string;
      readonly instance: string;
      readonly lacks: readonly string[];
    }
  /** The position that is stored has passed the switch: nobody here needs the old instance any more. `script`: T-SQL for a db_owner. */
  | {
      readonly type: 'instance_may_be_dropped';
      readonly table: string;
      readonly instance: string;
      readonly script: string;
    }
  | { readonly type: 'instance_created' | 'instance_dropped'; readonly table: string; readonly instance: string }
  | { readonly type: 'schema_change_seen'; readonly table: string; readonly ddlLsn: Lsn; readonly command: string }
  /** The table stops right before `fromLsn`: until a person resumes it, or (held) until what it waits for is there. */
  | {
      readonly type: 'schema_incompatible' | 'schema_change_held';
      readonly table: string;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly fromLsn: Lsn;
    }
  /** Columns were added that the capture instance does not hold. `script`: T-SQL for a db_owner that makes one which does. */
  | {
      readonly type: 'column_not_captured';
      readonly table: string;
      readonly columns: readonly string[];
      readonly sinceLsn: Lsn;
      readonly script: string;
    }
  /** Records of commits in [sinceLsn, untilLsn) lack these columns; repaired: the rows are read again. */
  | {
      readonly type: 'column_gap';
      readonly table: string;
      readonly columns: readonly string[];
      readonly sinceLsn: Lsn;
      readonly untilLsn: Lsn;
      readonly repaired: boolean;
    }
  /** The table has another name at the source; topic and table id stay. */
  | { readonly type: 'table_renamed'; readonly table: string; readonly to: string }
  // Control.
  | { readonly type: 'paused' | 'resumed' }
  | { readonly type: 'signal_applied'; readonly offset: string; readonly signal: CaptureSignal['type'] }
  | { readonly type: 'signal_refused'; readonly offset: string; readonly reason: string }
  | { readonly type: 'log'; readonly message: string }
  // Source and standby (connectors/capture/health*.ts, infra/kafka/lease.ts).
  | {
      readonly type: 'source_state';
      readonly from: SourceStateName;
      readonly to: SourceStateName;
      readonly severity: SourceSeverity;
      readonly reason: string;
      readonly remedy: string;
    }
  | { readonly type: 'active' | 'standby'; readonly reason: string };

/** Hears of notifications. Must return at once and never throw; what it does with them happens on its own time. */
export interface CaptureObserver {
  notify(notification: CaptureNotification): void;
  /** After every poll, changes or not. */
  progress?(progress: CaptureProgress): void;
}

/** How far the capture is. */
export interface CaptureProgress {
  readonly position: Position;
  /** Newest LSN the capture job has made available. */
  readonly sourceMaxLsn: Lsn | null;
  /** Commit time of the position, ms since 1970 UTC; null when it is not known. */
  readonly positionTimeMs: number | null;
  readonly atMs: number;
  /** True when this poll wrote something. */
  readonly wrote: boolean;
}
