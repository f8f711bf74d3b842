import type { RecordDecoder } from '#consumers/runner/changes.ts';
import type { DeadLetters } from '#consumers/runner/deadLetters.ts';
import type { RunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import { stockEventsTopic, stockEventsTopicSpec } from '#consumers/stock/stockEvents.ts';
import { Deliverer } from '#consumers/webhooks/deliverer.ts';
import { DeliveryLog } from '#consumers/webhooks/deliveryLog.ts';
import { DeliveryMarks } from '#consumers/webhooks/deliveryMarks.ts';
import { EndpointStates } from '#consumers/webhooks/endpointStates.ts';
import { eventRouter } from '#consumers/webhooks/eventRouter.ts';
import { HttpSender } from '#consumers/webhooks/httpAttempt.ts';
import { webhookMetrics } from '#consumers/webhooks/webhookMetrics.ts';
import { openWebhookTopics } from '#consumers/webhooks/webhookTopics.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import type { WebhookEndpoint, WebhooksConfig } from '#infra/runtime/config/webhooks.ts';
import { errorFields, isAbort, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Registry } from '#infra/runtime/metrics.ts';
import { retry } from '#infra/runtime/retry.ts';
import { topicOf } from '../consumerGroups.ts';
import type { RoleParts } from './role.ts';

export interface WebhookRoleOptions {
  readonly config: Config;
  readonly webhooks: WebhooksConfig;
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly decoder: RecordDecoder;
  readonly deadLetters: DeadLetters;
  /** Of the consumers role. */
  readonly runnerMetrics: RunnerMetrics;
  readonly registry: Registry;
  readonly log: Logger;
}

/** Pause after trouble in following the endpoints' states. */
const FOLLOW_PAUSE_MS = 2000;

/** Webhooks: one group that makes events from changes, and one for each endpoint that delivers them. */
export function composeWebhooks(options: WebhookRoleOptions): RoleParts {
  const { config, webhooks, kafka, redis, registry, log } = options;
  const { groupPrefix } = config.consumers;
  const { keepDays, endpoints } = webhooks;
  if (config.orders === undefined && config.stock === undefined)
    throw new SluiceError(
      'CFG_INVALID',
      'webhooks: expected orders or stock in the configuration to tell of, found none.',
    );
  const metrics = webhookMetrics(registry);
  const states = new EndpointStates(kafka, groupPrefix);
  const deliveryLog = new DeliveryLog(kafka, groupPrefix);
  const router = eventRouter({
    ...options,
    metrics: options.runnerMetrics,
    webhookMetrics: metrics,
    groupPrefix,
    maxBatchRecords: config.consumers.maxBatchRecords,
    keepDays,
    orders: config.orders && { definition: config.orders, topic: topicOf(config, config.orders.table) },
    stockTopic: config.stock && stockEventsTopic(groupPrefix),
  });
  const senders = endpoints.map((endpoint) => new HttpSender(endpoint));
  const deliverers = endpoints.map(
    (endpoint, i) =>
      new Deliverer({
        endpoint,
        http: senders[i]!,
        kafka,
        groupPrefix,
        states,
        marks: new DeliveryMarks(redis, endpoint.name, webhooks.dedupeHours),
        deliveryLog,
        metrics,
        log,
      }),
  );
  metrics.watch(() => deliverers.map((deliverer) => deliverer.watched()));
  const opening: Component = {
    name: 'webhook topics',
    start: async (signal) => {
      await retry(() => openTopics(config, webhooks, kafka), { attempts: Number.POSITIVE_INFINITY, signal });
      const names = endpoints.map(({ name }) => name);
      await retry(() => states.open(names, signal), { attempts: Number.POSITIVE_INFINITY, signal });
    },
    stop: async () => {
      for (const sender of senders) sender.close();
      await Promise.all([states.close(), deliveryLog.close()]);
    },
  };
  return {
    components: [
      opening,
      router.component,
      ...deliverers.map((deliverer) => deliverer.component()),
      backgroundLoop('webhook states', (signal) => followStates(states, log, signal)),
    ],
    status: {
      webhooks: () => ({
        router: router.status(),
        endpoints: deliverers.map((deliverer, i) => ({
          ...deliverer.watched(),
          host: hostOf(endpoints[i]!),
          state: states.get(endpoints[i]!.name) ?? null,
        })),
      }),
    },
  };
}

async function openTopics(config: Config, { keepDays }: WebhooksConfig, kafka: KafkaClient): Promise<void> {
  const { partitions, replicationFactor } = config.kafka;
  const { groupPrefix } = config.consumers;
  const copies = { partitions, replicationFactor };
  // The stock consumer, which writes there, may start later.
  if (config.stock) await kafka.ensureTopics([stockEventsTopicSpec(groupPrefix, copies)]);
  await openWebhookTopics(kafka, { ...copies, groupPrefix, keepDays });
}

/** The part of an endpoint's address that may be shown: its path may hold a token. */
export function hostOf({ url }: Pick<WebhookEndpoint, 'url'>): string {
  return new URL(url).host;
}

async function followStates(states: EndpointStates, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await states.follow(signal);
    } catch (error) {
      if (isAbort(error)) return;
      log.warn({ event: 'webhook_states_not_followed', ...errorFields(error) });
      await systemClock.sleep(FOLLOW_PAUSE_MS, signal);
    }
  }
}
