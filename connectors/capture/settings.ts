/** How the capture works; the defaults are in infra/runtime/config. */
export interface CaptureSettings {
  /** Database whose changes are captured. */
  readonly database: string;
  /** `schema.table` of each table. */
  readonly tables: readonly string[];
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
}
