import { isDeepStrictEqual } from 'node:util';
import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { writeDocuments } from '#consumers/catalog/catalogHandler.ts';
import { buildItems } from '#consumers/catalog/documentItems.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { wholeRows } from '#consumers/catalog/wholeRows.ts';
import { fanOut } from '#consumers/rows/fanOut.ts';
import { type FanOutTask, TaskBatch } from '#consumers/rows/fanOutTasks.ts';
import { type Mark, MarkBatch } from '#consumers/rows/marks.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { keepRows } from '#consumers/rows/rowsHandler.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import { CONTROL, decoded, keyOf } from './handed.ts';
import { Interleaving, Killed } from './interleaving.ts';
import { KeptMember, MemoryGroup } from './keptGroup.ts';
import type { LossTrouble } from './lossTrouble.ts';
import { MemoryElastic } from './memoryElastic.ts';
import { MemoryRedis } from './memoryRedis.ts';
import { product } from './shopTables.ts';
import { SourceModel, type SourceStep, wider } from './sourceModel.ts';

const GROUP = 'shop.rows';
const LINK_LIMITS = { first: 1, second: 1, below: 1 };
const CLIMB_BUDGET = 2;
const FAILOVERS_APART_MICROS = 62_000_000;
const NEVER = new AbortController().signal;

interface Lane<T> {
  readonly records: T[];
  committed: number;
}

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
  readonly #group: MemoryGroup;
  readonly #plan = planDocument(wider);
  readonly #tasks: Lane<FanOutTask> = { records: [], committed: 0 };
  readonly #marks: Lane<Mark> = { records: [], committed: 0 };
  readonly #busy = new Set<string>();
  readonly #whole = new Set<string>();
  #members: KeptMember[] = [];
  #older: ReturnType<MemoryRedis['copy']> | undefined;
  #olderIndex: MemoryElastic['documents'] | undefined;
  #ids = 0;
  #runs = 0;

  constructor(seed: number, choices: number, trouble: LossTrouble) {
    this.#run = new Interleaving(seed, choices);
    this.#trouble = trouble;
    this.#redis.nowMicros = 10_000_000;
    this.source = new SourceModel(2);
    this.#group = new MemoryGroup(this.source.topics, GROUP);
    this.#join(wider);
    this.#join(trouble.rolling === true ? product : wider);
  }

  async run(steps: readonly SourceStep[]): Promise<void> {
    const waiting = [...steps];
    while (this.#trouble.early === true && waiting.length > 0) this.source.commit(waiting.shift()!);
    while (!this.#run.exhausted) {
      if (this.#oneIn(20) && waiting.length > 0) this.source.commit(waiting.shift()!);
      this.#redis.nowMicros += this.#run.choose(1000);
      this.#happen();
      for (const member of this.#members) if (this.#oneIn(4)) this.#fetch(member, 1 + this.#run.choose(4));
      for (const member of this.#members) if (this.#oneIn(30)) this.#look(member);
      if (this.#oneIn(6)) this.#own('tasks', 'a', 1 + this.#run.choose(3));
      if (this.#oneIn(6)) this.#own('marks', 'a', 1 + this.#run.choose(4));
      if (this.#oneIn(30)) this.#own('marks', 'b', 1 + this.#run.choose(4));
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
      let busy = false;
      for (const member of this.#members) busy = this.#fetch(member, 50) || busy;
      busy = this.#own('tasks', 'a', 50) || busy;
      busy = this.#own('marks', 'a', 50) || busy;
      for (const member of this.#members) this.#look(member);
      let running = true;
      for (let steps = 0; running && steps < 5000; steps++) running = await this.#run.step(0);
      quiet = busy || running || this.#behind() ? 0 : quiet + 1;
      if (++rounds > 300) throw new Error('the copies never come to rest');
    }
  }

  /** Records wait to be handled. */
  #behind(): boolean {
    return this.#tasks.committed < this.#tasks.records.length || this.#marks.committed < this.#marks.records.length;
  }

  #happen(): void {
    const { rebalance, flush, failover, restore, repartition } = this.#trouble;
    if (this.#oneIn(rebalance)) this.#group.rebalance(this.#members, (limit) => this.#run.choose(limit));
    if (this.#oneIn(flush)) this.#redis.restore({ hashes: new Map(), strings: new Map() });
    if (this.#oneIn(60)) this.#older = this.#redis.copy();
    if (this.#older !== undefined && this.#oneIn(failover)) {
      this.#redis.restore(this.#older);
      // The clock of the other server is behind; a server lives for more than a minute.
      this.#redis.nowMicros += FAILOVERS_APART_MICROS - 1_000_000;
      this.#redis.runId = `run ${++this.#runs}`;
      this.#older = undefined;
    }
    if (this.#oneIn(60)) this.#olderIndex = new Map(this.#elastic.documents);
    if (this.#olderIndex !== undefined && this.#oneIn(restore)) this.#restoreIndex(this.#olderIndex);
    if (this.#oneIn(repartition)) {
      this.source.addPartitions();
      this.#group.rebalance(this.#members, (limit) => this.#run.choose(limit));
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
        if (version < first) this.#marks.records.push({ rootKey: keyOf(source), sourceTsMs: null });
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

  #join(definition: DocumentDefinition): void {
    const gate = this.#run.gate();
    const member = new KeptMember(this.#group, this.#redis, gate, definition, () => this.#output(gate));
    this.#members.push(member);
    this.#group.rebalance(this.#members, (limit) => this.#run.choose(limit));
  }

  /** The process of a member is gone; another one with its configuration comes. */
  #die(member: KeptMember): void {
    if (!this.#members.includes(member)) return;
    member.dead = true;
    this.#members = this.#members.filter((other) => other !== member);
    this.#join(member.definition);
  }

  #guarded(member: KeptMember, work: () => Promise<void>): void {
    this.#run.spawn(async () => {
      try {
        await work();
      } catch (error) {
        if (error instanceof Killed) this.#die(member);
        else if (!isRetriable(error)) throw error;
      }
    });
  }

  #look(member: KeptMember): void {
    if (member.looking) return;
    member.looking = true;
    this.#guarded(member, async () => {
      try {
        await member.keeper.look();
        await member.plan.catchUp(NEVER);
      } finally {
        member.looking = false;
      }
    });
  }

  #fetch(member: KeptMember, most: number): boolean {
    const batch = member.fetch((limit) => this.#run.choose(limit), most);
    if (batch === undefined) return false;
    const gate = this.#run.gate();
    this.#guarded(member, () =>
      member.handle(batch, gate, async (table, changes, confirm) => {
        const out = { ...this.#output(gate), confirm };
        await keepRows(out, member.plan.table(table), changes, CLIMB_BUDGET);
      }),
    );
    return true;
  }

  #own(name: 'tasks' | 'marks', owner: string, most: number): boolean {
    const lane: Lane<unknown> = name === 'tasks' ? this.#tasks : this.#marks;
    const from = lane.committed;
    const records = lane.records.slice(from, from + most);
    const id = `${name}/${owner}`;
    if (records.length === 0 || this.#busy.has(id)) return false;
    this.#busy.add(id);
    const gate = this.#run.gate();
    const batch = {
      topic: name,
      partition: 0,
      highWatermark: BigInt(lane.records.length),
      records: decoded(records, from),
    };
    this.#run.spawn(async () => {
      try {
        if (name === 'tasks') await this.#walk(batch as never, gate);
        else await writeDocuments(this.#parts(gate), batch as never, CONTROL);
        await gate();
        lane.committed = Math.max(lane.committed, from + records.length);
      } catch (error) {
        if (!(error instanceof Killed) && !isRetriable(error)) throw error;
      } finally {
        this.#busy.delete(id);
      }
    });
    return true;
  }

  async #walk(batch: never, gate: () => Promise<void>): Promise<void> {
    const { store, marks, tasks } = this.#output(gate);
    const redis = this.#redis.connection(gate);
    const { plan } = this.#members[0]!;
    await fanOut(
      {
        store,
        redis,
        get plans() {
          return plan.plans;
        },
        refreshPlans: () => plan.refresh(),
        coverage: new Coverage(),
        marks: () => marks,
        tasks: () => tasks,
      },
      batch,
      CONTROL,
    );
  }

  #output(gate: () => Promise<void>) {
    return {
      store: new RowStore(this.#redis.connection(gate), { linkLimits: LINK_LIMITS }),
      marks: new MarkBatch(async (_type, list) => {
        await gate();
        this.#marks.records.push(...list);
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
      whole: wholeRows(redis, GROUP),
      bulk: new BulkWriter({ elastic: this.#elastic.connection(gate), alias: () => 'products' }),
      coverage: new Coverage(),
      pieceDocuments: 2,
      onWritten: () => undefined,
    };
  }

  #oneIn(chance: number): boolean {
    return chance > 0 && this.#run.choose(chance) === chance - 1;
  }
}
