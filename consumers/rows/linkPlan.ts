import { createHash } from 'node:crypto';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import type { RunnerPlan } from '#consumers/runner/runner.ts';
import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { TablePlan } from './relations.ts';
import type { RowStore, StoredRow } from './rowStore.ts';
import { linkText } from './rowText.ts';
import type { RowVersion } from './rowWriter.ts';

/**
 * Over which columns the rows of each table can be found, for every document type of every process that writes rows. A join that is added needs
 * more than stored rows offer: the plan is widened first, from then on every writer must know it (the ledger takes no records handled by a
 * narrower one), and then the stored rows are entered under their new links. Kept with the ledger, so it is lost with the rows. See SPEC.md.
 */

/** Table → its column lists; lists in a fixed order. */
type Links = Readonly<Record<string, readonly (readonly string[])[]>>;

/** KEYS[1] ledger. ARGV: the plan it was made from (empty: of none), the new plan, its links. Answers 1 when taken. */
export const WIDEN_PLAN: RedisScript = {
  name: 'WidenPlan',
  keys: 1,
  lua: `
if (redis.call('HGET', KEYS[1], 'plan') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'plan', ARGV[2], 'plan/links', ARGV[3])
return 1`,
};

/** KEYS[1] ledger. ARGV: a plan. Notes that every stored row has its links, if the plan is still in force. */
export const PLAN_DONE: RedisScript = {
  name: 'PlanDone',
  keys: 1,
  lua: `if redis.call('HGET', KEYS[1], 'plan') == ARGV[1] then redis.call('HSET', KEYS[1], 'plan/done', ARGV[1]) end`,
};

const LOOK_MS = 1000;
const PAGE = 500;
/** One process enters links; the lock of one that died is free again after this. */
const LOCK_MS = 15_000;

export interface LinkPlanOptions {
  readonly redis: RedisCommands;
  readonly store: RowStore;
  readonly groupId: string;
  /** What this process' own document types need. */
  readonly tables: ReadonlyMap<string, TablePlan>;
  readonly log: Logger;
  readonly clock?: Clock;
}

export class LinkPlan implements RunnerPlan {
  readonly #options: LinkPlanOptions;
  readonly #key: string;
  readonly #clock: Clock;
  #links: Links;
  #plans = new Map<string, TablePlan>();
  #entered = 0;

  constructor(options: LinkPlanOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#key = ledgerKey(options.redis, options.groupId);
    this.#links = Object.fromEntries([...options.tables].map(([table, { linkColumns }]) => [table, linkColumns]));
    this.#take(this.#links);
  }

  /** The plan of a table with the links every process needs. */
  table(name: string): TablePlan {
    return this.#plans.get(name)!;
  }

  readonly revision = (): string => revisionOf(this.#links);

  /** Makes the plan in force as wide as this process' own, and takes it up. */
  readonly refresh = async (): Promise<void> => {
    const { redis, log, groupId } = this.#options;
    for (;;) {
      const [plan, text] = (await redis.send(command('HMGET', this.#key, 'plan', 'plan/links'))) as (string | null)[];
      const stored = text == null ? {} : (JSON.parse(text) as Links);
      const wide = union(this.#links, stored);
      this.#take(wide);
      if (plan === revisionOf(wide)) return;
      const args = [plan ?? '', revisionOf(wide), JSON.stringify(wide)];
      if ((await redis.send(script(WIDEN_PLAN, this.#key, ...args))) !== 1) continue;
      log.info({ event: 'link_plan_widened', groupId, plan: revisionOf(wide) });
      return;
    }
  };

  /** Rows entered under new links so far by this process. */
  get entered(): number {
    return this.#entered;
  }

  /** Sees to it that stored rows have the links of the plan in force. */
  component(): Component {
    const { log, groupId } = this.#options;
    return backgroundLoop(`link plan ${groupId}`, async (signal) => {
      while (!signal.aborted) {
        await this.enterMissing(signal).catch((error: unknown) => {
          if (!isRetriable(error)) throw error;
          log.debug({ event: 'link_plan_not_done', groupId, ...errorFields(error) });
        });
        await this.#clock.sleep(LOOK_MS, signal);
      }
    });
  }

  /** Enters every stored row under the links it lacks, unless that was done for this plan or another process does it now. */
  async enterMissing(signal: AbortSignal): Promise<void> {
    const { redis, store, log, groupId } = this.#options;
    await this.refresh();
    const plan = this.revision();
    if ((await redis.send(command('HGET', this.#key, 'plan/done'))) === plan) return;
    const lock = redis.key('{ledger}', groupId, 'linking');
    if ((await redis.send(command('SET', lock, plan, 'NX', 'PX', LOCK_MS))) !== 'OK') return;
    const before = this.#entered;
    for (const table of Object.keys(this.#links)) {
      await store.scan(table, async (keys) => {
        for (let start = 0; start < keys.length; start += PAGE) {
          signal.throwIfAborted();
          await redis.send(command('PEXPIRE', lock, LOCK_MS));
          await this.#enter(table, keys.slice(start, start + PAGE));
        }
      });
    }
    await redis.sendAll([script(PLAN_DONE, this.#key, plan), command('DEL', lock)]);
    if (this.#entered > before) log.info({ event: 'links_entered', groupId, rows: this.#entered - before });
  }

  async #enter(table: string, keys: readonly string[]): Promise<void> {
    const { store } = this.#options;
    const columns = this.#links[table] ?? [];
    const lacking: RowVersion[] = [];
    for (const [key, stored] of await store.versions(table, keys)) {
      const links = linksOf(stored, columns);
      if (links.some((link) => !stored.links.includes(link)))
        lacking.push({ key, position: stored.position, row: stored.row, links });
    }
    await store.write(table, lacking);
    this.#entered += lacking.length;
  }

  #take(links: Links): void {
    this.#links = links;
    this.#plans = new Map(
      [...this.#options.tables].map(([table, plan]) => [table, { ...plan, linkColumns: links[table] ?? [] }]),
    );
  }
}

/** Whether every stored row can be found in the ways these tables ask for. @throws COPY_REBUILDING when not */
export async function checkLinksEntered(
  redis: RedisCommands,
  groupId: string,
  tables: ReadonlyMap<string, TablePlan>,
): Promise<void> {
  const [plan, done, text] = (await redis.send(
    command('HMGET', ledgerKey(redis, groupId), 'plan', 'plan/done', 'plan/links'),
  )) as (string | null)[];
  const stored = text == null ? {} : (JSON.parse(text) as Links);
  const own = Object.fromEntries([...tables].map(([table, { linkColumns }]) => [table, linkColumns]));
  if (plan !== null && done === plan && revisionOf(union(stored, own)) === plan) return;
  throw new SluiceError(
    'COPY_REBUILDING',
    `Stored rows of ${groupId} are not yet entered under the links of new joins.`,
  );
}

function linksOf({ row }: StoredRow, columns: readonly (readonly string[])[]): string[] {
  return row === null ? [] : columns.flatMap((list) => linkText(row, list) ?? []);
}

/** Lists of both, without doubles, in an order that does not depend on which comes first. */
function union(a: Links, b: Links): Links {
  const tables = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const listsOf = (table: string): (readonly string[])[] => {
    const lists = new Map([...(a[table] ?? []), ...(b[table] ?? [])].map((list) => [list.join('\t'), list]));
    return [...lists].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, list]) => list);
  };
  return Object.fromEntries(tables.map((table) => [table, listsOf(table)]));
}

function revisionOf(links: Links): string {
  return createHash('sha256')
    .update(JSON.stringify(union(links, {})))
    .digest('hex')
    .slice(0, 16);
}
