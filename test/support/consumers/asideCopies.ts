import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { writeDocuments } from '#consumers/catalog/catalogHandler.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { type FanOutTask, TaskBatch } from '#consumers/rows/fanOutTasks.ts';
import { forgetRows } from '#consumers/rows/forgetRows.ts';
import { type Mark, MarkBatch } from '#consumers/rows/marks.ts';
import { planDocument, planTables } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { keepRows } from '#consumers/rows/rowsHandler.ts';
import type { Change } from '#consumers/runner/changes.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import { forgetLevels } from '#consumers/stock/forgetLevels.ts';
import { writeStock } from '#consumers/stock/stockHandler.ts';
import { parseLevel } from '#consumers/stock/stockKeys.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { Copy, ForgetParts } from './asideCopy.ts';
import { MemoryElastic } from './memoryElastic.ts';
import type { MemoryRedis } from './memoryRedis.ts';
import { SourceModel, type SourceStep, TABLES, wider } from './sourceModel.ts';
import { STOCK_TABLE, StockModel, type StockStep } from './stockModel.ts';

/** Of the versions that are broken: as a record. The others cannot be projected. */
const isUnreadable = (version: number): boolean => version % 2 === 1;

type Parts = Parameters<Copy<unknown>['handle']>[3];
type Also = Parameters<NonNullable<Copy<unknown>['also']>>[0];

const NEVER = new AbortController().signal;
const forgetting = ({ redis, gate, nowMs, kafka, sleep }: ForgetParts, groupId: string, topics: readonly string[]) => ({
  redis: redis.connection(gate),
  kafka,
  groupPrefix: 'shop',
  groupId,
  topics,
  keepMs: 0,
  log: silentLogger,
  clock: { now: nowMs, sleep },
});

const message = (topic: string, offset: number): IncomingMessage => ({
  topic,
  partition: 0,
  offset: BigInt(offset),
  timestampMs: 0,
  key: null,
  value: null,
  headers: {},
});

/** Stock levels; a version that is broken cannot be decoded, or makes the projection throw wherever it is met. */
export class LevelsCopy implements Copy<StockStep> {
  readonly groupId = 'shop.stock';
  readonly source = new StockModel(2);

  topics(): Map<string, Change[][]> {
    return this.source.topics;
  }

  commit(step: StockStep): Change | null {
    return this.source.commit(step);
  }

  recreate(): void {
    this.source.recreate();
  }

  async handle(
    topic: string,
    changes: readonly Change[],
    isBroken: (change: Change) => boolean,
    { redis, gate, nowMs }: Parts,
  ): Promise<Change[]> {
    const definition: StockDefinition = {
      table: STOCK_TABLE,
      project: (row) => {
        const version = row['QTY'] as number;
        const start = `${version.toString(16).padStart(20, '0')}${'0'.repeat(28)}`;
        if (!isUnreadable(version) && ['2', '4'].some((op) => isBroken({ position: start + op } as Change)))
          throw new Error('this version cannot be projected');
        return { sku: row['SKU'] as string, location: row['LOC'] as string, onHand: row['QTY'] as number, reserved: 0 };
      },
    };
    const aside = changes.filter((change) => isUnreadable(change.sourceTsMs!) && isBroken(change));
    const records = changes.flatMap((value, offset) =>
      aside.includes(value) ? [] : [{ value, message: message(topic, offset) }],
    );
    if (records.length > 0)
      await writeStock(
        { redis: redis.connection(gate), definition, now: nowMs },
        { topic, partition: 0, records },
        { signal: NEVER, reject: ({ offset }) => void aside.push(changes[Number(offset)]!) },
      );
    return aside;
  }

  async forget(parts: ForgetParts): Promise<unknown> {
    return forgetLevels(forgetting(parts, this.groupId, [STOCK_TABLE]), NEVER);
  }

  actual(redis: MemoryRedis): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, hash] of redis.hashes) {
      const [kind, , sku] = key.split(':');
      if (kind !== 'stock') continue;
      for (const [location, text] of hash) {
        const level = parseLevel(location, text);
        if (level !== null) found.set(`${sku}/${location}`, String(level.onHand));
      }
    }
    return found;
  }
}

/** Rows with the documents built from them; a broken record cannot be decoded. */
export class DocumentsCopy implements Copy<SourceStep> {
  readonly groupId = 'shop.rows';
  readonly source = new SourceModel(2);
  readonly #elastic = new MemoryElastic();
  readonly #plan = planDocument(wider);
  readonly #tables = planTables([this.#plan]);
  readonly #marks: Mark[] = [];
  readonly #building = new Set<string>();
  #built = 0;

  topics(): Map<string, Change[][]> {
    return this.source.topics;
  }

  commit(step: SourceStep): Change | null {
    return this.source.commit(step);
  }

  recreate(topic: string): void {
    this.source.recreate(topic);
  }

  async handle(
    topic: string,
    changes: readonly Change[],
    isBroken: (change: Change) => boolean,
    { redis, gate, nowMs }: Parts,
  ): Promise<Change[]> {
    const aside = changes.filter(isBroken);
    const store = new RowStore(redis.connection(gate), { clock: { now: nowMs, sleep: async () => undefined } });
    const marks = new MarkBatch(async (_type, list) => {
      await gate();
      this.#marks.push(...list);
    });
    const tasks = new TaskBatch(
      async (_list: readonly FanOutTask[]) => undefined,
      () => '',
    );
    const kept = changes.filter((change) => !aside.includes(change));
    if (kept.length > 0) await keepRows({ store, marks, tasks }, this.#tables.get(topic)!, kept);
    return aside;
  }

  async forget(parts: ForgetParts): Promise<unknown> {
    const store = new RowStore(parts.redis.connection(parts.gate));
    const tables = new Map(TABLES.map((table) => [table, table]));
    return forgetRows({ ...forgetting(parts, this.groupId, TABLES), store, tables }, NEVER);
  }

  also({ run, redis, calm }: Also): boolean {
    let began = false;
    for (const [owner, chance] of [
      ['a', 6],
      ['b', 30],
    ] as const)
      if (calm ? owner === 'a' : run.choose(chance) === 0) began = this.#build(owner, run, redis) || began;
    return began;
  }

  #build(owner: string, run: Also['run'], redis: MemoryRedis): boolean {
    const from = this.#built;
    const records = this.#marks
      .slice(from, from + 4)
      .map((value, i) => ({ value, message: message('dirty', from + i) }));
    if (records.length === 0 || this.#building.has(owner)) return false;
    this.#building.add(owner);
    const gate = run.gate();
    const commands = redis.connection(gate);
    run.spawn(async () => {
      try {
        await writeDocuments(
          {
            store: new RowStore(commands),
            plan: this.#plan,
            versions: new VersionSource(commands, 'product', async () => 0),
            bulk: new BulkWriter({ elastic: this.#elastic.connection(gate), alias: () => 'products' }),
            coverage: new Coverage(),
            pieceDocuments: 2,
            onWritten: () => undefined,
          },
          { topic: 'dirty', partition: 0, records, highWatermark: BigInt(this.#marks.length) },
          {
            signal: NEVER,
            heartbeat: async () => undefined,
            isStale: () => false,
            confirm: async () => undefined,
            reject: (_message, error) => {
              throw error;
            },
          },
        );
        await gate();
        this.#built = Math.max(this.#built, from + records.length);
      } finally {
        this.#building.delete(owner);
      }
    });
    return true;
  }

  actual(): Map<string, object> {
    return this.#elastic.visible();
  }
}
