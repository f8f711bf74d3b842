import { type Change, ChangeDecoder, type RecordDecoder } from '#consumers/runner/changes.ts';
import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { OrdersDefinition } from '#infra/runtime/config/orders.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { writeCommands, writeLines, writeOrders } from './ordersHandler.ts';

/** Table of the commands that came in through the guarded door; see infra/sql. */
export const COMMAND_TABLE = 'storefront.COMMAND';

export interface OrdersConsumerOptions extends ConsumerContext {
  readonly redis: RedisClient;
  readonly decoder: RecordDecoder;
  readonly definition: OrdersDefinition;
  /** Topics of the order table, of the lines' table and, where commands are captured, of COMMAND_TABLE → table. */
  readonly topics: ReadonlyMap<string, string>;
}

export function ordersGroup(groupPrefix: string): string {
  return `${groupPrefix}.orders`;
}

/** Order headers, order lines and command rows → Redis. */
export function ordersConsumer(options: OrdersConsumerOptions): { component: Component; status(): RunnerStatus } {
  const { redis, definition, topics } = options;
  const changes = new ChangeDecoder(options.decoder, topics);
  const runner = new Runner<Change>({
    kafka: options.kafka,
    groupId: ordersGroup(options.groupPrefix),
    topics: [...topics.keys()],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log: options.log,
    maxBatchRecords: options.maxBatchRecords,
    ledger: new CopyLedger(redis, ordersGroup(options.groupPrefix)),
    decode: (message) => changes.decode(message),
    handle: (batch, control) => {
      const table = topics.get(batch.topic);
      if (table === COMMAND_TABLE) return writeCommands(redis, batch);
      if (table === definition.lines?.table) return writeLines(redis, definition.lines!, batch, control);
      return writeOrders(redis, definition, batch, control);
    },
  });
  return { component: runner.component(), status: () => runner.status() };
}
