import type { CapturedTable, Row } from '#connectors/capture/types.ts';
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
import { carriedRow } from './carriedValues.ts';
import { type CopySide, EQUAL, type Verdict } from './copySide.ts';
import { type Expected, projected, type StoredThing, verdicts } from './redisThings.ts';

const UNENTERED = '0'.repeat(49);

/** Customers' lists in Redis: each order is in its customer's list, and in no other. One entry an order. */
export class CustomerListSide implements CopySide<StoredThing<StoredEntry>> {
  readonly what = 'customer list';
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
    const { table, project } = this.#definition;
    const view = projected('order', table, () => project(carriedRow(row)));
    return view === null
      ? null
      : idOfEntry({ customerId: view.customerId, member: listMember(view.orderId, view.placedAt) });
  }

  async read(ids: readonly string[]): Promise<Map<string, StoredThing<StoredEntry>>> {
    const found = await readEntries(this.#redis, ids.map(entryOf));
    return new Map(found.flatMap((entry) => (isKnown(entry) ? [[idOfEntry(entry), storedEntry(entry)]] : [])));
  }

  async compare(
    expected: readonly Expected[],
    stored: ReadonlyMap<string, StoredThing<StoredEntry>>,
  ): Promise<Map<string, Verdict>> {
    return verdicts(expected, stored, (_, { thing }) =>
      thing.isStamped ? EQUAL : { kind: 'different', fields: ['entered by'] },
    );
  }

  async scan(onPage: (stored: readonly StoredThing<StoredEntry>[]) => Promise<void>): Promise<void> {
    for await (const page of scanEntries(this.#redis))
      await onPage((await readEntries(this.#redis, page)).map(storedEntry));
  }

  keyOf(): null {
    return null;
  }

  lower(id: string, position: string): Promise<boolean> {
    return lowerEntry(this.#redis, entryOf(id), position);
  }

  remove(id: string, position: string): Promise<void> {
    return removeEntry(this.#redis, entryOf(id), position);
  }
}

const idOfEntry = ({ customerId, member }: ListEntry): string => JSON.stringify([customerId, member]);

function entryOf(id: string): ListEntry {
  const [customerId, member] = JSON.parse(id) as [string, string];
  return { customerId, member };
}

const isKnown = ({ isListed, position, orderPosition }: StoredEntry): boolean =>
  isListed || position !== null || orderPosition !== null;

function storedEntry(thing: StoredEntry): StoredThing<StoredEntry> {
  const position = thing.position ?? UNENTERED;
  const movedAt = thing.orderPosition !== null && thing.orderPosition > position ? thing.orderPosition : position;
  return { id: idOfEntry(thing), position, movedAt, live: thing.isListed, thing };
}
