import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { lastStep } from '#consumers/orders/orderText.ts';
import {
  lowerOrder,
  readOrders,
  removeOrder,
  type StoredOrder,
  scanStoredOrders,
  trimSteps,
} from '#consumers/orders/storedOrders.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { OrdersDefinition, OrderView } from '#infra/runtime/config/orders.ts';
import { carriedRow } from './carriedValues.ts';
import { type CopySide, EQUAL, type Verdict } from './copySide.ts';
import { type Expected, projected, type StoredThing, verdicts } from './redisThings.ts';
import { differingFields } from './report.ts';

/** Order views in Redis, and how their histories end. */
export class OrderSide implements CopySide<StoredThing<StoredOrder>> {
  readonly what = 'order';
  readonly copy = 'orders';
  readonly table: CapturedTable;
  readonly #redis: RedisClient;
  readonly #definition: OrdersDefinition;

  constructor(redis: RedisClient, table: CapturedTable, definition: OrdersDefinition) {
    this.table = table;
    this.#redis = redis;
    this.#definition = definition;
  }

  idOf(row: Row): string | null {
    return this.#viewOf(row)?.orderId ?? null;
  }

  async read(ids: readonly string[]): Promise<Map<string, StoredThing<StoredOrder>>> {
    const found = await readOrders(this.#redis, ids);
    return new Map(found.flatMap((order) => (order === undefined ? [] : [[order.orderId, storedOrder(order)]])));
  }

  async compare(
    expected: readonly Expected[],
    stored: ReadonlyMap<string, StoredThing<StoredOrder>>,
  ): Promise<Map<string, Verdict>> {
    return verdicts(expected, stored, (source, { thing }) => {
      const view = JSON.parse(JSON.stringify(this.#viewOf(source.row))) as unknown;
      const fields = differingFields(view, JSON.parse(thing.text));
      if (fields.length > 0) return { kind: 'different', fields };
      return endsIn(thing, (view as OrderView).status) ? EQUAL : { kind: 'history', fields: [] };
    });
  }

  async scan(onPage: (stored: readonly StoredThing<StoredOrder>[]) => Promise<void>): Promise<void> {
    for await (const page of scanStoredOrders(this.#redis)) await onPage(page.map(storedOrder));
  }

  keyOf(): null {
    return null;
  }

  lower(id: string, position: string): Promise<boolean> {
    return lowerOrder(this.#redis, id, position);
  }

  remove(id: string, position: string): Promise<void> {
    return removeOrder(this.#redis, id, position);
  }

  mend(id: string): Promise<void> {
    return trimSteps(this.#redis, id);
  }

  #viewOf(row: Row) {
    return projected('order', this.#definition.table, () => this.#definition.project(carriedRow(row)));
  }
}

const storedOrder = (thing: StoredOrder): StoredThing<StoredOrder> => ({
  id: thing.orderId,
  position: thing.position,
  live: thing.text !== '',
  thing,
});

/** A history without steps (the changes were compacted away before they were read) shows the present status alone. */
function endsIn({ steps, position }: StoredOrder, status: string): boolean {
  const last = lastStep(steps);
  return last === null || (last.status === status && last.position <= position);
}
