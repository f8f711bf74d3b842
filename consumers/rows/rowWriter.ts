import { randomUUID } from 'node:crypto';
import { command, type RedisCall, type RedisCommands, script } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import { byBucket } from './buckets.ts';
import type { RowKeys } from './rowKeys.ts';
import { WRITE_ROWS } from './rowScripts.ts';
import type { RowShapes } from './shapes.ts';

/** One version of one row to be kept. */
export interface RowVersion {
  readonly key: string;
  readonly position: string;
  /** null: deleted. */
  readonly row: Row | null;
  /** Links of this version; none for a deleted row. */
  readonly links: readonly string[];
  /** Position of the stored version that values were taken from, empty for none; only while writing. */
  readonly base?: string;
}

/** What the store made of a version: see WRITE_ROWS. */
export interface WriteAnswer {
  readonly version: RowVersion;
  readonly status: string;
  readonly earlierLinks: readonly string[];
}

/** Bucket → the store it lies in; see WRITE_ROWS. */
export type BucketStores = ReadonlyMap<number, string>;

export interface WriteResult {
  readonly answers: readonly WriteAnswer[];
  /** Stores of the buckets that ask for links: what is entered after this answer is entered into them, or they are others by then. */
  readonly stores: BucketStores;
}

/** Sends versions to the buckets they belong to. */
export class RowWriter {
  readonly #stores = new Map<number, string>();
  readonly #redis: RedisCommands;
  readonly #keys: RowKeys;
  readonly #shapes: RowShapes;
  readonly #clock: Clock;

  constructor(redis: RedisCommands, keys: RowKeys, shapes: RowShapes, clock: Clock) {
    this.#redis = redis;
    this.#keys = keys;
    this.#shapes = shapes;
    this.#clock = clock;
  }

  /** The store of each bucket as far as it is known: what is entered from now on is entered into these, or they are others by then. */
  stores(): BucketStores {
    return new Map(this.#stores);
  }

  /** Tells of each version what became of it; `entered` names the stores their links were entered into. */
  async write(table: string, versions: readonly RowVersion[], entered: BucketStores): Promise<WriteResult> {
    const groups = [...byBucket(versions, (version) => version.key)];
    let replies = await this.#sendWrites(groups, table, entered);
    // A bucket that has not seen a shape yet is given it, then its rows are sent again.
    while (replies.some(([status]) => status === 'shape')) {
      const missing = groups.flatMap(([bucket], index) =>
        replies[index]![0] === 'shape' ? [[bucket, replies[index]![1]!] as const] : [],
      );
      await this.#redis.sendAll(
        missing.map(([bucket, name]) => command('HSET', this.#keys.shapes(bucket), name, this.#shapes.stored(name))),
      );
      replies = await this.#sendWrites(groups, table, entered, replies);
    }
    const stores = new Map<number, string>();
    for (const [index, [bucket]] of groups.entries()) {
      const store = replies[index]!.at(-1)!;
      if (store !== '') stores.set(bucket, store);
    }
    for (const [bucket, store] of stores) this.#stores.set(bucket, store);
    const answers = groups.flatMap(([, group], index) =>
      group.map((version, place) => {
        const [status, earlier] = replies[index]!.slice(place * 2, place * 2 + 2) as [string, string];
        return { version, status, earlierLinks: earlier === '' ? [] : earlier.split('\t') };
      }),
    );
    return { answers, stores };
  }

  /** Replies in the order of the groups; those of an earlier round are kept where a shape was not missing. */
  async #sendWrites(
    groups: readonly (readonly [bucket: number, group: readonly RowVersion[]])[],
    table: string,
    entered: BucketStores,
    earlier: readonly string[][] = [],
  ): Promise<string[][]> {
    const open = groups.filter((_, index) => earlier[index] === undefined || earlier[index][0] === 'shape');
    const replies = (await this.#redis.sendAll(
      open.map(([bucket, group]) => this.#writeCall(bucket, table, group, entered.get(bucket) ?? '')),
    )) as string[][];
    if (open.length === groups.length) return replies;
    return groups.map((group, index) => replies[open.indexOf(group)] ?? earlier[index]!);
  }

  #writeCall(bucket: number, table: string, group: readonly RowVersion[], enteredInto: string): RedisCall {
    const shapes = new Set<string>();
    const args = group.flatMap(({ key, position, row, links, base }) => {
      if (row !== null) shapes.add(this.#shapes.nameOf(row));
      const text = row === null ? '' : this.#shapes.encode(row);
      return [key, position, row === null ? 'd' : 'r', links.join('\t'), text, enteredInto, base ?? '*'];
    });
    const keys = [this.#keys.rows(bucket, table), this.#keys.gone(bucket, table), this.#keys.shapes(bucket)];
    return script(WRITE_ROWS, ...keys, this.#clock.now(), [...shapes].join(','), randomUUID(), ...args);
  }
}
