import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { levelText } from '#consumers/stock/stockKeys.ts';
import {
  lowerLevel,
  readLevels,
  removeLevel,
  type StockPlace,
  type StoredLevel,
  scanLevels,
} from '#consumers/stock/storedLevels.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { type CopySide, EQUAL } from './copySide.ts';
import { projected, redisSide } from './redisThings.ts';

/** Stock levels in Redis: compared is what the writer stores for the projected row. */
export function stockSide(redis: RedisClient, table: CapturedTable, stock: StockDefinition): CopySide {
  const levelOf = (row: Row) => projected('stock', stock.table, row, (values) => stock.project(values));
  return redisSide<StoredLevel>({
    what: 'stock',
    copy: 'stock',
    table,
    idOf: (row) => {
      const level = levelOf(row);
      return level === null ? null : idOf(level);
    },
    find: (ids) => readLevels(redis, ids.map(placeOf)),
    pages: () => scanLevels(redis),
    stored: (level) => ({ id: idOf(level), position: level.position, live: level.text !== levelText(null) }),
    compare: (row, { text }) => (text === levelText(levelOf(row)) ? EQUAL : { kind: 'different', fields: ['level'] }),
    lower: (id, position) => lowerLevel(redis, { ...placeOf(id), position, text: '' }),
    remove: (id, position) => removeLevel(redis, placeOf(id), position),
  });
}

const idOf = ({ sku, location }: StockPlace): string => JSON.stringify([sku, location]);

function placeOf(id: string): StockPlace {
  const [sku, location] = JSON.parse(id) as [string, string];
  return { sku, location };
}
