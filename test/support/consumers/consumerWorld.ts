import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { writeDocuments } from '#consumers/catalog/catalogHandler.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { fanOut } from '#consumers/rows/fanOut.ts';
import { type FanOutTask, TaskBatch } from '#consumers/rows/fanOutTasks.ts';
import { type Mark, MarkBatch } from '#consumers/rows/marks.ts';
import { planDocument, planTables } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { keepRows } from '#consumers/rows/rowsHandler.ts';
import type { Change } from '#consumers/runner/changes.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { RecordBatch } from '#consumers/runner/runner.ts';
import { CONTROL, decoded } from './handed.ts';
import { Interleaving } from './interleaving.ts';
import { MemoryElastic } from './memoryElastic.ts';
import { MemoryRedis } from './memoryRedis.ts';
import { product } from './shopTables.ts';
import { SourceModel, type SourceStep, TABLES } from './sourceModel.ts';

const OWNED = [...TABLES, 'fan-out', 'dirty', 'wide'] as const;
/** So small that links grow into trees and wide ones are handed over. */
const LINK_LIMITS = { first: 1, second: 1, below: 1 };
const CLIMB_BUDGET = 2;

/**
 * How often things go wrong, each as one in so many; 0 for never. Too much of one trouble hides another: what is read again all the time
 * repairs what was lost before.
 */
export interface Trouble {
  readonly kill: number;
  readonly secondOwner: number;
  readonly rewind: number;
}

/** A log that is read in batches by owners who may be killed before they commit. */
class Log<T> {
  readonly records: T[];
  committed = 0;

  constructor(records: T[] = []) {
    this.records = records;
  }
}

/**
 * The whole consumer path in memory, with the production code between the effects: the source writes, two owners of every table's log keep
 * rows, two owners of the dirty log build documents. Owners may be killed at any effect, work on what they no longer own, and read
 * again what was read before.
 */
export class ConsumerWorld {
  readonly #interleaving: Interleaving;
  readonly #redis = new MemoryRedis();
  readonly #elastic = new MemoryElastic();
  readonly #source = new SourceModel(1);
  readonly #logs = new Map([...this.#source.topics].map(([table, [records]]) => [table, new Log(records)]));
  readonly #tasks = new Log<FanOutTask>();
  readonly #lanes = { dirty: new Log<Mark>(), wide: new Log<Mark>() };
  readonly #coverages = new Map<string, Coverage>();
  #ids = 0;
  readonly #plan = planDocument(product);
  readonly #tables = planTables([this.#plan]);
  readonly #trouble: Trouble;

  constructor(seed: number, choices: number, trouble: Trouble) {
    this.#interleaving = new Interleaving(seed, choices);
    this.#trouble = trouble;
  }

  async run(steps: readonly SourceStep[]): Promise<void> {
    const waiting = [...steps];
    const busy = new Set<string>();
    while (!this.#interleaving.exhausted) {
      if (this.#interleaving.choose(20) === 0 && waiting.length > 0) this.#source.commit(waiting.shift()!);
      for (const log of OWNED)
        for (const [owner, chance] of [
          ['a', 6],
          ['b', this.#trouble.secondOwner],
        ] as const)
          if (!busy.has(`${log}/${owner}`) && this.#oneIn(chance)) this.#own(log, owner, busy);
      await this.#interleaving.step(this.#trouble.kill);
    }
    for (const step of waiting) this.#source.commit(step);
    await this.#drain(busy);
  }

  expected(): Map<string, object> {
    return this.#source.documents(product);
  }

  actual(): Map<string, object> {
    return this.#elastic.visible();
  }

  /** No kills any more: everything that is not committed is read until nothing is left. */
  async #drain(busy: Set<string>): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      let started = false;
      for (const name of OWNED) {
        const log = this.#log(name);
        if (log.committed < log.records.length && !busy.has(`${name}/a`)) {
          this.#own(name, 'a', busy, false);
          started = true;
        }
      }
      const ran = await this.#interleaving.step(0);
      quiet = started || ran ? 0 : quiet + 1;
    }
  }

  #oneIn(chance: number): boolean {
    return chance > 0 && this.#interleaving.choose(chance) === 0;
  }

  #log(name: string): Log<unknown> {
    if (name === 'fan-out') return this.#tasks;
    return name === 'dirty' || name === 'wide' ? this.#lanes[name] : this.#logs.get(name)!;
  }

  /** One batch of one owner: from the committed offset or before it, to somewhere. */
  #own(name: string, owner: string, busy: Set<string>, mayRewind = true): void {
    const log = this.#log(name);
    const back = mayRewind && this.#oneIn(this.#trouble.rewind) ? this.#interleaving.choose(8) : 0;
    const from = Math.max(0, log.committed - back);
    const records = log.records.slice(from, from + 1 + (mayRewind ? this.#interleaving.choose(4) : 50));
    if (records.length === 0) return;
    const id = `${name}/${owner}`;
    busy.add(id);
    const gate = this.#interleaving.gate();
    const coverage = this.#coverages.get(id) ?? new Coverage();
    this.#coverages.set(id, coverage);
    const highWatermark = BigInt(log.records.length);
    this.#interleaving.spawn(async () => {
      try {
        const batch = { topic: name, partition: 0, highWatermark, records: decoded(records, from) };
        if (name === 'fan-out') await this.#walk(batch as RecordBatch<FanOutTask>, coverage, gate);
        else if (name === 'dirty' || name === 'wide') await this.#build(batch as RecordBatch<Mark>, coverage, gate);
        else await this.#keep(name, records as Change[], gate);
        log.committed = Math.max(log.committed, from + records.length);
      } catch (error) {
        this.#coverages.delete(id);
        throw error;
      } finally {
        busy.delete(id);
      }
    });
  }

  #output(gate: () => Promise<void>) {
    return {
      store: new RowStore(this.#redis.connection(gate), { linkLimits: LINK_LIMITS }),
      marks: new MarkBatch(async (_, list, lane) => {
        await gate();
        this.#lanes[lane === 'wide' ? 'wide' : 'dirty'].records.push(...list);
      }),
      tasks: new TaskBatch(
        async (list) => {
          await gate();
          this.#tasks.records.push(...list);
        },
        () => String(this.#ids++),
      ),
    };
  }

  async #keep(table: string, changes: readonly Change[], gate: () => Promise<void>): Promise<void> {
    await keepRows(this.#output(gate), this.#tables.get(table)!, changes, CLIMB_BUDGET);
  }

  async #walk(batch: RecordBatch<FanOutTask>, coverage: Coverage, gate: () => Promise<void>): Promise<void> {
    const { store, marks, tasks } = this.#output(gate);
    const writer = {
      store,
      redis: this.#redis.connection(gate),
      plans: [this.#plan],
      coverage,
      marks: () => marks,
      tasks: () => tasks,
    };
    await fanOut(writer, batch, CONTROL);
  }

  async #build(batch: RecordBatch<Mark>, coverage: Coverage, gate: () => Promise<void>): Promise<void> {
    const redis = this.#redis.connection(gate);
    const writer = {
      store: new RowStore(redis),
      plan: this.#plan,
      versions: new VersionSource(redis, 'product', async () => 0),
      bulk: new BulkWriter({ elastic: this.#elastic.connection(gate), alias: () => 'products' }),
      coverage,
      pieceDocuments: 2,
      onWritten: () => undefined,
    };
    await writeDocuments(writer, batch, CONTROL);
  }
}
