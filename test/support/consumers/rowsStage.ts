import { fanOut } from '#consumers/rows/fanOut.ts';
import { type FanOutTask, fanOutTopic, TaskBatch } from '#consumers/rows/fanOutTasks.ts';
import { type Mark, MarkBatch } from '#consumers/rows/marks.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { rowsGroup } from '#consumers/rows/rowsConsumer.ts';
import { keepRows } from '#consumers/rows/rowsHandler.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import { CONTROL, decoded } from './handed.ts';
import { type Interleaving, Killed } from './interleaving.ts';
import { KeptMember, MemoryGroup } from './keptGroup.ts';
import type { MemoryRedis } from './memoryRedis.ts';
import { type SourceModel, TABLES } from './sourceModel.ts';

export const GROUP_PREFIX = 'shop';
export const ROWS_GROUP = rowsGroup(GROUP_PREFIX);
/** A table's name stands for its topic's. */
export const ROWS_TOPICS: readonly string[] = TABLES;
/** So small that links grow into trees and wide ones are handed over. */
export const LINK_LIMITS = { first: 1, second: 1, below: 1 };
const CLIMB_BUDGET = 2;
const NEVER = new AbortController().signal;

export interface RowsStageOptions {
  readonly run: Interleaving;
  readonly redis: MemoryRedis;
  readonly source: SourceModel;
  /** Takes the marks; called after a gate. */
  readonly mark: (marks: readonly Mark[], lane: 'fast' | 'wide') => void;
}

/** Stage 1 in memory, with the production keepers and plans: the processes of the rows group, and the fan-out that walks for them. */
export class RowsStage {
  readonly #options: RowsStageOptions;
  readonly #group: MemoryGroup;
  readonly #tasks: FanOutTask[] = [];
  #walked = 0;
  #walking = false;
  #members: KeptMember[] = [];
  #ids = 0;

  constructor(options: RowsStageOptions) {
    this.#options = options;
    this.#group = new MemoryGroup(options.source.topics, ROWS_GROUP);
  }

  /** What the rows group and the fan-out have read, and what there is, as Kafka tells it. */
  offsets(topic: string): Map<number, { readonly begin: bigint; readonly end: bigint; readonly next: bigint }> {
    const places =
      topic === fanOutTopic(GROUP_PREFIX)
        ? [[this.#tasks.length, this.#walked] as const]
        : this.#options.source.topics
            .get(topic)!
            .map((log, partition) => [log.length, this.committed.get(`${topic}/${partition}`) ?? 0] as const);
    return new Map(
      places.map(([end, next], partition) => [partition, { begin: 0n, end: BigInt(end), next: BigInt(next) }]),
    );
  }

  /** What the group has committed. */
  get committed(): ReadonlyMap<string, number> {
    return this.#group.committed;
  }

  /** Tasks wait to be walked. */
  get behind(): boolean {
    return this.#walked < this.#tasks.length;
  }

  /** One more process, of this configuration. */
  join(definition: DocumentDefinition): void {
    const gate = this.#options.run.gate();
    const output = () => this.#output(gate);
    this.#members.push(new KeptMember(this.#group, this.#options.redis, gate, definition, output));
    this.rebalance();
  }

  rebalance(): void {
    this.#group.rebalance(this.#members, (limit) => this.#options.run.choose(limit));
  }

  /** Begins some of the work there is. */
  work(): void {
    const { run } = this.#options;
    for (const member of this.#members) if (run.oneIn(4)) this.#fetch(member, 1 + run.choose(4));
    for (const member of this.#members) if (run.oneIn(30)) this.#look(member);
    if (run.oneIn(6)) this.#walk(1 + run.choose(3));
  }

  /** Begins all the work there is; true when some was. The looks stand for the time that passes. */
  workAll(): boolean {
    let busy = false;
    for (const member of this.#members) busy = this.#fetch(member, 50) || busy;
    busy = this.#walk(50) || busy;
    for (const member of this.#members) this.#look(member);
    return busy;
  }

  /** The process of a member is gone; another one with its configuration comes. */
  #die(member: KeptMember): void {
    if (!this.#members.includes(member)) return;
    member.dead = true;
    this.#members = this.#members.filter((other) => other !== member);
    this.join(member.definition);
  }

  #guarded(member: KeptMember, work: () => Promise<void>): void {
    this.#options.run.spawn(async () => {
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
    const batch = member.fetch((limit) => this.#options.run.choose(limit), most);
    if (batch === undefined) return false;
    const gate = this.#options.run.gate();
    this.#guarded(member, () =>
      member.handle(batch, gate, async (table, changes, confirm) => {
        const out = { ...this.#output(gate), confirm };
        await keepRows(out, member.plan.table(table), changes, CLIMB_BUDGET);
      }),
    );
    return true;
  }

  #walk(most: number): boolean {
    const from = this.#walked;
    const records = this.#tasks.slice(from, from + most);
    if (records.length === 0 || this.#walking) return false;
    this.#walking = true;
    const gate = this.#options.run.gate();
    const highWatermark = BigInt(this.#tasks.length);
    this.#options.run.spawn(async () => {
      try {
        const batch = { topic: 'fan-out', partition: 0, highWatermark, records: decoded(records, from) };
        await this.#fanOut(batch, gate);
        await gate();
        this.#walked = from + records.length;
      } catch (error) {
        if (!(error instanceof Killed) && !isRetriable(error)) throw error;
      } finally {
        this.#walking = false;
      }
    });
    return true;
  }

  async #fanOut(batch: Parameters<typeof fanOut>[1], gate: () => Promise<void>): Promise<void> {
    const { store, marks, tasks } = this.#output(gate);
    const { plan } = this.#members[0]!;
    await fanOut(
      {
        store,
        redis: this.#options.redis.connection(gate),
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
      store: new RowStore(this.#options.redis.connection(gate), { linkLimits: LINK_LIMITS }),
      marks: new MarkBatch(async (_type, list, lane) => {
        await gate();
        this.#options.mark(list, lane);
      }),
      tasks: new TaskBatch(
        async (list) => {
          await gate();
          this.#tasks.push(...list);
        },
        () => String(this.#ids++),
      ),
    };
  }
}
