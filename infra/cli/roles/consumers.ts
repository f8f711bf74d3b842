import { catalogConsumer } from '#consumers/catalog/catalogConsumer.ts';
import { createElastic } from '#consumers/catalog/elastic.ts';
import { ordersConsumer } from '#consumers/orders/ordersConsumer.ts';
import { fanOutConsumer } from '#consumers/rows/fanOutConsumer.ts';
import { rowsConsumer } from '#consumers/rows/rowsConsumer.ts';
import { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { progressReader } from '#consumers/runner/progress.ts';
import { progressLoop } from '#consumers/runner/progressLoop.ts';
import { createRunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import { stockConsumer } from '#consumers/stock/stockConsumer.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { registerVerifyMetrics } from '#infra/ops/verify/summary.ts';
import { RedisClient } from '#infra/redis/client.ts';
import { inOrder, together } from '#infra/runtime/composite.ts';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { consumerGroups, orderTopics, rowsTopics, topicOf } from '../consumerGroups.ts';
import { copyAgeMetrics, watchedCopies } from './copyProgress.ts';
import type { RoleContext, RoleParts } from './role.ts';
import { composeWebhooks } from './webhooks.ts';

/** All read models of the configuration: row store and documents, stock levels, order states. */
export async function composeConsumers({ config, log, metrics }: RoleContext): Promise<RoleParts> {
  const { documents } = config.catalog;
  const { groupPrefix, maxBatchRecords, refreshIntervalMs, forgetDeletedAfterHours } = config.consumers;
  const forgetDeletedAfterMs = forgetDeletedAfterHours * 3_600_000;
  const { partitions, replicationFactor } = config.kafka;
  const kafka = createKafkaClient(
    {
      brokers: config.kafka.brokers,
      clientId: `${config.kafka.clientId}-consumers`,
      sessionTimeoutMs: config.consumers.sessionTimeoutMs,
    },
    log,
  );
  const redis = new RedisClient({ ...config.redis, name: 'sluice-consumers', log });
  const elastic = createElastic(config.elasticsearch);
  const topicSpec = { partitions, replicationFactor };
  const deadLetters = new DeadLetters(kafka, groupPrefix, topicSpec);
  const decoder = createDecoder(createRegistry(config.registry));
  const shared = {
    kafka,
    redis,
    decoder,
    deadLetters,
    metrics: createRunnerMetrics(metrics),
    log,
    groupPrefix,
    maxBatchRecords,
  };

  const copiesKept: Component[] = [];
  const status: Record<string, () => unknown> = {};
  if (documents.length > 0) {
    const rows = rowsConsumer({
      ...shared,
      documents,
      topicSpec,
      forgetDeletedAfterMs,
      topicOf: (table) => topicOf(config, table),
    });
    const fan = fanOutConsumer({ ...shared, plans: rows.plans, refreshPlans: rows.refreshPlans });
    copiesKept.push(rows.component, fan.component);
    status['rows'] = rows.status;
    status['fanOut'] = fan.status;
  }
  for (const definition of documents) {
    const catalog = catalogConsumer({
      ...shared,
      rowsTopics: rowsTopics(config),
      elastic,
      definition,
      indexPrefix: config.elasticsearch.indexPrefix,
      refreshIntervalMs,
      swapIndex: config.consumers.swapIndex,
    });
    copiesKept.push(inOrder(`documents ${definition.type}`, catalog.components));
    status[`catalog.${definition.type}`] = catalog.status;
  }
  if (config.stock) {
    const topic = topicOf(config, config.stock.table);
    const stock = stockConsumer({
      ...shared,
      definition: config.stock,
      topic,
      topicSpec,
      forgetDeletedAfterMs,
    });
    copiesKept.push(stock.component);
    status['stock'] = stock.status;
  }
  if (config.orders) {
    const orders = ordersConsumer({ ...shared, definition: config.orders, topics: orderTopics(config) });
    copiesKept.push(orders.component);
    status['orders'] = orders.status;
  }
  if (config.webhooks) {
    const { webhooks } = config;
    const runnerMetrics = shared.metrics;
    const parts = composeWebhooks({ ...shared, config, webhooks, runnerMetrics, registry: metrics });
    copiesKept.push(inOrder('webhooks', parts.components));
    Object.assign(status, parts.status);
  }
  const copies = watchedCopies(config, elastic);
  const { topicPrefix } = config.kafka;
  copiesKept.push(progressLoop({ kafka, redis, topicPrefix, groupPrefix, copies, log }));
  registerVerifyMetrics(metrics, redis);
  copyAgeMetrics(
    metrics,
    progressReader(redis, groupPrefix),
    copies.map(({ name }) => name),
  );
  const components = [
    connections(kafka, redis, deadLetters, () => elastic.close()),
    preparation(kafka, consumerGroups(config), log),
    together('copies', copiesKept),
  ];
  return { components, status };
}

/** Opened first, closed last. */
function connections(
  kafka: KafkaClient,
  redis: RedisClient,
  deadLetters: DeadLetters,
  closeElastic: () => Promise<void>,
): Component {
  return {
    name: 'consumer connections',
    start: async (signal) => {
      await redis.ready(signal, Number.POSITIVE_INFINITY);
      await retry(() => deadLetters.open(), { attempts: Number.POSITIVE_INFINITY, signal });
    },
    stop: async () => {
      await deadLetters.close();
      await kafka.close();
      await Promise.all([redis.close(), closeElastic()]);
    },
  };
}

/** Waits until capture has made the topics. */
function preparation(kafka: KafkaClient, groups: ReturnType<typeof consumerGroups>, log: Logger): Component {
  const foreign = new Set(groups.flatMap(({ own, topics }) => (own ? [] : topics)));
  return {
    name: 'consumer preparation',
    start: async (signal) => {
      await retry(
        async () => {
          const known = new Set(await kafka.listTopics());
          const missing = [...foreign].filter((topic) => !known.has(topic));
          if (missing.length > 0)
            throw new SluiceError('KAFKA_TOPIC_MISSING', `Waiting for capture to make ${missing.join(', ')}.`, {
              retriable: true,
            });
        },
        {
          attempts: Number.POSITIVE_INFINITY,
          maxMs: 1000,
          signal,
          retryIf: isRetriable,
          onRetry: (error, attempt) => {
            if (attempt % 10 === 1) log.info({ event: 'topics_awaited', reason: String(error) });
          },
        },
      );
    },
    stop: async () => undefined,
  };
}
