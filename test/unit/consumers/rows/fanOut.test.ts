import { beforeEach, describe, expect, it } from 'vitest';
import { type FanOutWriter, fanOut } from '#consumers/rows/fanOut.ts';
import { type FanOutTask, TaskBatch } from '#consumers/rows/fanOutTasks.ts';
import { MarkBatch } from '#consumers/rows/marks.ts';
import { planDocument, planTables } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { keepRows } from '#consumers/rows/rowsHandler.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import type { SluiceError } from '#infra/runtime/errors.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';
import { product } from '#test/support/consumers/shopTables.ts';

const PRODUCTS = 5000;
const plan = planDocument(product);
const tables = planTables([plan]);

describe('the fan-out', () => {
  let writer: FanOutWriter;
  let marked: string[];
  let tasks: FanOutTask[];
  let rejected: string[];
  let pages: number;
  /** What happens after a page; may throw to play a death. */
  let afterPage: () => void;
  let stale: boolean;

  const control: HandlerControl = {
    signal: new AbortController().signal,
    heartbeat: async () => undefined,
    isStale: () => stale,
    confirm: async () => undefined,
    reject: (_, error: SluiceError) => void rejected.push(error.code),
  };

  beforeEach(async () => {
    const redis = new MemoryRedis().connection();
    marked = [];
    tasks = [];
    rejected = [];
    pages = 0;
    stale = false;
    afterPage = () => undefined;
    writer = {
      store: new RowStore(redis),
      redis,
      plans: [plan],
      coverage: new Coverage(),
      marks: () => new MarkBatch(async (_, list) => void marked.push(...list.map(({ rootKey }) => rootKey))),
      tasks: () => new TaskBatch(async (list) => void tasks.push(...list)),
      onPage: () => {
        pages += 1;
        afterPage();
      },
    };
    await keep(
      'dbo.PRODUCT',
      Array.from({ length: PRODUCTS }, (_, i) => ({ CODE: `P${i}`, CAT: 'WIDE' })),
      'CODE',
    );
    marked = [];
  });

  let lsn = 0;
  async function keep(table: string, rows: Row[], key: string): Promise<void> {
    const position = `${String(++lsn).padStart(20, '0')}${'0'.repeat(28)}4`;
    const changes = rows.map((after) => ({
      table,
      key: { [key]: after[key] },
      position,
      op: 'u' as const,
      before: null,
      after,
      sourceTsMs: lsn,
    }));
    for (let start = 0; start < changes.length; start += 1000)
      await keepRows(
        { store: writer.store, marks: writer.marks(control.signal), tasks: writer.tasks(control.signal) },
        tables.get(table)!,
        changes.slice(start, start + 1000),
      );
  }
  const rename = (): Promise<void> => keep('dbo.CATEGORY', [{ CAT: 'wide', NAME: `name ${lsn}`, GRP: 1 }], 'CAT');
  const batch = (list: readonly FanOutTask[], offset = 0, end = offset + list.length): RecordBatch<FanOutTask> => ({
    topic: 'fan-out',
    partition: 0,
    highWatermark: BigInt(end),
    records: list.map((value, i) => ({
      value,
      message: {
        topic: 'fan-out',
        partition: 0,
        offset: BigInt(offset + i),
        timestampMs: 0,
        key: null,
        value: null,
        headers: {},
      },
    })),
  });

  it('is given what touches too many documents, and nothing of it is marked before', async () => {
    await rename();
    expect(tasks).toMatchObject([{ documentType: 'product', alias: 'category', link: 'CAT=wide' }]);
    expect(marked).toEqual([]);
    await fanOut(writer, batch(tasks), control);
    expect(new Set(marked).size).toBe(PRODUCTS);
    expect(marked).toHaveLength(PRODUCTS);
  });

  it('walks once for tasks that ask for the same', async () => {
    await rename();
    await rename();
    await rename();
    expect(tasks).toHaveLength(3);
    await fanOut(writer, batch(tasks.slice(0, 2), 0, 3), control);
    await fanOut(writer, batch(tasks.slice(2), 2), control);
    expect(marked).toHaveLength(PRODUCTS);
  });

  it('goes on after the last page whose marks are stored, and does not begin again when it was done', async () => {
    await rename();
    afterPage = () => {
      if (pages === 20) throw new Error('killed');
    };
    await expect(fanOut(writer, batch(tasks), control)).rejects.toThrow('killed');
    const before = marked.length;
    expect(before).toBeGreaterThan(1000);
    await fanOut({ ...writer, coverage: new Coverage() }, batch(tasks), control);
    expect(new Set(marked).size).toBe(PRODUCTS);
    expect(marked).toHaveLength(PRODUCTS);
    await fanOut({ ...writer, coverage: new Coverage() }, batch(tasks), control);
    expect(marked).toHaveLength(PRODUCTS);
  });

  it('leaves the rest to the new owner of its partition, who is not told that it was done', async () => {
    await rename();
    afterPage = () => {
      stale = pages === 5;
    };
    await fanOut(writer, batch(tasks), control);
    expect(pages).toBe(5);
    afterPage = () => undefined;
    stale = false;
    await fanOut(writer, batch(tasks), control);
    expect(marked).toHaveLength(PRODUCTS);
  });

  it('walks again when a task is redelivered', async () => {
    await rename();
    await fanOut(writer, batch(tasks), control);
    const { highWatermark: _, ...again } = batch(tasks);
    await fanOut(writer, again, control);
    expect(marked).toHaveLength(2 * PRODUCTS);
  });

  it('hands wide parents on as tasks of their own', async () => {
    await rename();
    tasks = [];
    await keep('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'title' }], 'GRP');
    expect(tasks).toMatchObject([{ alias: 'category', link: 'CAT=wide' }]);
    expect(marked).toEqual([]);
  });

  it('puts a task aside whose join is not configured', async () => {
    await rename();
    await fanOut(writer, batch([{ ...tasks[0]!, alias: 'gone' }]), control);
    expect(rejected).toEqual(['FAN_OUT_JOIN_UNKNOWN']);
  });
});
