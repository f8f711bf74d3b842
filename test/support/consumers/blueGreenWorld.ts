import { isDeepStrictEqual } from 'node:util';
import { dropIndex } from '#consumers/catalog/indexSwap.ts';
import { catalogLanes } from '#consumers/catalog/lanes.ts';
import { dirtyTopic, LANES, type Lane, type Mark } from '#consumers/rows/marks.ts';
import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { hasCode, isRetriable } from '#infra/runtime/errors.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { Actor } from './blueGreenActor.ts';
import { rollBackByHand, swapByHand } from './blueGreenCommands.ts';
import { ALIAS, type BlueGreenTrouble, indexOf, VERSIONS } from './blueGreenTrouble.ts';
import { Interleaving, Killed } from './interleaving.ts';
import { type MemoryIndex, MemoryIndexes } from './memoryIndexes.ts';
import { MemoryRedis } from './memoryRedis.ts';
import { GROUP_PREFIX, RowsStage } from './rowsStage.ts';
import { SettledDocuments } from './settledDocuments.ts';
import { product } from './shopTables.ts';
import { SourceModel, type SourceStep } from './sourceModel.ts';
import { INDEX_PREFIX, VersionProcess } from './versionProcess.ts';

const PARTITIONS = 2;
/** Turn at which the first processes of the second version start. */
const SECOND_VERSION_AT = 150;
/** Effects that happen in a turn. */
const STEPS = 6;
/** Changes that come at once: what searches show of them is settled when the second version comes. */
const FIRST_ROWS = 3;

/**
 * Two versions of a document type side by side, in memory, with the production code that fills, compares, swaps, rolls back and drops their
 * indexes. At every step searches must show what is settled (SettledDocuments), whatever happens to the index they are at.
 */
export class BlueGreenWorld {
  readonly source = new SourceModel(2);
  readonly indexes = new MemoryIndexes();
  /** Documents that were settled when searches moved, in all. */
  answeredFor = 0;
  readonly #settled = new SettledDocuments(this.source, this.indexes);
  /** How often searches moved. */
  moves = 0;
  readonly #run: Interleaving;
  readonly #trouble: BlueGreenTrouble;
  readonly #redis = new MemoryRedis();
  readonly #broker = new MemoryBroker();
  readonly #rows: RowsStage;
  readonly #copies = new Map<string, MemoryIndex>();
  readonly #spoiled = new Set<string>();
  readonly #wanted = new Set<DocumentDefinition>();
  readonly #actors: Actor[] = [];
  readonly #actorOf = new Map<VersionProcess, Actor>();
  #processes: VersionProcess[] = [];
  #commanding = false;

  constructor(seed: number, trouble: BlueGreenTrouble) {
    this.#run = new Interleaving(seed, Number.POSITIVE_INFINITY);
    this.#trouble = trouble;
    this.#redis.nowMicros = 10_000_000;
    for (const lane of LANES)
      this.#broker.ensure({ topic: this.#topic(lane), partitions: PARTITIONS, replicationFactor: 1 });
    const mark = (marks: readonly Mark[], lane: Lane): void => this.#mark(marks, lane);
    this.#rows = new RowsStage({ run: this.#run, redis: this.#redis, source: this.source, mark });
    this.#rows.join(product);
    this.#rows.join(product);
    this.#start(VERSIONS[0]!);
    this.#start(VERSIONS[0]!);
  }

  /** Troubles come for so many turns; then everything comes to rest. */
  async run(steps: readonly SourceStep[], turns: number): Promise<void> {
    const waiting = [...steps];
    for (let turn = 0; turn < turns; turn++) {
      if ((turn < FIRST_ROWS || this.#run.oneIn(80)) && waiting.length > 0) this.#settled.commit(waiting.shift()!);
      if (turn === SECOND_VERSION_AT) this.#startBoth(VERSIONS[1]!);
      this.#redis.nowMicros += this.#run.choose(200_000);
      this.#happen();
      this.#rows.work();
      for (const process of this.#processes) this.#build(process, this.#run.oneIn(4), 1 + this.#run.choose(4));
      if (this.#run.oneIn(10)) this.#refresh();
      for (let step = 0; step < STEPS; step++) {
        await this.#run.step(this.#trouble.kill);
        this.#settled.watch((place) => this.#isHandled(VERSIONS[place]!));
      }
    }
    for (const step of waiting) this.#settled.commit(step);
    this.#run.calm();
    await this.#rest();
  }

  /** Documents of an index that are not those a fresh build from the source gives; none for an index nobody keeps, or that was damaged. */
  wrong(): Map<string, readonly [found: ReadonlyMap<string, object>, expected: ReadonlyMap<string, object>]> {
    const wrong = new Map<string, [ReadonlyMap<string, object>, ReadonlyMap<string, object>]>();
    for (const [place, definition] of VERSIONS.entries()) {
      const name = indexOf(definition);
      if (this.#spoiled.has(name) || !this.#wanted.has(definition)) continue;
      const found = this.indexes.indexes.has(name) ? this.indexes.visible(name) : new Map<string, object>();
      const expected = this.#settled.expected[place]!;
      if (!isDeepStrictEqual(found, expected) && !sameDocuments(found, expected)) wrong.set(name, [found, expected]);
    }
    return wrong;
  }

  /** The version searches are at. */
  searched(): number | undefined {
    const live = this.indexes.behind(ALIAS);
    return VERSIONS.find((definition) => indexOf(definition) === live)?.version;
  }

  #mark(marks: readonly Mark[], lane: Lane): void {
    for (const { rootKey, sourceTsMs } of marks) {
      const key = Buffer.from(rootKey);
      const value = Buffer.from(JSON.stringify({ sourceTsMs }));
      const log = this.#broker.partition(this.#topic(lane), partitionFor(key, PARTITIONS));
      log.append([{ key, value }], { kind: 'committed' }, this.#nowMs());
    }
  }

  #happen(): void {
    const { flush, lose, restore, spoil, command } = this.#trouble;
    const names = [...this.indexes.indexes.keys()];
    const name = names[this.#run.choose(names.length)];
    if (this.#run.oneIn(flush)) this.#redis.restore({ hashes: new Map(), strings: new Map() });
    if (command > 0 && this.#run.oneIn(command)) this.#command(this.#run.choose(5));
    if (name === undefined) return;
    if (this.#run.oneIn(80)) this.#copies.set(name, this.indexes.copy(name));
    if (this.#run.oneIn(lose)) this.indexes.lose(name);
    const copy = this.#copies.get(name);
    if (copy !== undefined && this.#run.oneIn(restore)) this.#restore(name, copy);
    if (this.#run.oneIn(spoil * 20)) this.#spoil(name);
  }

  /** Searches that go to a copy of before, or to none and then to it, show what it has. */
  #restore(name: string, copy: MemoryIndex): void {
    const live = this.indexes.behind(ALIAS);
    const aliases = new Set(copy.aliases);
    if (live !== undefined && live !== name) aliases.delete(ALIAS);
    this.indexes.restore(name, { ...copy, aliases });
    if (aliases.has(ALIAS)) this.#settled.forget();
    this.#copies.delete(name);
  }

  #spoil(name: string): void {
    const documents = this.indexes.indexes.get(name)?.documents;
    if (documents === undefined || name === this.indexes.behind(ALIAS)) return;
    const ids = [...documents.keys()];
    const id = ids[this.#run.choose(ids.length)];
    if (id === undefined) return;
    documents.delete(id);
    this.indexes.refresh(name);
    this.#spoiled.add(name).add(`${name}/${id}`);
    for (const actor of this.#actors) actor.damaged.add(id);
  }

  #refresh(): void {
    for (const name of this.indexes.indexes.keys()) this.indexes.refresh(name);
  }

  #startBoth(definition: DocumentDefinition): void {
    this.#start(definition);
    this.#start(definition);
  }

  #start(definition: DocumentDefinition): void {
    this.#wanted.add(definition);
    const actor = this.#actor();
    const process = new VersionProcess({
      definition,
      swap: this.#trouble.swap,
      broker: this.#broker,
      gate: actor.gate,
      elastic: actor.elastic,
      redis: actor.redis,
      kafka: actor.kafka,
      clock: actor.clock,
      onState: ({ state }) => {
        // Before it is compared, so that the comparison must find it.
        if (state === 'catching up' && this.#run.oneIn(this.#trouble.spoil)) this.#spoil(indexOf(definition));
        if (state === 'checking') actor.damaged.clear();
        if (state === 'ready' || state === 'differs') actor.reference = this.#settled.now();
      },
    });
    this.#processes.push(process);
    this.#actorOf.set(process, actor);
    this.#run.spawn(async () => {
      try {
        await process.run();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        this.#gone(process);
        if (this.#wanted.has(definition)) this.#start(definition);
      }
    });
  }

  #gone(process: VersionProcess): void {
    process.stop();
    this.#actorOf.get(process)!.dead = true;
    this.#processes = this.#processes.filter((other) => other !== process);
  }

  #actor(): Actor {
    const { lose, restore, spoil } = this.#trouble;
    const actor = new Actor({
      indexes: this.indexes,
      redis: this.#redis,
      broker: this.#broker,
      rows: this.#rows,
      gate: () => this.#run.gate(),
      members: (groupId) =>
        this.#processes.filter(({ opened, lanes }) => opened && lanes.some((lane) => lane.groupId === groupId)).length,
      nowMs: () => this.#nowMs(),
      moved: (by) => {
        this.moves += 1;
        this.#settled.moved(by, lose + restore + spoil === 0);
        this.answeredFor += this.#settled.now().size;
      },
    });
    this.#actors.push(actor);
    return actor;
  }

  #build(process: VersionProcess, calm: boolean, most: number): boolean {
    let began = false;
    for (const lane of process.lanes)
      for (let partition = 0; calm && partition < PARTITIONS; partition++) {
        const work = process.own(lane, partition, most);
        if (work === undefined) continue;
        began = true;
        this.#run.spawn(async () => {
          try {
            await work();
          } catch (error) {
            if (!(error instanceof Killed) && !isRetriable(error)) throw error;
          }
        });
      }
    return began;
  }

  /** What a person does at a keyboard, with the functions of `sluice index`. */
  #command(which: number): void {
    const live = this.searched();
    const other = VERSIONS.find(({ version }) => version !== live)!;
    // One person, one thing at a time.
    if (this.#commanding) return;
    if (which === 3 && live !== undefined) this.#stopAll(other);
    if (which === 4 && !this.#wanted.has(other)) this.#startBoth(other);
    if (which > 2) return;
    this.#commanding = true;
    const actor = this.#actor();
    this.#run.spawn(async () => {
      try {
        if (which === 0) await swapByHand(actor, other, () => this.#settled.now());
        else if (which === 1)
          await rollBackByHand(actor, (name) => this.#settled.now((id) => this.#spoiled.has(`${name}/${id}`)));
        else await dropIndex(actor.elastic, INDEX_PREFIX, product.type, indexOf(other));
      } catch (error) {
        if (!(error instanceof Killed) && !isRetriable(error) && !hasCode(error, 'SEARCH_INDEX_UNFIT')) throw error;
      } finally {
        this.#commanding = false;
      }
    });
  }

  #stopAll(definition: DocumentDefinition): void {
    this.#wanted.delete(definition);
    for (const process of this.#processes.filter((one) => one.definition === definition)) this.#gone(process);
  }

  /** Everything the source did was handled up to the documents of this version. */
  #isHandled(definition: DocumentDefinition): boolean {
    for (const [topic, partitions] of this.source.topics)
      for (const [partition, log] of partitions.entries())
        if ((this.#rows.committed.get(`${topic}/${partition}`) ?? 0) < log.length) return false;
    if (this.#rows.behind) return false;
    return catalogLanes(GROUP_PREFIX, definition).every(({ groupId, topic }) =>
      this.#broker
        .topic(topic)
        .partitions.every(
          (log, place) => (this.#broker.group(groupId).committed.get(`${topic}/${place}`) ?? 0n) >= log.highWatermark,
        ),
    );
  }

  /** Nothing bad happens any more, and nobody commands; the processes that are wanted run until all is still. */
  async #rest(): Promise<void> {
    for (let quiet = 0, rounds = 0; quiet < 8; rounds++) {
      this.#redis.nowMicros += 100_000;
      let busy = this.#rows.workAll();
      for (const process of this.#processes) busy = this.#build(process, true, 50) || busy;
      this.#refresh();
      for (let steps = 0; steps < 40; steps++) await this.#run.step(0);
      this.#settled.watch((place) => this.#isHandled(VERSIONS[place]!));
      quiet = busy || this.#commanding || this.wrong().size > 0 || this.searched() === undefined ? 0 : quiet + 1;
      if (rounds > 600) break;
    }
    for (const process of this.#processes) process.stop();
    for (let running = true; running; ) running = await this.#run.step(0);
  }

  #topic(lane: Lane): string {
    return dirtyTopic(GROUP_PREFIX, product.type, lane);
  }

  #nowMs(): number {
    return Math.floor(this.#redis.nowMicros / 1000);
  }
}

function sameDocuments(found: ReadonlyMap<string, object>, expected: ReadonlyMap<string, object>): boolean {
  return found.size === expected.size && [...expected].every(([id, one]) => isDeepStrictEqual(found.get(id), one));
}
