import type { WatchedCopy } from '#consumers/runner/copyProgress.ts';
import type { Passed } from '#consumers/runner/progress.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { encodeProgress } from '#schemas/progressRecord.ts';
import { seededRandom } from '../seededRandom.ts';
import { type Logged, PARTITIONS, ProgressLog } from './progressLog.ts';
import { ProgressStore } from './progressStore.ts';

/** One group on its topics: what it handles and how. */
interface Worker {
  readonly group: string;
  readonly topics: readonly string[];
  /** In the store that can be lost; other groups have only their committed offsets. */
  readonly keepsLedger: boolean;
  handle(commit: number, topic: string): void;
  readonly committed: Map<string, number>;
  /** Where it stands in memory; forgotten by a crash. */
  readonly at: Map<string, number>;
}

const SOURCE = ['t.a', 't.b'] as const;
const FAN = 'g.fan';
const DIRTY = ['g.dirty', 'g.dirty.wide'] as const;
/** The keeper of a copy looks at its store this often. */
const LOOK_MS = 1000;
const STEP_MS = 40;

/** Position of the end of a commit. */
export const positionOf = (commit: number): string =>
  `${commit.toString(16).padStart(20, '0')}7fffffff${'f'.repeat(20)}9`;
const commitOf = (position: string): number => Number.parseInt(position.slice(0, 20), 16);
/** Commit time of a commit. */
const timeOf = (commit: number): number => commit * 1000;

/**
 * A source, a capture, four groups and their stores, all of which go on by small steps in an order the seed decides, also in the middle of a
 * round of the watcher: whenever it asks Kafka or Redis for something, the others do some steps before it gets the answer.
 */
export class ProgressWorld {
  nowMs = 1_000_000;
  readonly #random: () => number;
  readonly #commits: number;
  readonly #losses: boolean;
  readonly #log = new ProgressLog([...SOURCE, FAN, ...DIRTY]);
  readonly #store = new ProgressStore();
  /** Commit → the source topics it changed. */
  readonly #changed = new Map<number, readonly string[]>();
  #committed = 0;
  /** Commits written to each source topic. */
  readonly #written = new Map<string, number>(SOURCE.map((topic) => [topic, 0]));
  /** Records whose transaction has ended but whose partition has not heard of it yet. */
  #unheard: { readonly place: string; readonly records: Logged[] }[] = [];
  #heldB = false;
  #lostAtMs: number | null = null;
  readonly #documents = new Set<number>();
  #searchable = new Set<number>();
  readonly #workers: Worker[];
  /** One group that comes to its work ten times less often. */
  readonly #slow: Worker;

  constructor(seed: number, options: { readonly commits: number; readonly losses: boolean }) {
    this.#random = seededRandom(seed);
    this.#commits = options.commits;
    this.#losses = options.losses;
    const worker = (
      group: string,
      topics: readonly string[],
      handle: Worker['handle'],
      keepsLedger = false,
    ): Worker => ({
      group,
      topics,
      handle,
      keepsLedger,
      committed: new Map(),
      at: new Map(),
    });
    this.#workers = [
      worker('g.stock', ['t.a'], (commit) => void this.#store.stock.add(commit), true),
      worker('g.rows', SOURCE, (commit) => this.#keepRow(commit), true),
      worker('g.fan', [FAN], (commit) => this.#append(this.#chance(0.5) ? FAN : DIRTY[1], commit)),
      worker('g.catalog', [DIRTY[0]], (commit) => void this.#documents.add(commit)),
      worker('g.catalog.wide', [DIRTY[1]], (commit) => void this.#documents.add(commit)),
    ];
    this.#slow = this.#workers[Math.floor(this.#random() * this.#workers.length)]!;
    for (const worker of this.#workers) if (worker.keepsLedger) this.#store.openLedger(worker.group, placesOf(worker));
  }

  readonly copies: readonly WatchedCopy[] = [
    { name: 'stock', stages: [{ reads: [{ groupId: 'g.stock', topics: ['t.a'] }] }] },
    { name: 'rows', stages: [{ reads: [{ groupId: 'g.rows', topics: SOURCE }] }] },
    {
      name: 'catalog.product',
      stages: [
        { reads: [{ groupId: 'g.rows', topics: SOURCE }] },
        { reads: [{ groupId: 'g.fan', topics: [FAN] }], drains: true },
        {
          reads: [
            { groupId: 'g.catalog', topics: [DIRTY[0]] },
            { groupId: 'g.catalog.wide', topics: [DIRTY[1]] },
          ],
        },
      ],
      show: async () => {
        await this.gate();
        if (this.#chance(0.3)) return null;
        if (this.#chance(0.1)) throw new SluiceError('ELASTICSEARCH_UNREACHABLE', 'away', { retriable: true });
        this.#searchable = new Set(this.#documents);
        await this.gate();
        return 'index-1';
      },
    },
  ];

  readonly clock: Clock = { now: () => this.nowMs, sleep: async () => undefined };

  /** The end that a promise of the whole source must come to. */
  get last(): string {
    return positionOf(this.#committed);
  }

  /** What is wrong with a claim of this copy; null when everything it says is true. */
  fault(copy: string, passed: Passed): string | null {
    const shown = copy === 'stock' ? this.#store.stock : copy === 'rows' ? this.#store.rows : this.#searchable;
    for (const [commit, topics] of this.#changed) {
      const concerns = copy === 'stock' ? topics.includes('t.a') : true;
      if (!concerns || shown.has(commit)) continue;
      if (commit <= commitOf(passed.position)) return `${copy} claims ${commitOf(passed.position)}, lacks ${commit}`;
      if (passed.sourceTimeMs !== null && timeOf(commit) < passed.sourceTimeMs)
        return `${copy} claims the time ${passed.sourceTimeMs}, lacks ${commit} of ${timeOf(commit)}`;
    }
    return null;
  }

  /** Lets the others do some steps. */
  async gate(): Promise<void> {
    await Promise.resolve();
    for (let steps = Math.floor(this.#random() * 4); steps > 0; steps--) this.#step();
  }

  /** Nothing new happens any more; everything that waits is done. */
  settle(): void {
    this.#heldB = false;
    for (let i = 0; i < 4000; i++) this.#step(true);
  }

  get kafka(): KafkaClient {
    const committedOf = (group: string) => this.#workers.find((worker) => worker.group === group)!.committed;
    return this.#log.kafka(() => this.gate(), committedOf);
  }

  get commands(): RedisCommands {
    return this.#store.commands(() => this.gate());
  }

  /** What a reader would be told now; see passedOf. */
  answers(copy: string): readonly unknown[] {
    return this.#store.answers(copy);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #step(settling = false): void {
    this.nowMs += STEP_MS;
    const lost = this.#lostAtMs;
    if (lost !== null && (this.nowMs - lost >= LOOK_MS - STEP_MS || this.#chance(0.05))) this.#recover();
    const kind = Math.floor(this.#random() * 20);
    if (kind < 2 && !settling) this.#commit();
    else if (kind < 5) this.#write();
    else if (kind < 7) this.#hear();
    else if (kind < 9) this.#tell();
    else if (kind === 9 && !settling) this.#heldB = this.#chance(0.5);
    else if (kind === 10 && !settling && this.#losses && this.#chance(0.15)) this.#lose();
    else if (kind === 11 && !settling) this.#crash();
    else if (kind === 12 && this.#lostAtMs === null) this.#store.replicate();
    else this.#work(settling);
  }

  #commit(): void {
    if (this.#committed >= this.#commits) return;
    this.#committed++;
    const topics = this.#chance(0.3) ? [...SOURCE] : [SOURCE[this.#chance(0.5) ? 0 : 1]];
    this.#changed.set(this.#committed, topics);
  }

  /** Capture writes the next commit of a table; the partitions hear later that the transaction has ended. */
  #write(): void {
    for (const topic of SOURCE) {
      if (this.#unheard.length > 0 || (topic === 't.b' && this.#heldB)) continue;
      const next = this.#written.get(topic)! + 1;
      if (next > this.#committed) continue;
      this.#written.set(topic, next);
      if (!this.#changed.get(next)!.includes(topic)) continue;
      const place = `${topic}/${Math.floor(this.#random() * PARTITIONS)}`;
      const record = { commit: next, open: true };
      this.#log.append(place, record);
      this.#unheard.push({ place, records: [record] });
    }
  }

  #hear(): void {
    const [first] = this.#unheard;
    if (first === undefined) return;
    this.#unheard.shift();
    for (const record of first.records) record.open = false;
    this.#log.append(first.place, { commit: null, open: false });
  }

  /** A transaction of its own: it can only begin when every partition has heard of the end of the one before. */
  #tell(): void {
    if (this.#unheard.length > 0) return;
    const a = this.#written.get('t.a')!;
    const b = this.#written.get('t.b')!;
    const common = this.#heldB ? a : Math.min(a, b);
    const isWhole = common === this.#committed;
    const record = {
      format: 1 as const,
      capture: 'capture',
      position: positionOf(common),
      // Nothing more was committed up to now, or else what was written last.
      sourceTimeMs: isWhole ? timeOf(common + 1) : timeOf(common),
      atMs: this.nowMs,
      topics: this.#heldB || b < common ? ['t.a'] : [...SOURCE],
    };
    this.#log.tell(encodeProgress(record).value);
  }

  #keepRow(commit: number): void {
    this.#store.rows.add(commit);
    this.#append(this.#chance(0.4) ? FAN : DIRTY[0], commit);
  }

  #append(topic: string, commit: number): void {
    this.#log.append(`${topic}/${Math.floor(this.#random() * PARTITIONS)}`, { commit, open: false });
  }

  /** One owner handles the next record of a partition, notes it in its ledger, commits: it may be killed after each of these. */
  #work(settling: boolean): void {
    const worker = this.#workers[Math.floor(this.#random() * this.#workers.length)]!;
    if (!settling && worker === this.#slow && this.#chance(0.9)) return;
    const topic = worker.topics[Math.floor(this.#random() * worker.topics.length)]!;
    const place = `${topic}/${Math.floor(this.#random() * PARTITIONS)}`;
    const at = worker.at.get(place) ?? worker.committed.get(place) ?? 0;
    if (at >= this.#log.stable(place)) {
      this.#settleLedger(worker);
      return;
    }
    const { commit } = this.#log.at(place, at);
    if (worker.keepsLedger && commit !== null && !this.#mayWrite(worker, place, at)) return;
    if (commit !== null) worker.handle(commit, topic);
    if (this.#chance(0.03)) {
      worker.at.clear();
      return;
    }
    // Ends of transactions reach no handler, so they are committed and not noted.
    const ledger = this.#store.ledger(worker.group);
    if (worker.keepsLedger && commit !== null) ledger?.set(place, String(at + 1));
    if (this.#chance(0.03)) {
      worker.at.clear();
      return;
    }
    worker.at.set(place, at + 1);
    worker.committed.set(place, at + 1);
  }

  /** What was lost is handled again from where the store stands. */
  #mayWrite(worker: Worker, place: string, at: number): boolean {
    const entry = this.#store.ledger(worker.group)?.get(place);
    if (entry === undefined) return true;
    if (!this.#log.hasRecords(place, Number(entry), at)) return true;
    worker.at.set(place, Number(entry));
    worker.committed.set(place, Number(entry));
    return false;
  }

  #settleLedger(worker: Worker): void {
    if (!worker.keepsLedger) return;
    const ledger = this.#store.ledger(worker.group);
    for (const name of [...(ledger?.keys() ?? [])].filter((key) => key.endsWith('/until'))) {
      const place = name.slice(0, -'/until'.length);
      if ((worker.committed.get(place) ?? 0) >= Number(ledger!.get(name))) ledger!.delete(name);
    }
  }

  #crash(): void {
    this.#workers[Math.floor(this.#random() * this.#workers.length)]!.at.clear();
  }

  /** Redis loses everything, or its replica takes over without the newest writes. Owners notice within a second. */
  #lose(): void {
    if (this.#lostAtMs !== null) return;
    this.#store.lose(this.#chance(0.5));
    this.#lostAtMs = this.nowMs;
  }

  #recover(): void {
    this.#lostAtMs = null;
    this.#store.replicate();
    for (const worker of this.#workers) {
      if (!worker.keepsLedger) continue;
      const ledger = this.#store.openLedger(worker.group, placesOf(worker));
      for (const [place, offset] of worker.committed) {
        const entry = Number(ledger.get(place));
        if (!this.#log.hasRecords(place, entry, offset)) continue;
        ledger.set(`${place}/until`, String(offset));
        worker.committed.set(place, entry);
      }
      worker.at.clear();
    }
  }
}

function placesOf({ topics }: Worker): string[] {
  return topics.flatMap((topic) => Array.from({ length: PARTITIONS }, (_, p) => `${topic}/${p}`));
}
