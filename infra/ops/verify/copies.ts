import type { CapturedTable } from '#connectors/capture/types.ts';
import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';
import { type DocumentPlan, planDocument, planTables } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { sourceRules } from '#infra/cli/captureRules.ts';
import { captureParts } from '#infra/cli/captures.ts';
import { sourceOptions } from '#infra/cli/roles/sourceOptions.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CopySide } from './copySide.ts';
import { customerListSide } from './customerListSide.ts';
import { orderLineSide } from './orderLineSide.ts';
import { orderSide } from './orderSide.ts';
import { RowSide } from './rowSide.ts';
import { SourceReader } from './sourceReader.ts';
import { stockSide } from './stockSide.ts';

/** The source and everything that is made of it. */
export interface Copies {
  readonly source: SourceReader;
  readonly redis: RedisClient;
  readonly elastic: Elastic;
  readonly store: RowStore;
  readonly plans: readonly DocumentPlan[];
  /** By id of the table. */
  readonly sides: ReadonlyMap<string, readonly CopySide[]>;
  /** What cannot be compared, one line each. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** @throws SluiceError when the source does not answer or its tables are not captured */
export async function openCopies(
  config: Config,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<Copies> {
  const [part] = captureParts(config);
  const rules = sourceRules(config);
  const source = await SourceReader.open({ database: sourceOptions(config), rules, tables: part!.tables, signal });
  const redis = new RedisClient({ ...config.redis, name: 'sluice-verify', log });
  const elastic = createElastic(config.elasticsearch);
  const store = new RowStore(redis);
  const plans = config.catalog.documents.map(planDocument);
  const sides = new Map<string, CopySide[]>();
  const notes = new Set(source.reasons);
  const add = (id: string, make: (table: CapturedTable) => CopySide): void => {
    const table = source.table(id);
    if (table === undefined || table.instance.keyColumns.length === 0)
      notes.add(`${id}: not compared, ${table ? 'it has no key' : 'it is not captured'}`);
    else sides.set(table.id, [...(sides.get(table.id) ?? []), make(table)]);
  };
  const { stock, orders } = config;
  for (const plan of planTables(plans).values()) add(plan.table, (table) => new RowSide(store, table, plan));
  if (stock) add(stock.table, (table) => stockSide(redis, table, stock));
  if (orders) {
    add(orders.table, (table) => orderSide(redis, table, orders));
    add(orders.table, (table) => customerListSide(redis, table, orders));
  }
  const lines = orders?.lines;
  if (lines) add(lines.table, (table) => orderLineSide(redis, table, lines));
  return {
    ...{ source, redis, elastic, store, plans, sides, notes: [...notes] },
    close: async () => {
      await Promise.all([source.close(), redis.close(), elastic.close()]);
    },
  };
}
