import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import {
  lowerOrder,
  readOrders,
  removeOrder,
  type StoredOrder,
  scanStoredOrders,
} from '#consumers/orders/storedOrders.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { levelText } from '#consumers/stock/stockKeys.ts';
import { lowerLevel, readLevels, removeLevel, type StoredLevel, scanLevels } from '#consumers/stock/storedLevels.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { OrdersDefinition } from '#infra/runtime/config/orders.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { carriedRow } from './carriedValues.ts';
import { type CopySide, EQUAL, presence, type Stored, type Verdict } from './copySide.ts';
import { differingFields } from './report.ts';
import type { SourceRow } from './sourceReader.ts';

interface StoredThing<T> extends Stored {
  readonly thing: T;
}

interface Expected {
  readonly id: string;
  readonly source: SourceRow | null;
}

/** Stock levels in Redis: compared is what the writer stores for the projected row. */
export class StockSide implements CopySide<StoredThing<StoredLevel>> {
  readonly what = 'stock';
  readonly copy = 'stock';
  readonly table: CapturedTable;
  readonly #redis: RedisClient;
  readonly #definition: StockDefinition;

  constructor(redis: RedisClient, table: CapturedTable, definition: StockDefinition) {
    this.table = table;
    this.#redis = redis;
    this.#definition = definition;
  }

  idOf(row: Row): string | null {
    const level = this.#levelOf(row);
    return level === null ? null : idOfPlace(level);
  }

  async read(ids: readonly string[]): Promise<Map<string, StoredThing<StoredLevel>>> {
    const found = await readLevels(this.#redis, ids.map(placeOf));
    return new Map(found.flatMap((level) => (level === undefined ? [] : [[idOfPlace(level), storedLevel(level)]])));
  }

  async compare(
    expected: readonly Expected[],
    stored: ReadonlyMap<string, StoredThing<StoredLevel>>,
  ): Promise<Map<string, Verdict>> {
    return verdicts(expected, stored, (source, { thing }) => {
      if (thing.text === levelText(this.#levelOf(source.row))) return EQUAL;
      return { kind: 'different', fields: ['level'] };
    });
  }

  async scan(onPage: (stored: readonly StoredThing<StoredLevel>[]) => Promise<void>): Promise<void> {
    for await (const page of scanLevels(this.#redis)) await onPage(page.map(storedLevel));
  }

  keyOf(): null {
    return null;
  }

  lower(id: string, position: string): Promise<boolean> {
    return lowerLevel(this.#redis, { ...placeOf(id), position, text: '' });
  }

  remove(id: string, position: string): Promise<void> {
    return removeLevel(this.#redis, placeOf(id), position);
  }

  #levelOf(row: Row) {
    return projected('stock', this.#definition.table, () => this.#definition.project(carriedRow(row)));
  }
}

/** Order views in Redis. */
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
      return fields.length === 0 ? EQUAL : { kind: 'different', fields };
    });
  }

  async scan(onPage: (stored: readonly StoredThing<StoredOrder>[]) => Promise<void>): Promise<void> {
    for await (const page of scanStoredOrders(this.#redis)) await onPage(page.map(storedOrder));
  }

  keyOf(): null {
    return null;
  }

  lower(id: string, position: string): Promise<boolean> {
    return lowerOrder(this.#redis, { orderId: id, position, text: '' });
  }

  remove(id: string, position: string): Promise<void> {
    return removeOrder(this.#redis, id, position);
  }

  #viewOf(row: Row) {
    return projected('order', this.#definition.table, () => this.#definition.project(carriedRow(row)));
  }
}

function projected<T>(what: string, table: string, project: () => T): T {
  try {
    return project();
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `project of ${what} table ${table} failed`);
  }
}

function verdicts<T extends Stored>(
  expected: readonly Expected[],
  stored: ReadonlyMap<string, T>,
  valuesOf: (source: SourceRow, stored: T) => Verdict,
): Map<string, Verdict> {
  return new Map(
    expected.map(({ id, source }) => {
      const found = stored.get(id);
      return [id, presence(source, found) ?? valuesOf(source!, found!)];
    }),
  );
}

const idOfPlace = ({ sku, location }: { readonly sku: string; readonly location: string }): string =>
  JSON.stringify([sku, location]);

function placeOf(id: string): { readonly sku: string; readonly location: string } {
  const [sku, location] = JSON.parse(id) as [string, string];
  return { sku, location };
}

const storedLevel = (thing: StoredLevel): StoredThing<StoredLevel> => ({
  id: idOfPlace(thing),
  position: thing.position,
  live: thing.text !== levelText(null),
  thing,
});

const storedOrder = (thing: StoredOrder): StoredThing<StoredOrder> => ({
  id: thing.orderId,
  position: thing.position,
  live: thing.text !== '',
  thing,
});
