import { orderChange } from '#consumers/orders/orderChange.ts';
import { ChangeDecoder, type RecordDecoder } from '#consumers/runner/changes.ts';
import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import { KeyedSender } from '#consumers/runner/sender.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import type { OrdersDefinition } from '#infra/runtime/config/orders.ts';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { orderEvents } from './orderEvents.ts';
import { stockEvents } from './stockEvents.ts';
import type { WebhookMetrics } from './webhookMetrics.ts';
import { eventsTopic, routerGroup, type WebhookEvent } from './webhookTypes.ts';

const DAY_MS = 24 * 3_600_000;
/** Statuses that mean the end of an order where the configuration names none. */
const CANCELLED = ['cancelled'];

export interface EventRouterOptions extends ConsumerContext {
  readonly decoder: RecordDecoder;
  readonly webhookMetrics: WebhookMetrics;
  readonly keepDays: number;
  /** Where orders come from, and their topic; undefined where no orders are kept. */
  readonly orders: { readonly definition: OrdersDefinition; readonly topic: string } | undefined;
  /** Topic with the events of stock; undefined where no stock is kept. */
  readonly stockTopic: string | undefined;
  readonly now?: () => number;
}

/**
 * Turns changes of orders and events of stock into events for all endpoints. A change always gives the same events with the same ids, so one
 * that is read again after a crash or a replay is known at the endpoint.
 */
export function eventRouter(options: EventRouterOptions): { component: Component; status(): RunnerStatus } {
  const { kafka, log, groupPrefix, orders, stockTopic, keepDays } = options;
  const now = options.now ?? Date.now;
  const sender = new KeyedSender(kafka);
  const topics = [...(orders ? [orders.topic] : []), ...(stockTopic === undefined ? [] : [stockTopic])];
  const changes = new ChangeDecoder(options.decoder, new Map(orders ? [[orders.topic, orders.definition.table]] : []));

  const eventsOf = async (message: IncomingMessage): Promise<WebhookEvent[]> => {
    if (message.topic === stockTopic) return stockEvents(message.value);
    const { definition } = orders!;
    const change = await changes.decode(message);
    try {
      const order = orderChange(definition, change);
      return order === null ? [] : orderEvents(order, definition.cancelledStatuses ?? CANCELLED);
    } catch (error) {
      if (error instanceof SluiceError && isRetriable(error)) throw error;
      throw poison(error, 'PROJECTION_FAILED', `project of order table ${definition.table} failed`);
    }
  };

  const runner = new Runner<readonly WebhookEvent[]>({
    kafka,
    groupId: routerGroup(groupPrefix),
    topics,
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log,
    maxBatchRecords: options.maxBatchRecords,
    decode: eventsOf,
    handle: async ({ records }, control) => {
      // What is older than events are kept is of no use to anybody: the topic of orders may reach back for years.
      const oldest = new Date(now() - keepDays * DAY_MS).toISOString();
      const events = records.flatMap(({ value }) => value).filter(({ at }) => at >= oldest);
      const messages = events.map((event) => ({
        key: Buffer.from(event.key),
        value: Buffer.from(JSON.stringify(event)),
      }));
      await sender.send(eventsTopic(groupPrefix), messages, control.signal);
      for (const { type } of events) options.webhookMetrics.events.inc({ type });
    },
  });
  const component = runner.component();
  return {
    component: {
      ...component,
      stop: async () => {
        await component.stop();
        await sender.close();
      },
    },
    status: () => runner.status(),
  };
}
