import { DEFAULT_SCHEMA_CHANGE } from '#connectors/capture/schemaSettings.ts';
import type { CaptureSettings } from '#connectors/capture/settings.ts';
import { NO_RULES } from '#connectors/capture/tableRules.ts';

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
    schemaChange: DEFAULT_SCHEMA_CHANGE,
    ...given,
  };
}
