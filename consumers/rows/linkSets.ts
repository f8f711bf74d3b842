import { COPY_LAYOUT } from '#consumers/runner/layout.ts';
import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { bucketTag, byBucket, hashOf, tagOf } from './buckets.ts';
import { ENTER_FIRST, ENTER_NODE, LEAVE_FIRST, LEAVE_NODE } from './linkScripts.ts';

/** One row under one link. */
export interface LinkEntry {
  readonly link: string;
  readonly rowKey: string;
  /** Position of the version that asks for it. */
  readonly position: string;
}

/** How many rows the nodes of a link hold; a test takes small ones. */
export interface LinkLimits {
  /** Rows of the first node, which needs no key of its own. */
  readonly first: number;
  /** Rows of the second node. A link with more is wide. */
  readonly second: number;
  /** Rows of each node below. */
  readonly below: number;
}

const LIMITS: LinkLimits = { first: 16, second: 1000, below: 16_384 };
/** Nodes below a full one, named by one character each; in the order of their codes, so that paths compare as text. */
const NAMES = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const NAME_BITS = 6;
/** Nodes below each other at most: 64³ nodes of 16,384 rows are more rows than a link ever has; the last ones take any number. */
const MOST_DEPTH = 4;
/** First part of a position that is kept with an entry: the commit LSN. Entries of one commit are not told apart, and then stay. */
const STAMP_LENGTH = 20;
/** Nodes read in one round trip. */
const NODES_AT_ONCE = 16;
/** Path of the first node, before all others. */
const FIRST = '!';

/** The rows under a link that is not wide. */
export interface LinkRows {
  readonly rowKeys: readonly string[];
  /** There are more rows than these: {@link LinkSets.walk} gives them all. */
  readonly wide: boolean;
}

/**
 * From a value to the rows that carry it. A superset: a row may have moved on, so look at the row itself; but never one row less. Nodes are
 * read whole, so nothing depends on cursors of the server, and a walk that was broken off goes on at any later time.
 */
export class LinkSets {
  readonly #redis: RedisCommands;
  readonly #limits: LinkLimits;

  constructor(redis: RedisCommands, limits: LinkLimits = LIMITS) {
    this.#redis = redis;
    this.#limits = limits;
  }

  /** Resolves when every row stands under its link. */
  async enter(table: string, entries: readonly LinkEntry[]): Promise<void> {
    let open = await this.#first(ENTER_FIRST, table, entries, [this.#limits.first]);
    for (let depth = 0; open.length > 0; depth++) {
      const { second, below } = this.#limits;
      const most = depth === 0 ? second : depth < MOST_DEPTH ? below : Number.MAX_SAFE_INTEGER;
      open = await this.#nodes(ENTER_NODE, table, open, depth, [most]);
    }
  }

  /** Removes rows from links unless the same commit or a newer one entered them. */
  async leave(table: string, entries: readonly LinkEntry[]): Promise<void> {
    let open = await this.#first(LEAVE_FIRST, table, entries, []);
    for (let depth = 0; open.length > 0 && depth <= MOST_DEPTH; depth++)
      open = await this.#nodes(LEAVE_NODE, table, open, depth, []);
  }

  /** Those of the entries that are not there, whatever their stamp. */
  async missing(table: string, entries: readonly LinkEntry[]): Promise<LinkEntry[]> {
    const firsts = await this.#readFirsts(table, [...new Set(entries.map(({ link }) => link))]);
    const absent: LinkEntry[] = [];
    let open: LinkEntry[] = [];
    for (const entry of entries) {
      const node = firsts.get(entry.link) ?? EMPTY;
      if (!node.rowKeys.includes(entry.rowKey)) (node.more ? open : absent).push(entry);
    }
    for (let depth = 0; open.length > 0 && depth <= MOST_DEPTH; depth++) {
      const replies = (await this.#redis.sendAll(
        open.map(({ link, rowKey }) => command('HMGET', this.#nodeKey(table, link, pathOf(rowKey, depth)), rowKey, '')),
      )) as [string | null, string | null][];
      const below: LinkEntry[] = [];
      for (const [index, entry] of open.entries()) {
        const [stamp, more] = replies[index]!;
        if (stamp === null) (more === null ? absent : below).push(entry);
      }
      open = below;
    }
    return [...absent, ...open];
  }

  /**
   * The rows of many links, one link at a time; those of a wide link are not complete. One round trip, and one more for every 16 links that
   * have more rows than a first node.
   */
  async each(
    table: string,
    links: readonly string[],
    onLink: (link: string, rows: LinkRows) => Promise<void> | void,
  ): Promise<void> {
    const firsts = await this.#readFirsts(table, links);
    const more: { readonly link: string; readonly rowKeys: readonly string[] }[] = [];
    for (const link of links) {
      const node = firsts.get(link) ?? EMPTY;
      if (node.more) more.push({ link, rowKeys: node.rowKeys });
      else if (node.rowKeys.length > 0) await onLink(link, { rowKeys: node.rowKeys, wide: false });
    }
    for (let start = 0; start < more.length; start += NODES_AT_ONCE) {
      const some = more.slice(start, start + NODES_AT_ONCE);
      const seconds = await this.#readNodes(
        table,
        some.map(({ link }) => [link, '']),
      );
      for (const [index, { link, rowKeys }] of some.entries()) {
        const node = seconds[index]!;
        await onLink(link, { rowKeys: [...rowKeys, ...node.rowKeys], wide: node.more });
      }
    }
  }

  /**
   * Every row of one link, node by node, beginning after the node `after` (empty: from the start). Each page is at most one node; its `path`
   * is what to go on after. A row that stands under the link all the while is given, whatever else comes and goes.
   */
  async *walk(
    table: string,
    link: string,
    after = '',
  ): AsyncGenerator<{ readonly path: string; readonly rowKeys: readonly string[] }> {
    const first = (await this.#readFirsts(table, [link])).get(link) ?? EMPTY;
    if (after < FIRST) yield { path: FIRST, rowKeys: first.rowKeys };
    if (!first.more) return;
    const paths = [''];
    while (paths.length > 0) {
      const path = paths.pop()!;
      const named = `${FIRST}${path} `;
      const [node] = await this.#readNodes(table, [[link, path]]);
      if (named > after) yield { path: named, rowKeys: node!.rowKeys };
      if (!node!.more) continue;
      const below = [...NAMES].map((name) => path + name);
      // Children are pushed last to first; those whose whole part of the tree was walked are left out.
      for (const child of below.reverse()) if (`${FIRST}${child}~` > after) paths.push(child);
    }
  }

  async #first(
    action: RedisScript,
    table: string,
    entries: readonly LinkEntry[],
    before: readonly number[],
  ): Promise<LinkEntry[]> {
    const groups = [...byBucket(entries, ({ link }) => link)];
    const replies = (await this.#redis.sendAll(
      groups.map(([bucket, group]) =>
        script(
          action,
          this.#linksKey(bucketTag(bucket), table),
          ...before,
          ...group.flatMap(({ link, rowKey, position }) => [link, rowKey, position.slice(0, STAMP_LENGTH)]),
        ),
      ),
    )) as string[][];
    return groups.flatMap(([, group], index) => group.filter((_, place) => replies[index]![place] === 'more'));
  }

  async #nodes(
    action: RedisScript,
    table: string,
    entries: readonly LinkEntry[],
    depth: number,
    before: readonly number[],
  ): Promise<LinkEntry[]> {
    const byNode = new Map<string, LinkEntry[]>();
    for (const entry of entries) {
      const key = this.#nodeKey(table, entry.link, pathOf(entry.rowKey, depth));
      const list = byNode.get(key);
      if (list === undefined) byNode.set(key, [entry]);
      else list.push(entry);
    }
    const replies = (await this.#redis.sendAll(
      [...byNode].map(([key, group]) =>
        script(
          action,
          key,
          ...before,
          ...group.flatMap(({ rowKey, position }) => [rowKey, position.slice(0, STAMP_LENGTH)]),
        ),
      ),
    )) as string[][];
    return [...byNode.values()].flatMap((group, index) =>
      group.filter((_, place) => replies[index]![place] === 'more'),
    );
  }

  async #readFirsts(table: string, links: readonly string[]): Promise<Map<string, Node>> {
    const groups = [...byBucket(links, (link) => link)];
    const replies = (await this.#redis.sendAll(
      groups.map(([bucket, group]) => command('HMGET', this.#linksKey(bucketTag(bucket), table), ...group)),
    )) as (string | null)[][];
    const nodes = new Map<string, Node>();
    for (const [index, [, group]] of groups.entries())
      for (const [place, link] of group.entries()) {
        const text = replies[index]![place] ?? null;
        if (text !== null) nodes.set(link, firstNode(text));
      }
    return nodes;
  }

  async #readNodes(table: string, nodes: readonly (readonly [link: string, path: string])[]): Promise<Node[]> {
    const replies = (await this.#redis.sendAll(
      nodes.map(([link, path]) => command('HKEYS', this.#nodeKey(table, link, path))),
    )) as string[][];
    return replies.map((fields) => {
      const more = fields.includes('');
      return { more, rowKeys: more ? fields.filter((field) => field !== '') : fields };
    });
  }

  #linksKey(tag: string, table: string): string {
    return this.#redis.key(tag, `l${COPY_LAYOUT}`, table);
  }

  #nodeKey(table: string, link: string, path: string): string {
    return this.#redis.key(tagOf(link + path), `n${COPY_LAYOUT}`, table, link, path);
  }
}

interface Node {
  readonly rowKeys: readonly string[];
  readonly more: boolean;
}

const EMPTY: Node = { rowKeys: [], more: false };

function firstNode(text: string): Node {
  const rowKeys: string[] = [];
  for (let from = 1; from < text.length; ) {
    const to = text.indexOf('\n', from);
    rowKeys.push(text.slice(from + STAMP_LENGTH, to));
    from = to + 1;
  }
  return { rowKeys, more: text.charAt(0) === '+' };
}

/** Where a row stands at a depth: bits of its hash name one node on each level. */
function pathOf(rowKey: string, depth: number): string {
  const hash = hashOf(rowKey);
  let path = '';
  for (let level = 0; level < depth; level++) path += NAMES.charAt((hash >>> (level * NAME_BITS)) & 63);
  return path;
}
