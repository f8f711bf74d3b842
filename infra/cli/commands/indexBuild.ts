import { catalogConsumer } from '#consumers/catalog/catalogConsumer.ts';
import { createElastic } from '#consumers/catalog/elastic.ts';
import type { BuildState } from '#consumers/catalog/indexBuild.ts';
import { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { createRunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { RedisClient } from '#infra/redis/client.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { isAbort } from '#infra/runtime/errors.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { documentNamed, rowsTopics } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { print, printJson } from '../output.ts';
import type { BuildOptions } from './index.ts';

const LOOK_MS = 200;

/**
 * Runs the consumer of one document type until its index is filled, has caught up and equals the rows (or until Ctrl-C with --follow). A build
 * that is broken off goes on where it was. Exit code 4 when the index differs from the rows.
 */
export async function build(type: string, options: BuildOptions): Promise<number> {
  const config = await loadConfig(options.config);
  const definition = documentNamed(config, type);
  if (!options.execute) {
    print(
      `dry run: would build ${type} v${definition.version}; \`sluice index plan\` shows what there is, --execute builds`,
    );
    return EXIT.ok;
  }
  const log = createLogger('index', options.logLevel);
  const kafka = createKafkaClient(config.kafka, log);
  const redis = new RedisClient({ ...config.redis, name: 'sluice-index', log });
  const elastic = createElastic(config.elasticsearch);
  const { groupPrefix, maxBatchRecords, refreshIntervalMs } = config.consumers;
  const deadLetters = new DeadLetters(kafka, groupPrefix, config.kafka);
  const consumer = catalogConsumer({
    kafka,
    redis,
    elastic,
    deadLetters,
    metrics: createRunnerMetrics(createMetrics()),
    log,
    definition,
    groupPrefix,
    rowsTopics: rowsTopics(config),
    indexPrefix: config.elasticsearch.indexPrefix,
    maxBatchRecords,
    refreshIntervalMs,
    swapIndex: options.swap ? 'now' : 'by-command',
  });
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const failed = Promise.race(consumer.components.flatMap((component) => component.failed ?? []));
  failed.catch(stop);
  const started = [];
  try {
    await redis.ready(abort.signal);
    await deadLetters.open();
    for (const component of consumer.components) {
      started.push(component);
      await component.start(abort.signal);
    }
    const ended = await watch(() => consumer.status().build, options, abort.signal);
    if (options.json) printJson(consumer.status());
    else print(`${consumer.status().index}: ${ended.state}`);
    return ended.state === 'differs' ? EXIT.unhealthy : EXIT.ok;
  } catch (error) {
    if (!isAbort(error)) throw error;
    // A failed consumer aborts too: its own error is what to show.
    return await Promise.race([failed, Promise.resolve(EXIT.ok)]);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    abort.abort();
    for (const component of started.reverse()) await component.stop();
    await deadLetters.close();
    await Promise.all([kafka.close(), redis.close(), elastic.close()]);
  }
}

/** Shows the progress until the building has ended; with `follow` until the signal fires. */
async function watch(
  stateOf: () => BuildState | null,
  { follow, swap }: BuildOptions,
  signal: AbortSignal,
): Promise<BuildState> {
  let shown = '';
  for (;;) {
    const state = stateOf();
    const line = lineOf(state);
    if (process.stderr.isTTY && line !== shown) process.stderr.write(`\r\u001b[K${line}`);
    shown = line;
    const ended = state?.state === 'differs' || state?.state === 'live' || (state?.state === 'ready' && !swap);
    if (state !== null && ended && !follow) {
      if (process.stderr.isTTY) process.stderr.write('\n');
      return state;
    }
    await systemClock.sleep(LOOK_MS, signal);
  }
}

function lineOf(state: BuildState | null): string {
  if (state?.state !== 'filling' || state.progress === null) return state?.state ?? 'opening';
  const { done, total, ratePerSecond, etaSeconds } = state.progress;
  return `filling ${done}/${total}, ${ratePerSecond.toFixed(0)}/s, ${etaSeconds.toFixed(0)} s left`;
}
