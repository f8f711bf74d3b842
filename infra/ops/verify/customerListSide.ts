import type { CapturedTable } from '#connectors/capture/types.ts';
import { listMember } from '#consumers/orders/orderKeys.ts';
import {
  type ListEntry,
  lowerEntry,
  readEntries,
  removeEntry,
  type StoredEntry,
  scanEntries,
} from '#consumers/orders/storedLists.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { OrdersDefinition } from '#infra/runtime/config/orders.ts';
import { type CopySide, EQUAL } from './copySide.ts';
import { projected, redisSide } from './redisThings.ts';

const UNENTERED = '0'.repeat(49);

/** Customers' lists in Redis: each order is in its customer's list, and in no other. One entry an order. */
export function customerListSide(redis: RedisClient, table: CapturedTable, orders: OrdersDefinition): CopySide {
  return redisSide<StoredEntry>({
    what: 'customer list',
    copy: 'orders',
    table,
    idOf: (row) => {
      const view = projected('order', orders.table, row, (values) => orders.project(values));
      return view === null
        ? null
        : idOf({ customerId: view.customerId, member: listMember(view.orderId, view.placedAt) });
    },
    find: async (ids) => {
      const entries = await readEntries(redis, ids.map(entryOf));
      return entries.map((entry) => (isKnown(entry) ? entry : undefined));
    },
    pages: async function* () {
      for await (const page of scanEntries(redis)) yield await readEntries(redis, page);
    },
    stored: (entry) => {
      const position = entry.position ?? UNENTERED;
      const movedAt = entry.orderPosition !== null && entry.orderPosition > position ? entry.orderPosition : position;
      return { id: idOf(entry), position, movedAt, live: entry.isListed };
    },
    compare: (_, { isStamped }) => (isStamped ? EQUAL : { kind: 'different', fields: ['entered by'] }),
    lower: (id, position) => lowerEntry(redis, entryOf(id), position),
    remove: (id, position) => removeEntry(redis, entryOf(id), position),
  });
}

const idOf = ({ customerId, member }: ListEntry): string => JSON.stringify([customerId, member]);

function entryOf(id: string): ListEntry {
  const [customerId, member] = JSON.parse(id) as [string, string];
  return { customerId, member };
}

const isKnown = ({ isListed, position, orderPosition }: StoredEntry): boolean =>
  isListed || position !== null || orderPosition !== null;
