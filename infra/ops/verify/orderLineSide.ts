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
import { carriedRow } from './carriedValues.ts';
import { type CopySide, EQUAL, type Verdict } from './copySide.ts';
import { type Expected, projected, type StoredThing, verdicts } from './redisThings.ts';
import { differingFields } from './report.ts';

/** Order lines in Redis. */
export class OrderLineSide implements CopySide<StoredThing<StoredLine>> {
  readonly what = 'order line';
  readonly copy = 'orders';
  readonly table: CapturedTable;
  readonly #redis: RedisClient;
  readonly #definition: OrderLinesDefinition;

  constructor(redis: RedisClient, table: CapturedTable, definition: OrderLinesDefinition) {
    this.table = table;
    this.#redis = redis;
    this.#definition = definition;
  }

  idOf(row: Row): string | null {
    const line = this.#lineOf(row);
    return line === null ? null : idOfLine(line.name);
  }

  async read(ids: readonly string[]): Promise<Map<string, StoredThing<StoredLine>>> {
    const found = await readLines(this.#redis, ids.map(nameOf));
    return new Map(found.flatMap((line) => (line === undefined ? [] : [[idOfLine(line), storedLine(line)]])));
  }

  async compare(
    expected: readonly Expected[],
    stored: ReadonlyMap<string, StoredThing<StoredLine>>,
  ): Promise<Map<string, Verdict>> {
    return verdicts(expected, stored, (source, { thing }) => {
      const { name, shown } = this.#lineOf(source.row)!;
      const line = JSON.parse(JSON.stringify({ lineId: name.lineId, ...shown })) as unknown;
      const fields = differingFields(line, JSON.parse(thing.text));
      return fields.length === 0 ? EQUAL : { kind: 'different', fields };
    });
  }

  async scan(onPage: (stored: readonly StoredThing<StoredLine>[]) => Promise<void>): Promise<void> {
    for await (const page of scanStoredLines(this.#redis)) await onPage(page.map(storedLine));
  }

  keyOf(): null {
    return null;
  }

  lower(id: string, position: string): Promise<boolean> {
    return lowerLine(this.#redis, nameOf(id), position);
  }

  remove(id: string, position: string): Promise<void> {
    return removeLine(this.#redis, nameOf(id), position);
  }

  #lineOf(row: Row) {
    const { table, id, project } = this.#definition;
    return projected('order line', table, () => {
      const values = carriedRow(row);
      const shown = project(values);
      return shown === null ? null : { name: id(values), shown };
    });
  }
}

const idOfLine = ({ orderId, lineId }: LineName): string => JSON.stringify([orderId, lineId]);

function nameOf(id: string): LineName {
  const [orderId, lineId] = JSON.parse(id) as [string, string];
  return { orderId, lineId };
}

const storedLine = (thing: StoredLine): StoredThing<StoredLine> => ({
  id: idOfLine(thing),
  position: thing.position,
  live: thing.text !== '',
  thing,
});
