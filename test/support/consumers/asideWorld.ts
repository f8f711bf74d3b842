import type { Change } from '#consumers/runner/changes.ts';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import { redeliveryTopic } from '#consumers/runner/redelivery.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { AsideTrouble, Copy } from './asideCopy.ts';
import { forgettingClient, idOf, type Place, type PlacedRecord } from './asideLog.ts';
import { Interleaving, Killed } from './interleaving.ts';
import { MemoryRedis } from './memoryRedis.ts';

const AGAIN = redeliveryTopic('shop');
const POSITION = /^[0-9a-f]{48}\d/;
/** A deleted row, a level that was taken away. */
const GONE = /^.{49}(d|-$)/s;

/**
 * The group of one copy over its topics, with everything a person can do to it: records that cannot be handled for a while and lie with the
 * dead letters, redelivered later; old records replayed in the middle; partitions read again; topics made anew from a snapshot; deleted
 * things forgotten. Two owners of every partition, killed at any effect. At every step no stored version may be lower than before.
 */
export class AsideWorld<Step> {
  readonly redis = new MemoryRedis();
  readonly #copy: Copy<Step>;
  readonly #run: Interleaving;
  readonly #trouble: AsideTrouble;
  readonly #committed = new Map<string, number>();
  readonly #lives = new Map<string, number>();
  readonly #epochs = new Map<string, number>();
  readonly #broken = new Set<string>();
  readonly #letters = new Map<string, PlacedRecord>();
  /** What is to be handled once more; `letter`: a dead letter, else a replayed record. */
  readonly #again: (PlacedRecord & { readonly letter: boolean })[] = [];
  readonly #busy = new Set<string>();
  readonly #begun = new Map<object, number>();
  readonly #seen = new Map<string, string>();
  #againNext = 0;
  #nowMs = 1;
  /** How often reading went back, and how often it had when the present forgetting began; null: none is under way. */
  #moves = 0;
  #forgetting: number | null = null;

  constructor(copy: Copy<Step>, seed: number, choices: number, trouble: AsideTrouble) {
    this.#copy = copy;
    this.#run = new Interleaving(seed, choices);
    this.#trouble = trouble;
    this.redis.hash(ledgerKey(this.redis.connection(), copy.groupId)).set('id', 'store');
  }

  async run(steps: readonly Step[]): Promise<void> {
    const waiting = [...steps];
    while (!this.#run.exhausted) {
      if (this.#oneIn(12) && waiting.length > 0) this.#commit(waiting.shift()!);
      this.#happen();
      this.#work(false);
      await this.#run.step(this.#trouble.kill);
      this.#check();
    }
    for (const step of waiting) this.#commit(step);
    await this.#rest();
    // All of it once more, with what was deleted forgotten: a new reader of old topics.
    await this.#forget();
    for (const [topic, partitions] of this.#copy.topics())
      for (const partition of partitions.keys()) this.#rewindTo(topic, partition, 0);
    await this.#rest();
  }

  async #rest(): Promise<void> {
    this.#broken.clear();
    for (let quiet = 0; quiet < 3; ) {
      for (const letter of this.#letters.values()) if (!this.#isAsked(letter)) this.#redeliver(letter);
      const began = this.#work(true);
      const ran = await this.#run.step(0);
      this.#check();
      quiet = began || ran || this.#letters.size > 0 ? 0 : quiet + 1;
    }
  }

  #commit(step: Step): void {
    const change = this.#copy.commit(step);
    if (change !== null && this.#oneIn(this.#trouble.broken)) this.#broken.add(change.position);
  }

  #work(calm: boolean): boolean {
    this.#nowMs += 1;
    let began = false;
    for (const [topic, partitions] of this.#copy.topics())
      for (const [partition, log] of partitions.entries()) {
        const most = calm ? 50 : 1 + this.#run.choose(4);
        if (calm || this.#oneIn(6)) began = this.#own(topic, partition, log, 'a', most) || began;
        if (!calm && this.#oneIn(this.#trouble.secondOwner)) this.#own(topic, partition, log, 'b', most);
      }
    if (calm || this.#oneIn(6)) began = this.#ownAgain('a') || began;
    if (!calm && this.#oneIn(this.#trouble.secondOwner)) this.#ownAgain('b');
    const { redis } = this;
    return (this.#copy.also?.({ run: this.#run, redis, calm }) ?? false) || began;
  }

  #happen(): void {
    const { mend, redeliver, replay, rewind, recreate, forget } = this.#trouble;
    if (this.#oneIn(mend)) this.#broken.delete([...this.#broken][this.#run.choose(this.#broken.size)] ?? '');
    const letters = [...this.#letters.values()];
    if (letters.length > 0 && this.#oneIn(redeliver)) this.#redeliver(letters[this.#run.choose(letters.length)]!);
    const topics = [...this.#copy.topics()];
    const [topic, partitions] = topics[this.#run.choose(topics.length)]!;
    const partition = this.#run.choose(partitions.length);
    const log = partitions[partition]!;
    const from = this.#run.choose(log.length + 1);
    if (this.#oneIn(replay))
      for (const record of this.#placed(topic, partition, log, from, log.length))
        this.#again.push({ ...record, letter: false });
    if (this.#oneIn(rewind)) this.#rewindTo(topic, partition, Math.min(from, this.#next(topic, partition)));
    if (this.#oneIn(recreate) && this.#isThrough(topic)) this.#recreate(topic);
    if (this.#forgetting === null && this.#oneIn(forget)) void this.#forget();
  }

  /** A topic may be made anew when the group is at its end and has no letter of it: what was deleted unseen would never be told. */
  #isThrough(topic: string): boolean {
    const logs = this.#copy.topics().get(topic)!;
    const open = [...this.#letters.values(), ...this.#again.slice(this.#againNext)].some((r) => r.topic === topic);
    return !open && logs.every((log, partition) => this.#next(topic, partition) >= log.length);
  }

  #recreate(topic: string): void {
    this.#copy.recreate(topic);
    this.#lives.set(topic, this.#life(topic) + 1);
    for (const partition of this.#copy.topics().get(topic)!.keys()) this.#rewindTo(topic, partition, 0);
  }

  #rewindTo(topic: string, partition: number, offset: number): void {
    const at = `${topic}/${partition}`;
    this.#moves += 1;
    this.#committed.set(at, offset);
    this.#epochs.set(at, (this.#epochs.get(at) ?? 0) + 1);
  }

  #redeliver(letter: PlacedRecord): void {
    this.#again.push({ ...letter, letter: true });
  }

  #isAsked(letter: Place): boolean {
    return this.#again.slice(this.#againNext).some((record) => record.letter && idOf(record) === idOf(letter));
  }

  /** One batch of one owner of a partition. */
  #own(topic: string, partition: number, log: readonly Change[], owner: string, most: number): boolean {
    const at = `${topic}/${partition}`;
    const epoch = this.#epochs.get(at) ?? 0;
    const records = this.#placed(topic, partition, log, this.#next(topic, partition), most);
    return this.#spawn(`${at}/${owner}`, records, async (gate) => {
      await this.#handle(records, gate);
      await gate();
      if ((this.#epochs.get(at) ?? 0) !== epoch) return;
      this.#committed.set(at, Math.max(this.#next(topic, partition), records.at(-1)!.offset + 1));
    });
  }

  /** Redelivered letters and replayed records, by the place they stood in, as the runner does it. */
  #ownAgain(owner: string): boolean {
    const from = this.#againNext;
    const records = this.#again.slice(from, from + 1 + this.#run.choose(3));
    return this.#spawn(`again/${owner}`, records, async (gate) => {
      const places = Map.groupBy(records, ({ topic, partition, life }) => `${topic}/${partition}/${life}`);
      for (const own of places.values()) {
        const aside = await this.#handle(
          own.toSorted((a, b) => a.offset - b.offset),
          gate,
        );
        await gate();
        for (const record of own) if (record.letter && !aside.has(record.change)) this.#letters.delete(idOf(record));
      }
      await gate();
      this.#againNext = Math.max(this.#againNext, from + records.length);
    });
  }

  async #handle(records: readonly PlacedRecord[], gate: () => Promise<void>): Promise<ReadonlySet<Change>> {
    const { redis } = this;
    const changes = records.map(({ change }) => change);
    const parts = { redis, gate, nowMs: () => this.#nowMs };
    const isBroken = ({ position }: Change): boolean => this.#broken.has(position);
    const aside = new Set(await this.#copy.handle(records[0]!.topic, changes, isBroken, parts));
    if (aside.size > 0) await gate();
    for (const record of records) if (aside.has(record.change)) this.#letters.set(idOf(record), record);
    return aside;
  }

  #spawn(id: string, records: readonly unknown[], work: (gate: () => Promise<void>) => Promise<void>): boolean {
    if (records.length === 0 || this.#busy.has(id)) return false;
    this.#busy.add(id);
    const token = {};
    this.#begun.set(token, this.#nowMs);
    this.#run.spawn(async () => {
      try {
        await work(this.#run.gate());
      } catch (error) {
        if (!isRetriable(error)) throw error;
      } finally {
        this.#busy.delete(id);
        this.#begun.delete(token);
      }
    });
    return true;
  }

  /** Forgets by the production rule; nobody is away for longer than what was deleted is remembered. */
  async #forget(): Promise<void> {
    const gate = this.#run.gate();
    const oldest = Math.min(this.#nowMs, ...this.#begun.values());
    const kafka = forgettingClient(this.#copy.groupId, gate, {
      ends: () =>
        new Map([
          ...[...this.#copy.topics()].map(([topic, logs]) => [topic, logs.map(({ length }) => length)] as const),
          [AGAIN, [this.#again.length]],
        ]),
      committed: (topic, partition) => (topic === AGAIN ? this.#againNext : this.#next(topic, partition)),
      letters: () => this.#letters.values(),
    });
    const sleep = async (): Promise<never> => Promise.reject(new Killed());
    this.#forgetting = this.#moves;
    this.#run.spawn(async () => {
      try {
        await this.#copy.forget({ redis: this.redis, gate, nowMs: () => oldest, kafka, sleep });
      } finally {
        this.#forgetting = null;
      }
    });
    while (this.#run.exhausted && this.#forgetting !== null) {
      await this.#run.step(0);
      this.#check();
    }
  }

  /** No stored version is lower than before, and nothing but what was deleted goes. */
  #check(): void {
    const found = new Map<string, string>();
    for (const [key, hash] of this.redis.hashes)
      for (const [field, text] of hash) if (POSITION.test(text)) found.set(`${key} ${field}`, text);
    for (const [name, before] of this.#seen) {
      const now = found.get(name);
      if (now === undefined ? !GONE.test(before) : now.slice(0, 49) < before.slice(0, 49))
        throw new Error(`${name} went back from ${before} to ${now}`);
      if (now === undefined) this.#checkForgotten(name, before.slice(0, 49));
    }
    this.#seen.clear();
    for (const [name, text] of found) this.#seen.set(name, text);
  }

  /** What is forgotten is behind the group and older than no open letter, unless reading went back meanwhile: then the delete comes again. */
  #checkForgotten(name: string, position: string): void {
    if (this.#forgetting !== null && this.#forgetting !== this.#moves) return;
    for (const [topic, partitions] of this.#copy.topics())
      for (const [partition, log] of partitions.entries())
        for (const [offset, change] of log.entries())
          if (change.position <= position && offset >= this.#next(topic, partition))
            throw new Error(`${name} was forgotten before ${topic}/${partition}/${offset} was handled`);
  }

  #placed(topic: string, partition: number, log: readonly Change[], from: number, most: number): PlacedRecord[] {
    const life = this.#life(topic);
    return log
      .slice(from, from + most)
      .map((change, place) => ({ topic, partition, offset: from + place, life, change }));
  }

  #life(topic: string): number {
    return this.#lives.get(topic) ?? 0;
  }

  #next(topic: string, partition: number): number {
    return this.#committed.get(`${topic}/${partition}`) ?? 0;
  }

  #oneIn(chance: number): boolean {
    return chance > 0 && this.#run.choose(chance) === chance - 1;
  }
}
