import type { NamePattern } from './namePattern.ts';
import type { SchemaChangeSettings } from './schemaSettings.ts';
import type { SourceRules } from './tableRules.ts';

/** How the capture works; the defaults are in infra/runtime/config. */
export interface CaptureSettings {
  /** Database whose changes are captured. */
  readonly database: string;
  /** Tables to capture, as names or patterns. */
  readonly tables: readonly NamePattern[];
  /** What of them may leave the source. */
  readonly rules: SourceRules;
  /** The server's time zone as in sys.time_zone_info; null or missing: the server is asked. */
  readonly timeZone?: string | null;
  /** Milliseconds between polls while there is work. */
  readonly pollIntervalMs: number;
  /** Milliseconds between polls when the source is quiet. */
  readonly maxPollIntervalMs: number;
  /** Rows of one page of a change table. */
  readonly pageRows: number;
  /** Changes in one write to the sink. */
  readonly maxBatchRows: number;
  /** Rows of one snapshot chunk. */
  readonly snapshotChunkRows: number;
  /** How often the state is written while nothing changes, ms: so it never falls behind the source's clean-up. */
  readonly idleWriteMs: number;
  /** How often readers are told how far everything was written while nothing changes, ms. */
  readonly progressIntervalMs: number;
  /** What becomes of a table whose changes were cleaned up before they were read. */
  readonly onLoss: 'resnapshot' | 'stop';
  readonly snapshot: SnapshotSettings;
  readonly schemaChange: SchemaChangeSettings;
}

/** How rows are read. */
export interface SnapshotSettings {
  /**
   * `initial`: new tables are read once. `never`: no table is read, changes from now on only. `when-needed`: as `initial`, and a table whose
   * changes were lost is read again whatever `onLoss` says. `only`: the capture ends when every table was read.
   */
  readonly mode: 'initial' | 'never' | 'when-needed' | 'only';
  /** Chunks read at the same time. */
  readonly readers: number;
  /** Megabytes of chunks that may wait for the stream. */
  readonly bufferMegabytes: number;
  /** How a chunk learns which state it shows; see snapshotIsolation.ts. */
  readonly isolation: 'auto' | 'snapshot' | 'read-committed';
  /** By `schema.table`; all rows of those that are not named. */
  readonly tables: Readonly<Record<string, TableSelection>>;
}

/** Which rows of a table are read: those a filter takes (snapshotFilter.ts), or none at all. */
export type TableSelection = { readonly where: string } | 'none';
