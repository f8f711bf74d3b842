import type { CaptureSettings } from '#connectors/capture/settings.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { sourceRules } from './captureRules.ts';
import type { CapturePart } from './captures.ts';

/** The settings of one capture of the configuration. */
export function captureSettings(config: Config, part: CapturePart): CaptureSettings {
  const { heartbeatIntervalMs } = config.publish;
  const { idleWriteMs } = config.capture;
  return {
    ...config.capture,
    // A heartbeat goes out with a position.
    idleWriteMs: heartbeatIntervalMs > 0 ? Math.min(idleWriteMs, heartbeatIntervalMs) : idleWriteMs,
    database: part.database,
    timeZone: config.source.timeZone ?? null,
    tables: part.tables,
    rules: sourceRules(config),
  };
}
