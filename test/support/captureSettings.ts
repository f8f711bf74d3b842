import { preflightNeeds } from '#connectors/capture/preflightNeeds.ts';
import type { SchemaChangeSettings } from '#connectors/capture/schemaSettings.ts';
import type { CaptureSettings } from '#connectors/capture/settings.ts';
import type { SourceRules } from '#connectors/capture/tableRules.ts';
import type { PreflightNeeds } from '#connectors/sqlserver/preflight.ts';

/** Everything is carried as it is. */
export const NO_RULES: SourceRules = {
  excludeTables: [],
  includeColumns: null,
  excludeColumns: [],
  masks: [],
  unsupportedColumns: 'fail',
  outOfRangeTimes: 'saturate',
  messageKeys: [],
};

/** Nothing is done at the source. */
const SCHEMA_CHANGE: SchemaChangeSettings = {
  onNewColumn: 'report',
  take: 'complete',
  backfill: true,
  createInstances: false,
  dropOldInstances: false,
};

/** Settings of a capture, with defaults fit for tests where nothing else is said. */
export function captureSettings(
  given: Pick<CaptureSettings, 'database' | 'tables'> & Partial<CaptureSettings>,
): CaptureSettings {
  return {
    rules: NO_RULES,
    pollIntervalMs: 10,
    maxPollIntervalMs: 20,
    pageRows: 200,
    maxBatchRows: 500,
    snapshotChunkRows: 100,
    idleWriteMs: 10_000,
    progressIntervalMs: 1000,
    onLoss: 'resnapshot',
    snapshot: { mode: 'initial', readers: 2, bufferMegabytes: 64, isolation: 'snapshot', tables: {} },
    schemaChange: SCHEMA_CHANGE,
    ...given,
  };
}

/** What has to be looked at before a capture of these tables as they are, with exact snapshots. */
export function plainNeeds(database: string, tables: readonly string[]): PreflightNeeds {
  return preflightNeeds(captureSettings({ database, tables }));
}
