import { randomBytes } from 'node:crypto';
import { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { createRunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import { composeWebhooks } from '#infra/cli/roles/webhooks.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { parseConfig } from '#infra/runtime/config/load.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics, type Registry } from '#infra/runtime/metrics.ts';
import type { StackAddresses } from '#infra/stack/stack.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { ChangeFeed } from './changeFeed.ts';
import { DATABASE, orders, SHAPES } from './shopTables.ts';

const log = process.env['SLUICE_TEST_LOG'] === undefined ? silentLogger : createLogger('test', 'debug');

/** Signing secrets are 24 to 64 random bytes. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export const secretOf = (text: string): Secret => new Secret('test', () => text);

/** An endpoint as the tests want it: local, quick to try again. `secrets` are texts. */
export interface TestEndpoint {
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly string[];
  readonly [option: string]: unknown;
}

/** Only the webhooks of the consumers role, over a source of the test's own. */
export class WebhookRun {
  readonly id: string;
  readonly config: Config;
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly feed: ChangeFeed;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(
    addresses: StackAddresses,
    endpoints: readonly TestEndpoint[],
    id = `w${randomBytes(5).toString('hex')}`,
  ) {
    this.id = id;
    this.config = testConfig(addresses, id, endpoints);
    this.kafka = createKafkaClient({ brokers: this.config.kafka.brokers, clientId: id }, log);
    this.redis = new RedisClient({ ...this.config.redis, name: id, log });
    this.feed = new ChangeFeed(this.kafka, id);
  }

  async open(): Promise<this> {
    await this.feed.open(createRegistry(this.config.registry));
    return this;
  }

  /** One process' worth of webhooks. Gives the function that ends it. */
  async start(config = this.config): Promise<{ readonly registry: Registry; stop(): Promise<void> }> {
    const abort = new AbortController();
    const registry = createMetrics();
    const { groupPrefix } = config.consumers;
    const kafka = createKafkaClient({ brokers: config.kafka.brokers, clientId: this.id }, log);
    const redis = new RedisClient({ ...config.redis, name: this.id, log });
    const deadLetters = new DeadLetters(kafka, groupPrefix, { partitions: 2, replicationFactor: 1 });
    await deadLetters.open();
    const { components } = composeWebhooks({
      config,
      webhooks: config.webhooks!,
      kafka,
      redis,
      decoder: createDecoder(createRegistry(config.registry)),
      deadLetters,
      runnerMetrics: createRunnerMetrics(registry),
      registry,
      log,
    });
    for (const component of components) await component.start(abort.signal);
    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      abort.abort();
      for (const component of components.toReversed()) await component.stop();
      await Promise.all([deadLetters.close(), redis.close()]);
      await kafka.close();
    };
    this.#stops.push(stop);
    return { registry, stop };
  }

  /** One version of an order: N new, P picking, S shipped, C cancelled. */
  async order(orderNo: number, ...statuses: string[]): Promise<void> {
    for (const STATUS of statuses)
      await this.feed.put('dbo.ORD', [{ ORD_NO: orderNo, CUST: 7, STATUS, TOTAL: '12.50' }]);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.feed.close();
    await Promise.all([this.redis.close(), this.kafka.close()]);
  }
}

function testConfig(addresses: StackAddresses, id: string, endpoints: readonly TestEndpoint[]): Config {
  return parseConfig({
    source: {
      server: 'unused',
      database: DATABASE,
      user: 'unused',
      password: secretOf('unused'),
      tables: Object.keys(SHAPES),
    },
    kafka: { brokers: addresses.kafka!.brokers, topicPrefix: id, partitions: 2 },
    registry: { url: addresses.registry!.url },
    elasticsearch: { url: 'http://unused.invalid' },
    redis: { url: addresses.redis!.url, keyPrefix: `${id}:` },
    consumers: { groupPrefix: id, maxBatchRecords: 50 },
    catalog: { documents: [] },
    orders,
    webhooks: {
      endpoints: endpoints.map(({ secrets, ...endpoint }) => ({
        allowHttp: true,
        allowPrivateAddresses: true,
        firstRetrySeconds: 0.1,
        maxRetrySeconds: 0.5,
        ...endpoint,
        secrets: secrets.map(secretOf),
      })),
    },
  });
}
