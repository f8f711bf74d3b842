import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import { command, type RedisCall, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import { carryUnavailable, isUnavailable } from '#schemas/envelope.ts';
import { BUCKET_COUNT, bucketTag, byBucket } from './buckets.ts';
import { ENTER_LINK, LEAVE_LINK, LOWER_ROW, SETTLE_ROWS, WRITE_ROWS } from './rowScripts.ts';
import { decodeRow, encodeRow } from './rowText.ts';

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

/** A version that is the stored one after the write, with the links of earlier versions that are not settled yet. */
export interface WrittenRow {
  readonly version: RowVersion;
  readonly earlierLinks: readonly string[];
}

const SCAN_COUNT = 1000;

/**
 * The newest version of every needed row, with the way back from a value to the rows that carry it (links). Written in an order that
 * makes every crash and every race harmless: enter links, write the row, [mark documents], leave old links, settle. See SPEC.md.
 */
export class RowStore {
  readonly #redis: RedisCommands;

  constructor(redis: RedisCommands) {
    this.#redis = redis;
  }

  /**
   * Keeps each version unless a newer one is stored. At most one version per row. Resolves with the versions that are now the stored
   * ones (also those that were before: their documents may not be marked); stale ones are missing.
   */
  async write(table: string, versions: readonly RowVersion[]): Promise<WrittenRow[]> {
    const [partial, whole] = [versions.filter(isPartial), versions.filter((version) => !isPartial(version))];
    const written = await this.#writeLinked(table, whole);
    return partial.length === 0 ? written : [...written, ...(await this.#writePartial(table, partial))];
  }

  /** Versions whose large values did not travel keep the stored ones; a version that came in between is read again. */
  async #writePartial(table: string, versions: readonly RowVersion[]): Promise<WrittenRow[]> {
    const written: WrittenRow[] = [];
    let waiting = versions;
    while (waiting.length > 0) {
      const stored = await this.#readStored(
        table,
        waiting.map(({ key }) => key),
      );
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
    const first = await this.#write(table, versions, false);
    const waiting = first.filter((answer) => answer.status === 'links').map((answer) => answer.version);
    await this.#links(table, ENTER_LINK, waiting, (version) => version.links);
    const second = await this.#write(table, waiting, true);
    for (const { status, version } of [...first, ...second]) if (status === 'moved') moved.add(version.key);
    return [...first, ...second]
      .filter(({ status }) => status === 'ok' || status === 'same')
      .map(({ version, earlierLinks }) => ({ version, earlierLinks }));
  }

  /** Forgets earlier links. Call it when every document they lead to has been marked. */
  async settle(table: string, written: readonly WrittenRow[]): Promise<void> {
    const moved = written.filter(({ earlierLinks }) => earlierLinks.length > 0);
    if (moved.length === 0) return;
    const earlier = new Map(moved.map(({ version, earlierLinks }) => [version, earlierLinks]));
    await this.#links(table, LEAVE_LINK, [...earlier.keys()], (version) => earlier.get(version)!);
    const calls = [...byBucket([...earlier.keys()], ({ key }) => key)].map(([bucket, group]) =>
      script(SETTLE_ROWS, this.#rowsKey(bucket, table), ...group.flatMap(({ key, position }) => [key, position])),
    );
    await this.#redis.sendAll(calls);
  }

  /** Row key → row, in one round trip; deleted and unknown rows are missing. */
  async read(table: string, keys: readonly string[]): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (const [key, { row }] of await this.#readStored(table, keys)) if (row !== null) rows.set(key, row);
    return rows;
  }

  /** Row key → its stored version, deleted ones too; unknown rows are missing. One round trip. */
  async versions(table: string, keys: readonly string[]): Promise<Map<string, StoredRow>> {
    return this.#readStored(table, keys);
  }

  /** The links of each row's version under which the row is not entered; rows that lack none are missing. */
  async unlinked(table: string, rows: ReadonlyMap<string, StoredRow>): Promise<Map<string, string[]>> {
    const wanted = [...rows].flatMap(([key, { links }]) => links.map((link) => ({ key, link })));
    const calls = wanted.map(({ key, link }) => command('HEXISTS', this.#linkKey(table, link), key));
    const entered = await this.#redis.sendAll(calls);
    const lacking = new Map<string, string[]>();
    for (const [i, { key, link }] of wanted.entries())
      if (entered[i] === 0) lacking.set(key, [...(lacking.get(key) ?? []), link]);
    return lacking;
  }

  /** Enters a row under its links again, with the position of its version. Harmless at any time: readers look at the row itself. */
  async enterLinks(table: string, key: string, { position, row, links }: StoredRow): Promise<void> {
    await this.#links(table, ENTER_LINK, [{ key, position, row, links }], (version) => version.links);
  }

  /** Sets a row's position below every real one, if it is still this one: whatever is written next is taken. */
  async lowerPosition(table: string, key: string, position: string): Promise<boolean> {
    const [bucket] = byBucket([key], (text) => text).keys();
    return (await this.#redis.send(script(LOWER_ROW, this.#rowsKey(bucket!, table), key, position))) === 1;
  }

  async #readStored(table: string, keys: readonly string[]): Promise<Map<string, StoredRow>> {
    const groups = [...byBucket(keys, (key) => key)];
    const calls = groups.map(([bucket, group]) => command('HMGET', this.#rowsKey(bucket, table), ...group));
    const replies = (await this.#redis.sendAll(calls)) as (string | null)[][];
    const rows = new Map<string, StoredRow>();
    for (const [index, [, group]] of groups.entries()) {
      for (const [place, key] of group.entries()) {
        const text = replies[index]![place] ?? null;
        if (text !== null) rows.set(key, parseStored(text));
      }
    }
    return rows;
  }

  /**
   * Row keys entered under each link, by pages: `onPage` is given one link's next keys. A superset: a row may have moved on, so look at
   * the row itself. All first pages come in one round trip.
   */
  async linked(
    table: string,
    links: readonly string[],
    onPage: (link: string, keys: readonly string[]) => Promise<void> | void,
  ): Promise<void> {
    let open = links.map((link) => ({ link, cursor: '0' }));
    while (open.length > 0) {
      const replies = (await this.#redis.sendAll(
        open.map(({ link, cursor }) => command('HSCAN', this.#linkKey(table, link), cursor, 'COUNT', SCAN_COUNT)),
      )) as [string, string[]][];
      const next: typeof open = [];
      for (const [index, { link }] of open.entries()) {
        const [cursor, entries] = replies[index]!;
        await onPage(
          link,
          entries.filter((_, place) => place % 2 === 0),
        );
        if (cursor !== '0') next.push({ link, cursor });
      }
      open = next;
    }
  }

  /** How many rows of a table are kept, deleted ones included. */
  async count(table: string): Promise<number> {
    const buckets = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket);
    const counts = await this.#redis.sendAll(buckets.map((bucket) => command('HLEN', this.#rowsKey(bucket, table))));
    return (counts as number[]).reduce((sum, count) => sum + count, 0);
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
          command('HSCAN', this.#rowsKey(bucket, table), cursor, 'COUNT', SCAN_COUNT),
        )) as [string, string[]];
        const keys = entries.filter((_, place) => place % 2 === 0);
        if (keys.length > 0) await onPage(keys, bucket);
        cursor = next;
      } while (cursor !== '0');
    }
  }

  async #write(table: string, versions: readonly RowVersion[], linksEntered: boolean) {
    const groups = [...byBucket(versions, (version) => version.key)];
    const replies = (await this.#redis.sendAll(
      groups.map(([bucket, group]) => this.#writeCall(bucket, table, group, linksEntered)),
    )) as string[][];
    return groups.flatMap(([, group], index) =>
      group.map((version, place) => {
        const [status, earlier] = replies[index]!.slice(place * 2, place * 2 + 2) as [string, string];
        return { version, status, earlierLinks: earlier === '' ? [] : earlier.split('\t') };
      }),
    );
  }

  #writeCall(bucket: number, table: string, group: readonly RowVersion[], linksEntered: boolean): RedisCall {
    const args = group.flatMap(({ key, position, row, links, base }) => [
      key,
      position,
      row === null ? 'd' : 'r',
      links.join('\t'),
      row === null ? '' : encodeRow(row),
      linksEntered ? '1' : '0',
      base ?? '*',
    ]);
    return script(WRITE_ROWS, this.#rowsKey(bucket, table), ...args);
  }

  async #links(
    table: string,
    action: RedisScript,
    versions: readonly RowVersion[],
    linksOf: (version: RowVersion) => readonly string[],
  ): Promise<void> {
    const members = new Map<string, string[]>();
    for (const version of versions) {
      for (const link of linksOf(version)) {
        const list = members.get(link);
        if (list === undefined) members.set(link, [version.key, version.position]);
        else list.push(version.key, version.position);
      }
    }
    await this.#redis.sendAll([...members].map(([link, args]) => script(action, this.#linkKey(table, link), ...args)));
  }

  #rowsKey(bucket: number, table: string): string {
    return this.#redis.key(bucketTag(bucket), 'rows', table);
  }

  #linkKey(table: string, link: string): string {
    const [bucket] = byBucket([link], (text) => text).keys();
    return this.#redis.key(bucketTag(bucket!), 'link', table, link);
  }
}

/** A row as it is stored. */
export interface StoredRow {
  readonly position: string;
  /** null: deleted. */
  readonly row: Row | null;
  /** Links of this version. */
  readonly links: readonly string[];
}

function parseStored(text: string): StoredRow {
  const position = text.slice(0, POSITION_LENGTH);
  if (text.charAt(POSITION_LENGTH) !== 'r') return { position, row: null, links: [] };
  const linksEnd = text.indexOf('\n', POSITION_LENGTH);
  const links = text
    .slice(POSITION_LENGTH + 1, linksEnd)
    .split('\t')
    .filter((link) => link !== '');
  return { position, links, row: decodeRow(text.slice(text.indexOf('\n', linksEnd + 1) + 1)) };
}

function isPartial({ row }: RowVersion): boolean {
  return row !== null && Object.values(row).some(isUnavailable);
}
