import { commitLsnOf, isSnapshot } from '#consumers/runner/position.ts';
import { command, type RedisCall, RedisClient, type RedisCommands } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { commandKey, customerKey, linesKey, orderKey, orderOfMember } from './orderKeys.ts';
import { cursorMember, cursorText, ORDER_FIELDS, parseOrder } from './orderText.ts';
import type { CommandOutcome, CommandSeen, OrderPage, OrderReader, OrderStatus } from './orderTypes.ts';

const POLL_MS = 25;
/** Looks at a customer's list for one page: entries of orders that were moved or deleted are stepped over, so many times at most. */
const MAX_LOOKS = 5;

export interface OrderReaderOptions {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly log: Logger;
  readonly clock?: Clock;
  /** Whether orders are shown with lines. */
  readonly hasLines?: boolean;
}

/** The storefront's view of orders. Connects at the first call. */
export function createOrderReader(options: OrderReaderOptions): OrderReader {
  const redis = new RedisClient({ ...options.redis, name: 'order-reader', log: options.log });
  const orders = new Orders(redis, options.hasLines ?? false, options.clock ?? systemClock);
  return {
    hasLines: options.hasLines ?? false,
    read: async (orderId) => (await orders.read([orderId]))[0] ?? null,
    ofCustomer: (customerId, page) => orders.ofCustomer(customerId, page),
    command: (commandId) => orders.command(commandId),
    waitForCommand: (commandId, timeoutMs, signal) => orders.waitForCommand(commandId, timeoutMs, signal),
    close: () => redis.close(),
  };
}

/** Orders as Redis holds them; separate from its connection for tests. */
export class Orders {
  readonly #redis: RedisCommands;
  readonly #hasLines: boolean;
  readonly #clock: Clock;

  constructor(redis: RedisCommands, hasLines: boolean, clock: Clock) {
    this.#redis = redis;
    this.#hasLines = hasLines;
    this.#clock = clock;
  }

  /** Orders in the order asked, null for one that is not there, in one round trip. */
  async read(orderIds: readonly string[]): Promise<(OrderStatus | null)[]> {
    const redis = this.#redis;
    const calls = orderIds.flatMap((id): RedisCall[] => [
      command('HMGET', orderKey(redis, id), ...ORDER_FIELDS),
      ...(this.#hasLines ? [command('HVALS', linesKey(redis, id))] : []),
    ]);
    const replies = await redis.sendAll(calls);
    const width = this.#hasLines ? 2 : 1;
    return orderIds.map((_, i) =>
      parseOrder(
        replies[i * width] as (string | null)[],
        this.#hasLines ? (replies[i * width + 1] as string[]) : undefined,
      ),
    );
  }

  /** See {@link OrderReader.ofCustomer}. */
  async ofCustomer(
    customerId: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<OrderPage> {
    const found: OrderStatus[] = [];
    let from = cursor === undefined ? null : cursorMember(cursor);
    for (let look = 0; look < MAX_LOOKS; look++) {
      const wanted = limit - found.length;
      // One more than wanted tells whether there is a next page.
      const members = await this.#members(customerId, from, wanted + 1);
      const taken = members.slice(0, wanted);
      const orders = await this.read(taken.map(orderOfMember));
      // The list may name an order that has been moved to another customer a moment ago: the order itself decides.
      found.push(...orders.filter((order) => order !== null && order.customerId === customerId).map((order) => order!));
      from = taken.at(-1) ?? from;
      if (members.length <= wanted) return { orders: found, nextCursor: null };
      if (found.length === limit) break;
    }
    return { orders: found, nextCursor: from === null ? null : cursorText(from) };
  }

  /** See {@link OrderReader.command}. */
  async command(commandId: string): Promise<CommandSeen | null> {
    const [position, text] = (await this.#redis.send(
      command('HMGET', commandKey(this.#redis, commandId), 'p', 'c'),
    )) as [string | null, string | null];
    if (position === null || text === null) return null;
    const {
      atMs = null,
      refusal = null,
      ...seen
    } = JSON.parse(text) as {
      commandName: string;
      orderId: string | null;
      atMs?: number | null;
      refusal?: string | null;
    };
    return {
      commandId,
      position,
      ...seen,
      committedAt: atMs === null ? null : new Date(atMs).toISOString(),
      refusal,
    };
  }

  /** See {@link OrderReader.waitForCommand}. */
  async waitForCommand(commandId: string, timeoutMs: number, signal?: AbortSignal): Promise<CommandOutcome> {
    const deadlineMs = this.#clock.now() + timeoutMs;
    for (;;) {
      const outcome = await this.#outcome(commandId);
      if (outcome !== 'unknown') return outcome;
      const leftMs = deadlineMs - this.#clock.now();
      if (leftMs <= 0) return outcome;
      await this.#clock.sleep(Math.min(POLL_MS, leftMs), signal);
    }
  }

  async #outcome(commandId: string): Promise<CommandOutcome> {
    const seen = await this.command(commandId);
    if (seen === null) return 'unknown';
    if (seen.refusal !== null) return 'refused';
    if (seen.orderId === null) return 'visible';
    const position = (await this.#redis.send(command('HGET', orderKey(this.#redis, seen.orderId), 'p'))) as
      | string
      | null;
    // A command known from a snapshot is older than its LSN says; the order may not have changed since.
    const isThere =
      position !== null && (isSnapshot(seen.position) || commitLsnOf(position) >= commitLsnOf(seen.position));
    return isThere ? 'visible' : 'unknown';
  }

  async #members(customerId: string, from: string | null, count: number): Promise<string[]> {
    const key = customerKey(this.#redis, customerId);
    const max = from === null ? '+' : `(${from}`;
    return (await this.#redis.send(command('ZREVRANGEBYLEX', key, max, '-', 'LIMIT', 0, count))) as string[];
  }
}
