import { commitLsnOf, isSnapshot } from '#consumers/runner/position.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { OrderView } from '#infra/runtime/config/orders.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { commandKey, orderKey } from './orderKeys.ts';
import type { CommandSeen, OrderReader, OrderStatus } from './orderTypes.ts';

const POLL_MS = 25;

export interface OrderReaderOptions {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The storefront's view of orders. Connects at the first call. */
export function createOrderReader(options: OrderReaderOptions): OrderReader {
  const { clock = systemClock, log } = options;
  const redis = new RedisClient({ ...options.redis, name: 'order-reader', log });

  const seenCommand = async (commandId: string): Promise<CommandSeen | null> => {
    const [position, text] = (await redis.send(command('HMGET', commandKey(redis, commandId), 'p', 'c'))) as [
      string | null,
      string | null,
    ];
    if (position === null || text === null) return null;
    return { commandId, position, ...(JSON.parse(text) as { commandName: string; orderId: string | null }) };
  };

  const isVisible = async (commandId: string): Promise<boolean> => {
    const seen = await seenCommand(commandId);
    if (seen === null) return false;
    if (seen.orderId === null) return true;
    const position = (await redis.send(command('HGET', orderKey(redis, seen.orderId), 'p'))) as string | null;
    // A command known from a snapshot is older than its LSN says; the order may not have changed since.
    return position !== null && (isSnapshot(seen.position) || commitLsnOf(position) >= commitLsnOf(seen.position));
  };

  return {
    command: seenCommand,
    async read(orderId) {
      const fields = (await redis.send(command('HMGET', orderKey(redis, orderId), 'v', 't', 'h'))) as (string | null)[];
      return parseOrder(fields);
    },
    async waitForCommand(commandId, timeoutMs, signal) {
      const deadlineMs = clock.now() + timeoutMs;
      while (!(await isVisible(commandId))) {
        const leftMs = deadlineMs - clock.now();
        if (leftMs <= 0) return false;
        await clock.sleep(Math.min(POLL_MS, leftMs), signal);
      }
      return true;
    },
    close: () => redis.close(),
  };
}

/** Reads the hash fields v, t and h of an order; null when there is none. */
export function parseOrder([view, statusAtMs, history]: readonly (string | null)[]): OrderStatus | null {
  if (!view) return null;
  const steps = (history ?? '').split('\n').map((line) => {
    const [status, ms] = line.split('\t') as [string, string];
    return { status, at: new Date(Number(ms)).toISOString() };
  });
  return {
    ...(JSON.parse(view) as OrderView),
    statusAt: new Date(Number(statusAtMs)).toISOString(),
    history: steps,
  };
}
