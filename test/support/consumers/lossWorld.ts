import { isDeepStrictEqual } from 'node:util';
import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { writeDocuments } from '#consumers/catalog/catalogHandler.ts';
import { buildItems } from '#consumers/catalog/documentItems.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { wholeRows } from '#consumers/catalog/wholeRows.ts';
import type { Mark } from '#consumers/rows/marks.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import { CONTROL, decoded, keyOf } from './handed.ts';
import { Interleaving, Killed } from './interleaving.ts';
import type { LossTrouble } from './lossTrouble.ts';
import { MemoryElastic } from './memoryElastic.ts';
import { MemoryRedis } from './memoryRedis.ts';
import { LINK_LIMITS, ROWS_GROUP, RowsStage } from './rowsStage.ts';
import { product } from './shopTables.ts';
import { SourceModel, type SourceStep, wider } from './sourceModel.ts';

const FAILOVERS_APART_MICROS = 62_000_000;
const NEVER = new AbortController().signal;

/**
 * Both stages between memory twins that lose data, with the production code that notices it: two members of the rows group with their keepers,
 * of which one may know fewer joins; links handed over to the fan-out; builders that wait for whole rows.
 */
export class LossWorld {
  readonly source: SourceModel;
  readonly #run: Interleaving;
  readonly #trouble: LossTrouble;
  readonly #redis = new MemoryRedis();
  readonly #elastic = new MemoryElastic();
  readonly #rows: RowsStage;
  readonly #plan = planDocument(wider);
  readonly #marks: Mark[] = [];
  readonly #busy = new Set<string>();
  readonly #whole = new Set<string>();
  #built = 0;
  #older: ReturnType<MemoryRedis['copy']> | undefined;
  #olderIndex: MemoryElastic['documents'] | undefined;
  #runs = 0;

  constructor(seed: number, choices: number, trouble: LossTrouble) {
    this.#run = new Interleaving(seed, choices);
    this.#trouble = trouble;
    this.#redis.nowMicros = 10_000_000;
    this.source = new SourceModel(2);
    const mark = (list: readonly Mark[]): void => void this.#marks.push(...list);
    this.#rows = new RowsStage({ run: this.#run, redis: this.#redis, source: this.source, mark });
    this.#rows.join(wider);
    this.#rows.join(trouble.rolling === true ? product : wider);
  }

  async run(steps: readonly SourceStep[]): Promise<void> {
    const waiting = [...steps];
    while (this.#trouble.early === true && waiting.length > 0) this.source.commit(waiting.shift()!);
    while (!this.#run.exhausted) {
      if (this.#run.oneIn(20) && waiting.length > 0) this.source.commit(waiting.shift()!);
      this.#redis.nowMicros += this.#run.choose(1000);
      this.#happen();
      this.#rows.work();
      if (this.#run.oneIn(6)) this.#build('a', 1 + this.#run.choose(4));
      if (this.#run.oneIn(30)) this.#build('b', 1 + this.#run.choose(4));
      await this.#run.step(this.#trouble.kill);
      if (this.#trouble.watched === true) this.#watch();
    }
    for (const step of waiting) this.source.commit(step);
    await this.#drain();
  }

  actual(): Map<string, object> {
    return this.#elastic.visible();
  }

  /** A document that was whole once stays so, whatever is lost, as long as the source does not change. */
  #watch(): void {
    const wanted = this.source.documents();
    const found = this.actual();
    for (const [id, document] of wanted)
      if (isDeepStrictEqual(found.get(id), document)) this.#whole.add(id);
      else if (this.#whole.has(id))
        throw new Error(`document ${id} was whole and is now ${JSON.stringify(found.get(id))}`);
  }

  /** Nothing bad happens any more: until nothing is left to do. The looks stand for the time that passes. */
  async #drain(): Promise<void> {
    let rounds = 0;
    for (let quiet = 0; quiet < 4; ) {
      this.#redis.nowMicros += 1000;
      // Locks of those that died have run out by now.
      for (const lock of [...this.#redis.strings.keys()].filter((name) => name.endsWith('linking')))
        if (quiet === 0) this.#redis.strings.delete(lock);
      let busy = this.#rows.workAll();
      busy = this.#build('a', 50) || busy;
      let running = true;
      for (let steps = 0; running && steps < 5000; steps++) running = await this.#run.step(0);
      quiet = busy || running || this.#rows.behind || this.#built < this.#marks.length ? 0 : quiet + 1;
      if (++rounds > 300) throw new Error('the copies never come to rest');
    }
  }

  #happen(): void {
    const { rebalance, flush, failover, restore, repartition } = this.#trouble;
    if (this.#run.oneIn(rebalance)) this.#rows.rebalance();
    if (this.#run.oneIn(flush)) this.#redis.restore({ hashes: new Map(), strings: new Map() });
    if (this.#run.oneIn(60)) this.#older = this.#redis.copy();
    if (this.#older !== undefined && this.#run.oneIn(failover)) {
      this.#redis.restore(this.#older);
      // The clock of the other server is behind; a server lives for more than a minute.
      this.#redis.nowMicros += FAILOVERS_APART_MICROS - 1_000_000;
      this.#redis.runId = `run ${++this.#runs}`;
      this.#older = undefined;
    }
    if (this.#run.oneIn(60)) this.#olderIndex = new Map(this.#elastic.documents);
    if (this.#olderIndex !== undefined && this.#run.oneIn(restore)) this.#restoreIndex(this.#olderIndex);
    if (this.#run.oneIn(repartition)) {
      this.source.addPartitions();
      this.#rows.rebalance();
    }
  }

  /** The holder notices that the index is older and fills it: every root row of the store, then whatever is left over. */
  #restoreIndex(documents: MemoryElastic['documents']): void {
    this.#elastic.documents.clear();
    for (const [id, stored] of documents) this.#elastic.documents.set(id, stored);
    this.#olderIndex = undefined;
    const gate = this.#run.gate();
    const fill = async (): Promise<void> => {
      const parts = this.#parts(gate);
      const first = await parts.versions.next();
      const keys: string[] = [];
      await parts.store.scan(product.root, (page) => void keys.push(...page));
      for (const rootKey of keys) {
        const { items } = await buildItems(parts, [{ rootKey, sourceTsMs: null }]);
        await parts.bulk.write(items, NEVER);
      }
      await gate();
      for (const { version, source } of this.#elastic.documents.values())
        if (version < first) this.#marks.push({ rootKey: keyOf(source), sourceTsMs: null });
    };
    const untilDone = (): void =>
      this.#run.spawn(async () => {
        try {
          await fill();
        } catch (error) {
          if (!(error instanceof Killed) && !isRetriable(error)) throw error;
          untilDone();
        }
      });
    untilDone();
  }

  #build(owner: string, most: number): boolean {
    const from = this.#built;
    const records = this.#marks.slice(from, from + most);
    if (records.length === 0 || this.#busy.has(owner)) return false;
    this.#busy.add(owner);
    const gate = this.#run.gate();
    const highWatermark = BigInt(this.#marks.length);
    this.#run.spawn(async () => {
      try {
        const batch = { topic: 'marks', partition: 0, highWatermark, records: decoded(records, from) };
        await writeDocuments(this.#parts(gate), batch, CONTROL);
        await gate();
        this.#built = Math.max(this.#built, from + records.length);
      } catch (error) {
        if (!(error instanceof Killed) && !isRetriable(error)) throw error;
      } finally {
        this.#busy.delete(owner);
      }
    });
    return true;
  }

  #parts(gate: () => Promise<void>) {
    const redis = this.#redis.connection(gate);
    const highest = async (): Promise<number> => {
      await gate();
      return Math.max(0, ...[...this.#elastic.documents.values()].map(({ version }) => version));
    };
    return {
      store: new RowStore(redis, { linkLimits: LINK_LIMITS }),
      plan: this.#plan,
      versions: new VersionSource(redis, 'product', highest),
      whole: wholeRows(redis, ROWS_GROUP),
      bulk: new BulkWriter({ elastic: this.#elastic.connection(gate), alias: () => 'products' }),
      coverage: new Coverage(),
      pieceDocuments: 2,
      onWritten: () => undefined,
    };
  }
}
