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
import { type CopySide, EQUAL } from './copySide.ts';
import { projected, redisSide } from './redisThings.ts';
import { differingFields } from './report.ts';

/** Order views in Redis, and how their histories end. */
export function orderSide(redis: RedisClient, table: CapturedTable, orders: OrdersDefinition): CopySide {
  const viewOf = (row: Row) => projected('order', orders.table, row, (values) => orders.project(values));
  return redisSide<StoredOrder>({
    what: 'order',
    copy: 'orders',
    table,
    idOf: (row) => viewOf(row)?.orderId ?? null,
    find: (ids) => readOrders(redis, ids),
    pages: () => scanStoredOrders(redis),
    stored: ({ orderId, position, text }) => ({ id: orderId, position, live: text !== '' }),
    compare: (row, order) => {
      const view = JSON.parse(JSON.stringify(viewOf(row))) as unknown;
      const fields = differingFields(view, JSON.parse(order.text));
      if (fields.length > 0) return { kind: 'different', fields };
      return endsIn(order, (view as OrderView).status) ? EQUAL : { kind: 'history', fields: [] };
    },
    lower: (id, position) => lowerOrder(redis, id, position),
    remove: (id, position) => removeOrder(redis, id, position),
    mend: (id) => trimSteps(redis, id),
  });
}

/** A history without steps (the changes were compacted away before they were read) shows the present status alone. */
function endsIn({ steps, position }: StoredOrder, status: string): boolean {
  const last = lastStep(steps);
  return last === null || (last.status === status && last.position <= position);
}
