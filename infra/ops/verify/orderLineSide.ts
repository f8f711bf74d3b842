import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import {
  type LineName,
  lowerLine,
  readLines,
  removeLine,
  type StoredLine,
  scanStoredLines,
} from '#consumers/orders/storedLines.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { OrderLinesDefinition } from '#infra/runtime/config/orders.ts';
import { type CopySide, EQUAL } from './copySide.ts';
import { projected, redisSide } from './redisThings.ts';
import { differingFields } from './report.ts';

/** Order lines in Redis. */
export function orderLineSide(redis: RedisClient, table: CapturedTable, lines: OrderLinesDefinition): CopySide {
  const lineOf = (row: Row) =>
    projected('order line', lines.table, row, (values) => {
      const shown = lines.project(values);
      return shown === null ? null : { name: lines.id(values), shown };
    });
  return redisSide<StoredLine>({
    what: 'order line',
    copy: 'orders',
    table,
    idOf: (row) => {
      const line = lineOf(row);
      return line === null ? null : idOf(line.name);
    },
    find: (ids) => readLines(redis, ids.map(nameOf)),
    pages: () => scanStoredLines(redis),
    stored: (line) => ({ id: idOf(line), position: line.position, live: line.text !== '' }),
    compare: (row, { text }) => {
      const { name, shown } = lineOf(row)!;
      const line = JSON.parse(JSON.stringify({ lineId: name.lineId, ...shown })) as unknown;
      const fields = differingFields(line, JSON.parse(text));
      return fields.length === 0 ? EQUAL : { kind: 'different', fields };
    },
    lower: (id, position) => lowerLine(redis, nameOf(id), position),
    remove: (id, position) => removeLine(redis, nameOf(id), position),
  });
}

const idOf = ({ orderId, lineId }: LineName): string => JSON.stringify([orderId, lineId]);

function nameOf(id: string): LineName {
  const [orderId, lineId] = JSON.parse(id) as [string, string];
  return { orderId, lineId };
}
