import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { levelText } from '#consumers/stock/stockKeys.ts';
import { lowerLevel, readLevels, removeLevel, type StoredLevel, scanLevels } from '#consumers/stock/storedLevels.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { carriedRow } from './carriedValues.ts';
import { type CopySide, EQUAL, type Verdict } from './copySide.ts';
import { type Expected, projected, type StoredThing, verdicts } from './redisThings.ts';

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
