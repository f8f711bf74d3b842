import { ledgerKey } from '#consumers/runner/ledger.ts';
import { claimKey } from '#consumers/runner/progress.ts';
import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';

type Hashes = Map<string, Map<string, string>>;

const NAMES = { key: (...parts: readonly string[]) => parts.join(':') } as RedisCommands;
const ledgerOf = (group: string): string => ledgerKey(NAMES, group);

/** The Redis of the progress world: ledgers, claims, and the copies that are lost with them. */
export class ProgressStore {
  readonly stock = new Set<number>();
  readonly rows = new Set<number>();
  #hashes: Hashes = new Map();
  #lives = 0;
  #replica: { readonly hashes: Hashes; readonly stock: Iterable<number>; readonly rows: Iterable<number> } = {
    hashes: new Map(),
    stock: [],
    rows: [],
  };

  ledger(group: string): Map<string, string> | undefined {
    return this.#hashes.get(ledgerOf(group));
  }

  /** Entries that are left stay; the store has a new name from now on. */
  openLedger(group: string, places: readonly string[]): Map<string, string> {
    const ledger = this.ledger(group) ?? new Map<string, string>();
    ledger.set('id', `life-${++this.#lives}`);
    for (const place of places) ledger.set(place, ledger.get(place) ?? '0');
    this.#hashes.set(ledgerOf(group), ledger);
    return ledger;
  }

  /** What a replica has from now on: it is some writes behind. */
  replicate(): void {
    const hashes = new Map([...this.#hashes].map(([key, hash]) => [key, new Map(hash)]));
    this.#replica = { hashes, stock: new Set(this.stock), rows: new Set(this.rows) };
  }

  /** Everything is lost, or the replica takes over without the newest writes. */
  lose(isTotal: boolean): void {
    const left = isTotal ? { hashes: new Map(), stock: [], rows: [] } : this.#replica;
    this.#replica = { hashes: new Map(), stock: [], rows: [] };
    this.#hashes = left.hashes;
    for (const [set, kept] of [
      [this.stock, left.stock],
      [this.rows, left.rows],
    ] as const) {
      set.clear();
      for (const commit of kept) set.add(commit);
    }
  }

  /** The watcher's connection; others do some steps before and after each answer. */
  commands(gate: () => Promise<void>): RedisCommands {
    const sendAll = async (calls: readonly RedisCall[]): Promise<unknown[]> => {
      await gate();
      const answers = calls.map((call) => this.#run(call));
      await gate();
      return answers;
    };
    return { ...NAMES, sendAll, send: async (call) => (await sendAll([call]))[0] };
  }

  /** What a reader of the copy would be told now; see passedOf. */
  answers(copy: string): readonly unknown[] {
    const claim = this.#hashes.get(claimKey(NAMES, copy));
    const group = copy.startsWith('catalog') ? 'g.rows' : `g.${copy}`;
    return [
      ['position', 'time', 'store'].map((name) => claim?.get(name) ?? null),
      [...(this.ledger(group) ?? [])].flat(),
    ];
  }

  #run({ name, args }: RedisCall): unknown {
    const [key, ...rest] = args.map(String) as [string, ...string[]];
    const hash = this.#hashes.get(key) ?? new Map<string, string>();
    if (name === 'HGETALL') return [...hash].flat();
    if (name === 'HGET') return hash.get(rest[0]!) ?? null;
    if (name !== 'ClaimPassed') throw new Error(`unexpected ${name}`);
    const [position, time, store, index] = rest as [string, string, string, string];
    const same = hash.get('store') === store && hash.get('index') === index;
    if (!(same && hash.get('position')! >= position)) hash.set('position', position);
    const old = hash.get('time');
    if (!(same && old && (time === '' || Number(old) >= Number(time)))) hash.set('time', time);
    hash.set('store', store).set('index', index);
    this.#hashes.set(key, hash);
    return 1;
  }
}
