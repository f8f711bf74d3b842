import { command, RedisClient, type RedisCommands } from '#infra/redis/client.ts';
import { Gauge, type Registry } from '#infra/runtime/metrics.ts';
import type { VerifyReport } from './report.ts';
import type { VerifyOptions } from './verifyCopies.ts';

/** What is remembered of the last run over everything. */
export interface VerifySummary {
  readonly endedAtMs: number;
  readonly seconds: number;
  readonly differences: number;
  readonly undecided: number;
}

function summaryKey(redis: RedisCommands): string {
  return redis.key('{verify}', 'last');
}

/** Remembers a run that compared everything, so that the consumers' operations endpoint can tell of it. */
export async function storeSummary(options: VerifyOptions, report: VerifyReport): Promise<void> {
  if (options.tables || options.documents || options.keys || (options.sample ?? 1) < 1) return;
  const redis = new RedisClient({ ...options.config.redis, name: 'sluice-verify', log: options.log });
  try {
    const summary: VerifySummary = {
      endedAtMs: Date.parse(report.startedAt) + report.seconds * 1000,
      seconds: report.seconds,
      differences: report.differenceCount,
      undecided: report.undecidedCount,
    };
    await redis.send(command('SET', summaryKey(redis), JSON.stringify(summary)));
  } finally {
    await redis.close();
  }
}

/** The last run; null when there was none. */
export async function readSummary(redis: RedisCommands): Promise<VerifySummary | null> {
  const text = (await redis.send(command('GET', summaryKey(redis)))) as string | null;
  return text === null ? null : (JSON.parse(text) as VerifySummary);
}

/** Metrics of the last run, read when they are asked for; absent while there was none, or while Redis is away. */
export function registerVerifyMetrics(registry: Registry, redis: RedisCommands): void {
  const gauge = (name: string, help: string, pick: (summary: VerifySummary) => number): void => {
    const metric: Gauge = new Gauge({
      ...{ name, help, registers: [registry] },
      async collect() {
        const summary = await readSummary(redis).catch(() => null);
        if (summary === null) this.reset();
        else this.set(pick(summary));
      },
    });
    metric.reset();
  };
  gauge('sluice_verify_differences', 'Differences the last sluice verify found.', ({ differences }) => differences);
  gauge('sluice_verify_undecided', 'What the last sluice verify could not decide.', ({ undecided }) => undecided);
  gauge('sluice_verify_last_run_timestamp_seconds', 'When the last sluice verify ended.', (s) => s.endedAtMs / 1000);
  gauge('sluice_verify_duration_seconds', 'How long the last sluice verify took.', ({ seconds }) => seconds);
}
