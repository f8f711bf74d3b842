import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { isSnapshot, POSITION_LENGTH } from '#consumers/runner/position.ts';
import { command, type RedisCommands, script } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import { carryUnavailable, isUnavailable } from '#schemas/envelope.ts';
import { BUCKET_COUNT, byBucket } from './buckets.ts';
import { type LinkLimits, LinkSets } from './linkSets.ts';
import { RowKeys } from './rowKeys.ts';
import { FORGET_ROWS, SETTLE_ROWS } from './rowScripts.ts';
import { type BucketStores, type RowVersion, RowWriter, type WriteAnswer } from './rowWriter.ts';
import { RowShapes } from './shapes.ts';

/** A version that is the stored one after the write, with the links of earlier versions that are not settled yet. */
export interface WrittenRow {
  readonly version: RowVersion;
  readonly earlierLinks: readonly string[];
}

/** A row as it is stored. */
export interface StoredRow {
  readonly position: string;
  /** null: deleted. */
  readonly row: Row | null;
  /** Links of this version. */
  readonly links: readonly string[];
}

/** What {@link RowStore.forget} may forget. */
export interface ForgetRule {
  /** Deleted before this time, ms since 1970. */
  readonly beforeMs: number;
  /** At a position below this one; null: at any. */
  readonly belowPosition: string | null;
}

const NO_STORES: BucketStores = new Map();

/** Versions whose links are to be entered first. */
const asking = (answers: readonly WriteAnswer[]): RowVersion[] =>
  answers.filter(({ status }) => status === 'links').map(({ version }) => version);

const SCAN_COUNT = 1000;
/** Deleted rows looked at by one script. */
const FORGET_AT_ONCE = 500;

/**
 * The newest version of every needed row, with the way back from a value to the rows that carry it (links). Written in an order that
 * makes every crash and every race harmless: enter links, write the row, [mark documents], leave old links, settle. See SPEC.md.
 */
export class RowStore {
  readonly links: LinkSets;
  readonly #redis: RedisCommands;
  readonly #keys: RowKeys;
  readonly #shapes = new RowShapes();
  readonly #writer: RowWriter;

  constructor(redis: RedisCommands, options: { readonly clock?: Clock; readonly linkLimits?: LinkLimits } = {}) {
    this.#redis = redis;
    this.links = new LinkSets(redis, options.linkLimits);
    this.#keys = new RowKeys(redis);
    this.#writer = new RowWriter(redis, this.#keys, this.#shapes, options.clock ?? systemClock);
  }

  /**
   * Keeps each version unless a newer one is stored. At most one version per row. Resolves with the versions that are now the stored
   * ones (also those that were before: their documents may not be marked); stale ones are missing. `confirm` is awaited before a version is
   * written that was completed from the stored one: it throws when the store may have lost that.
   */
  async write(
    table: string,
    versions: readonly RowVersion[],
    confirm: () => Promise<void> = async () => undefined,
  ): Promise<WrittenRow[]> {
    const [partial, whole] = [versions.filter(isPartial), versions.filter((version) => !isPartial(version))];
    const written = await this.#writeLinked(table, whole);
    return partial.length === 0 ? written : [...written, ...(await this.#writePartial(table, partial, confirm))];
  }

  /** Versions whose large values did not travel keep the stored ones; a version that came in between is read again. */
  async #writePartial(
    table: string,
    versions: readonly RowVersion[],
    confirm: () => Promise<void>,
  ): Promise<WrittenRow[]> {
    const written: WrittenRow[] = [];
    let waiting = versions;
    while (waiting.length > 0) {
      const stored = await this.versions(
        table,
        waiting.map(({ key }) => key),
      );
      await confirm();
      const completed = waiting.map((version): RowVersion => {
        const base = stored.get(version.key);
        return { ...version, row: carryUnavailable(version.row!, base?.row ?? null), base: base?.position ?? '' };
      });
      const moved = new Set<string>();
      written.push(...(await this.#writeLinked(table, completed, moved)));
      waiting = waiting.filter(({ key }) => moved.has(key));
    }
    return written;
  }

  async #writeLinked(table: string, versions: readonly RowVersion[], moved = new Set<string>()): Promise<WrittenRow[]> {
    // Rows of a snapshot are mostly new: their links are entered without asking, and one write does. Entering is harmless at any time.
    const linksFirst = versions.every(({ position }) => isSnapshot(position));
    const known = linksFirst ? this.#writer.stores() : NO_STORES;
    if (linksFirst) await this.#enter(table, versions);
    let { answers, stores } = await this.#writer.write(table, versions, known);
    const written = [...answers];
    // Twice when the store was lost between: what was entered before counts for nothing then.
    for (let waiting = asking(answers); waiting.length > 0; waiting = asking(answers)) {
      await this.#enter(table, waiting);
      ({ answers, stores } = await this.#writer.write(table, waiting, stores));
      written.push(...answers);
    }
    for (const { status, version } of written) if (status === 'moved') moved.add(version.key);
    return written
      .filter(({ status }) => status === 'ok' || status === 'same')
      .map(({ version, earlierLinks }) => ({ version, earlierLinks }));
  }

  async #enter(table: string, versions: readonly RowVersion[]): Promise<void> {
    await this.links.enter(
      table,
      versions.flatMap(({ key, position, links }) => links.map((link) => ({ link, rowKey: key, position }))),
    );
  }

  /** Forgets earlier links. Call it when every document they lead to has been marked. */
  async settle(table: string, written: readonly WrittenRow[]): Promise<void> {
    const moved = written.filter(({ earlierLinks }) => earlierLinks.length > 0);
    if (moved.length === 0) return;
    await this.links.leave(
      table,
      moved.flatMap(({ version: { key, position }, earlierLinks }) =>
        earlierLinks.map((link) => ({ link, rowKey: key, position })),
      ),
    );
    const calls = [...byBucket(moved, ({ version }) => version.key)].map(([bucket, group]) =>
      script(
        SETTLE_ROWS,
        this.#keys.rows(bucket, table),
        ...group.flatMap(({ version }) => [version.key, version.position]),
      ),
    );
    await this.#redis.sendAll(calls);
  }

  /** Row key → row, in one round trip; deleted and unknown rows are missing. */
  async read(table: string, keys: readonly string[]): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (const [key, { row }] of await this.versions(table, keys)) if (row !== null) rows.set(key, row);
    return rows;
  }

  /** The links of each row's version under which the row is not entered; rows that lack none are missing. */
  async unlinked(table: string, rows: ReadonlyMap<string, StoredRow>): Promise<Map<string, string[]>> {
    const wanted = [...rows].flatMap(([rowKey, { links, position }]) =>
      links.map((link) => ({ rowKey, link, position })),
    );
    const lacking = new Map<string, string[]>();
    for (const { rowKey, link } of await this.links.missing(table, wanted))
      lacking.set(rowKey, [...(lacking.get(rowKey) ?? []), link]);
    return lacking;
  }

  /** Enters a row under its links again, with the position of its version. Harmless at any time: readers look at the row itself. */
  async enterLinks(table: string, key: string, { position, links }: StoredRow): Promise<void> {
    await this.links.enter(
      table,
      links.map((link) => ({ link, rowKey: key, position })),
    );
  }

  /** Sets a row's position below every real one, if it is still this one: whatever is written next is taken. */
  async lowerPosition(table: string, key: string, position: string): Promise<boolean> {
    const [bucket] = byBucket([key], (text) => text).keys();
    return (await this.#redis.send(script(LOWER_POSITION, this.#keys.rows(bucket!, table), key, position))) === 1;
  }

  /** Row key → its stored version, deleted ones too; unknown rows are missing. One round trip. */
  async versions(table: string, keys: readonly string[]): Promise<Map<string, StoredRow>> {
    const groups = [...byBucket(keys, (key) => key)];
    const calls = groups.map(([bucket, group]) => command('HMGET', this.#keys.rows(bucket, table), ...group));
    const replies = (await this.#redis.sendAll(calls)) as (string | null)[][];
    const found: Found[] = [];
    for (const [index, [bucket, group]] of groups.entries()) {
      for (const [place, key] of group.entries()) {
        const text = replies[index]![place] ?? null;
        if (text === null) continue;
        found.push({ bucket, key, text, rowAt: rowStart(text) });
      }
    }
    await this.#learnShapes(found);
    return new Map(found.map(({ key, text, rowAt }) => [key, this.#parse(text, rowAt)]));
  }

  #parse(text: string, rowAt: number): StoredRow {
    const position = text.slice(0, POSITION_LENGTH);
    if (rowAt === 0) return { position, row: null, links: NO_LINKS };
    const links = text.slice(POSITION_LENGTH + 1, text.indexOf('\n', POSITION_LENGTH));
    return {
      position,
      row: this.#shapes.decode(text.slice(rowAt)),
      links: links === '' ? NO_LINKS : links.split('\t'),
    };
  }

  async #learnShapes(found: readonly Found[]): Promise<void> {
    const unknown = new Map<string, number>();
    for (const { bucket, text, rowAt } of found) {
      const name = rowAt === 0 ? undefined : this.#shapes.unknownAt(text, rowAt);
      if (name !== undefined) unknown.set(name, bucket);
    }
    for (const [name, bucket] of unknown) {
      const stored = (await this.#redis.send(command('HGET', this.#keys.shapes(bucket), name))) as string | null;
      if (stored !== null) this.#shapes.learn(name, stored);
    }
  }

  /** How many rows of a table are kept, deleted ones included. */
  async count(table: string): Promise<number> {
    const counts = await this.#redis.sendAll(BUCKETS.map((bucket) => command('HLEN', this.#keys.rows(bucket, table))));
    return (counts as number[]).reduce((sum, count) => sum + count, 0);
  }

  /** How many deleted rows of a table are still kept. */
  async countDeleted(table: string): Promise<number> {
    const counts = await this.#redis.sendAll(BUCKETS.map((bucket) => command('ZCARD', this.#keys.gone(bucket, table))));
    return (counts as number[]).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Forgets deleted rows of a table for good, a few hundred a call to Redis. Resolves with their number. The caller answers for the rule:
   * an older version of such a row must never come again. See SPEC.md.
   */
  async forget(table: string, rule: ForgetRule, signal?: AbortSignal): Promise<number> {
    let forgotten = 0;
    for (const bucket of BUCKETS) {
      for (let passed = 0; ; ) {
        signal?.throwIfAborted();
        const [looked, kept, gone] = (await this.#redis.send(
          script(
            FORGET_ROWS,
            this.#keys.rows(bucket, table),
            this.#keys.gone(bucket, table),
            rule.beforeMs,
            rule.belowPosition ?? '',
            FORGET_AT_ONCE,
            passed,
          ),
        )) as [number, number, number];
        forgotten += gone;
        passed += kept;
        if (looked < FORGET_AT_ONCE) break;
      }
    }
    return forgotten;
  }

  /**
   * Every row key of a table, deleted rows included, by pages. `bucket` is the part of the store a page lies in: pages come in its order, so a
   * scan that was broken off can go on at the bucket it had reached.
   */
  async scan(
    table: string,
    onPage: (keys: readonly string[], bucket: number) => Promise<void> | void,
    fromBucket = 0,
  ): Promise<void> {
    for (let bucket = fromBucket; bucket < BUCKET_COUNT; bucket++) {
      let cursor = '0';
      do {
        const [next, entries] = (await this.#redis.send(
          command('HSCAN', this.#keys.rows(bucket, table), cursor, 'COUNT', SCAN_COUNT),
        )) as [string, string[]];
        const keys = entries.filter((_, place) => place % 2 === 0);
        if (keys.length > 0) await onPage(keys, bucket);
        cursor = next;
      } while (cursor !== '0');
    }
  }
}

/** A stored text, taken apart. */
interface Found {
  readonly bucket: number;
  readonly key: string;
  readonly text: string;
  /** Where the row begins in it; 0 for a deleted one. */
  readonly rowAt: number;
}

const NO_LINKS: readonly string[] = [];

const BUCKETS = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket);

/** Where the row begins in a stored text; 0 for a deleted one. */
function rowStart(text: string): number {
  if (text.charAt(POSITION_LENGTH) !== 'r') return 0;
  return text.indexOf('\n', text.indexOf('\n', POSITION_LENGTH) + 1) + 1;
}

function isPartial({ row }: RowVersion): boolean {
  if (row === null) return false;
  for (const column in row) if (isUnavailable(row[column])) return true;
  return false;
}
