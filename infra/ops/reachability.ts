import type { PreflightResult } from '#connectors/sqlserver/preflight.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

const TIMEOUT_MS = 5000;

/** Whether Kafka, the registry, Elasticsearch and Redis answer. Never throws: a failure is a result. */
export async function checkReachability(config: Config): Promise<PreflightResult[]> {
  return Promise.all([
    attempt(
      'Kafka',
      `brokers ${config.kafka.brokers.join(', ')} answer`,
      'Check kafka.brokers and that the brokers run.',
      async () => {
        const kafka = createKafkaClient(config.kafka, silentLogger);
        try {
          return `${(await kafka.listTopics()).length} topics`;
        } finally {
          await kafka.close();
        }
      },
    ),
    attempt(
      'schema registry',
      `${config.registry.url}/subjects answers`,
      'Check registry.url and that the registry runs.',
      async () => {
        const subjects = (await getJson(`${config.registry.url}/subjects`)) as unknown[];
        return `${subjects.length} subjects`;
      },
    ),
    attempt(
      'Elasticsearch',
      `${config.elasticsearch.url} is yellow or green`,
      'Check elasticsearch.url and the cluster’s health.',
      async () => {
        const health = (await getJson(`${config.elasticsearch.url}/_cluster/health`)) as { status: string };
        if (health.status === 'red') throw new Error('status red');
        return `status ${health.status}`;
      },
    ),
    attempt('Redis', 'answers PING', 'Check redis.url and that Redis runs.', async () => {
      const redis = new RedisClient({ ...config.redis, name: 'sluice-check', log: silentLogger });
      try {
        await redis.ready(undefined, 2);
        return 'PONG';
      } finally {
        await redis.close();
      }
    }),
  ]);
}

/** Runs one look and turns whatever happens into a result. */
async function attempt(
  check: string,
  expected: string,
  hint: string,
  look: () => Promise<string>,
): Promise<PreflightResult> {
  try {
    return { check, ok: true, expected, actual: await look(), hint };
  } catch (error) {
    return {
      check,
      ok: false,
      expected,
      actual: reason(error),
      hint: error instanceof SluiceError ? error.hint : hint,
    };
  }
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const code = cause !== undefined && 'code' in cause ? String(cause.code) : undefined;
  return code === undefined ? error.message : `${error.message} (${code})`;
}
