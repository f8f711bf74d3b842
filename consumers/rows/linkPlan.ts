import { createHash, randomUUID } from 'node:crypto';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import type { RunnerPlan } from '#consumers/runner/runner.ts';
import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { errorFields, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type ClimbOutput, climb } from './climb.ts';
import { type DocumentPlan, planDocument, planTables, type Relation, type TablePlan } from './relations.ts';
import type { RowStore } from './rowStore.ts';
import { linkText } from './rowText.ts';
import type { RowVersion } from './rowWriter.ts';

/**
 * What every process that writes rows must know of the document types of all of them: over which columns rows have to be found, and which
 * documents a row is to mark. A join that is added needs more than stored rows offer: the plan is widened first, from then on the ledger
 * takes no records that were handled by a narrower one, and then stored rows are entered under their new links and what they reach is
 * marked. Kept with the ledger, so it is lost with the rows. See SPEC.md.
 */

/** The joins of a document type; several versions of one may be there. */
interface Tree {
  readonly type: string;
  readonly root: string;
  readonly joins: DocumentDefinition['joins'];
}

/**
 * KEYS[1] ledger. ARGV: the plan it was made from (empty: of none), the new plan, its trees, a token. Answers 1 when taken. A first plan over a
 * ledger that counts nothing yet is done at once: every record is still to be handled, and by this plan or a wider one.
 */
export const WIDEN_PLAN: RedisScript = {
  name: 'WidenPlan',
  keys: 1,
  lua: `
if (redis.call('HGET', KEYS[1], 'plan') or '') ~= ARGV[1] then return 0 end
local fresh = ARGV[1] == ''
if fresh then
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do if string.find(name, '/%d') then fresh = false end end
end
redis.call('HSET', KEYS[1], 'plan', ARGV[2], 'plan/trees', ARGV[3], 'plan/token', ARGV[4])
if fresh then redis.call('HSET', KEYS[1], 'plan/done', ARGV[3]) end
return 1`,
};

/**
 * KEYS[1] ledger. ARGV: a token, the server process. Notes that stored rows are as the plan asks. A token is given out once: when the store
 * lost something meanwhile and the plan was made again, it is another one; another process may have lost what was entered.
 */
export const PLAN_DONE: RedisScript = {
  name: 'PlanDone',
  keys: 1,
  lua: `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
if redis.call('HGET', KEYS[1], 'plan/token') ~= ARGV[1] or run ~= ARGV[2] then return end
redis.call('HSET', KEYS[1], 'plan/done', redis.call('HGET', KEYS[1], 'plan/trees'))`,
};

/** KEYS[1] ledger. Answers plan, token, the trees that are done and the server process. */
export const READ_PLAN: RedisScript = {
  name: 'ReadPlan',
  keys: 1,
  lua: `
local answer = {}
for i, name in ipairs({'plan', 'plan/token', 'plan/done'}) do answer[i] = redis.call('HGET', KEYS[1], name) or '' end
answer[4] = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
return answer`,
};

const LOOK_MS = 1000;
const PAGE = 500;
/** Parents followed for a page of rows before the rest becomes tasks of the fan-out. */
const MARK_BUDGET = 10_000;
/** One process enters links; the lock of one that died is free again after this. */
const LOCK_MS = 15_000;

export interface LinkPlanOptions {
  readonly redis: RedisCommands;
  readonly store: RowStore;
  readonly groupId: string;
  /** This process' own document types. */
  readonly documents: readonly DocumentDefinition[];
  /** Where the documents are marked that stored rows reach over new joins. */
  readonly output: (signal: AbortSignal) => Pick<ClimbOutput, 'marks' | 'tasks'>;
  readonly log: Logger;
  readonly clock?: Clock;
}

export class LinkPlan implements RunnerPlan {
  readonly #options: LinkPlanOptions;
  readonly #key: string;
  readonly #clock: Clock;
  #trees: readonly Tree[] = [];
  #plans: readonly DocumentPlan[] = [];
  #tables: ReadonlyMap<string, TablePlan> = new Map();

  constructor(options: LinkPlanOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#key = ledgerKey(options.redis, options.groupId);
    this.#take(union(options.documents.map(treeOf), []));
  }

  /** The plan of a table for the document types of all processes. */
  table(name: string): TablePlan {
    return this.#tables.get(name)!;
  }

  /** Document types of all processes, every version with other joins. Only their joins are there: they build nothing. */
  get plans(): readonly DocumentPlan[] {
    return this.#plans;
  }

  readonly revision = (): string => revisionOf(this.#trees);

  /** Makes the plan in force as wide as this process' own, and takes it up. */
  readonly refresh = async (): Promise<void> => {
    const { redis, log, groupId } = this.#options;
    for (;;) {
      const [plan, text] = (await redis.send(command('HMGET', this.#key, 'plan', 'plan/trees'))) as (string | null)[];
      const wide = union(this.#trees, treesIn(text));
      this.#take(wide);
      if (plan === revisionOf(wide)) return;
      const args = [plan ?? '', revisionOf(wide), JSON.stringify(wide), randomUUID()];
      if ((await redis.send(script(WIDEN_PLAN, this.#key, ...args))) !== 1) continue;
      log.info({ event: 'link_plan_widened', groupId, plan: revisionOf(wide) });
      return;
    }
  };

  /** Sees to it that stored rows are as the plan in force asks. */
  component(): Component {
    const { log, groupId } = this.#options;
    return backgroundLoop(`link plan ${groupId}`, async (signal) => {
      while (!signal.aborted) {
        await this.catchUp(signal).catch((error: unknown) => {
          if (!isRetriable(error)) throw error;
          log.debug({ event: 'link_plan_not_done', groupId, ...errorFields(error) });
        });
        await this.#clock.sleep(LOOK_MS, signal);
      }
    });
  }

  /**
   * Enters every stored row under the links it lacks, and marks what the rows reach over joins that are new; nothing when that was done
   * for this plan, or another process does it now. May be broken off and repeated.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    const { redis, log, groupId } = this.#options;
    await this.refresh();
    const [plan, token, text, run] = (await redis.send(script(READ_PLAN, this.#key))) as [
      string,
      string,
      string,
      string,
    ];
    const done = treesIn(text);
    if (plan !== this.revision() || revisionOf(done) === plan) return;
    const lock = redis.key('{ledger}', groupId, 'linking');
    if ((await redis.send(command('SET', lock, plan, 'NX', 'PX', LOCK_MS))) !== 'OK') return;
    let entered = 0;
    const eachPage = async (table: string, onPage: (keys: readonly string[]) => Promise<void>): Promise<void> =>
      this.#options.store.scan(table, async (keys) => {
        for (let start = 0; start < keys.length; start += PAGE) {
          signal.throwIfAborted();
          await redis.send(command('PEXPIRE', lock, LOCK_MS));
          await onPage(keys.slice(start, start + PAGE));
        }
      });
    for (const [name, table] of this.#tables)
      await eachPage(name, async (keys) => {
        entered += await this.#enter(table, keys);
      });
    const fresh = newRelations(this.#plans, done);
    for (const { plan: document, relation } of fresh)
      await eachPage(relation.table, (keys) => this.#mark(document, relation, keys, signal));
    await redis.sendAll([script(PLAN_DONE, this.#key, token, run), command('DEL', lock)]);
    log.info({ event: 'link_plan_done', groupId, plan, rows: entered, joins: fresh.length });
  }

  async #enter({ table, linkColumns }: TablePlan, keys: readonly string[]): Promise<number> {
    const { store } = this.#options;
    const lacking: RowVersion[] = [];
    for (const [key, { position, row, links: stored }] of await store.versions(table, keys)) {
      const links = row === null ? [] : linkColumns.flatMap((columns) => linkText(row, columns) ?? []);
      if (links.some((link) => !stored.includes(link))) lacking.push({ key, position, row, links });
    }
    await store.write(table, lacking);
    return lacking.length;
  }

  async #mark(plan: DocumentPlan, relation: Relation, keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { store, output } = this.#options;
    const links = new Map<string, null>();
    for (const row of (await store.read(relation.table, keys)).values()) {
      const link = linkText(row, relation.columns);
      if (link !== null) links.set(link, null);
    }
    const { marks, tasks } = output(signal);
    await climb({ store, marks, tasks, lane: 'wide', budget: MARK_BUDGET }, plan, relation, links);
    await Promise.all([marks.flush(), tasks.flush()]);
  }

  #take(trees: readonly Tree[]): void {
    this.#trees = trees;
    const own = this.#options.documents;
    this.#plans = trees.map((tree) =>
      planDocument(own.find((definition) => textOf(treeOf(definition)) === textOf(tree)) ?? foreign(tree)),
    );
    this.#tables = new Map([...planTables(this.#plans)].map(([table, plan]) => [table, onceEach(plan)]));
  }
}

/** Whether stored rows are as these document types ask. @throws COPY_REBUILDING when not */
export async function checkLinksEntered(
  redis: RedisCommands,
  groupId: string,
  documents: readonly DocumentDefinition[],
): Promise<void> {
  const done = treesIn((await redis.send(command('HGET', ledgerKey(redis, groupId), 'plan/done'))) as string | null);
  const known = new Set(done.map(textOf));
  if (documents.every((definition) => known.has(textOf(treeOf(definition))))) return;
  throw new SluiceError(
    'COPY_REBUILDING',
    `Stored rows of ${groupId} are not yet entered under the links of new joins.`,
  );
}

const treeOf = ({ type, root, joins }: DocumentDefinition): Tree => ({ type, root, joins });

/** One text for the same joins, however they are written down. */
function textOf({ type, root, joins }: Tree): string {
  const sorted = Object.entries(joins)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([alias, { table, from = 'root', on, many = false }]) => {
      const columns = Object.entries(on).sort(([a], [b]) => (a < b ? -1 : 1));
      return [alias, { table, from, on: Object.fromEntries(columns), many }] as const;
    });
  return JSON.stringify({ type, root, joins: Object.fromEntries(sorted) });
}

/** Versions of a type share most joins: what two of them would mark alike is marked once. */
function onceEach(table: TablePlan): TablePlan {
  const types = new Map(table.rootOf.map((plan) => [plan.definition.type, plan]));
  const joined = new Map(
    table.joinedAs.map((joinedAs) => [wayToRoot(joinedAs.plan, joinedAs.relation), joinedAs] as const),
  );
  return { ...table, rootOf: [...types.values()], joinedAs: [...joined.values()] };
}

/** Equal for relations over which the same rows mark the same documents. */
export function wayToRoot(plan: DocumentPlan, relation: Relation): string {
  const way: unknown[] = [plan.definition.type];
  for (let at: Relation | undefined = relation; at !== undefined; ) {
    const { table, columns, parent, parentTable, parentColumns }: Relation = at;
    way.push([table, columns, parentTable, parentColumns]);
    at = plan.relations.find(({ alias }) => alias === parent);
  }
  return JSON.stringify(way);
}

const treesIn = (text: string | null | undefined): readonly Tree[] =>
  text == null || text === '' ? [] : (JSON.parse(text) as Tree[]);

/** Trees of both, in an order that does not depend on which comes first. */
function union(a: readonly Tree[], b: readonly Tree[]): readonly Tree[] {
  return [...new Set([...a, ...b].map(textOf))].sort().map((text) => JSON.parse(text) as Tree);
}

function revisionOf(trees: readonly Tree[]): string {
  return createHash('sha256').update(trees.map(textOf).sort().join('\n')).digest('hex').slice(0, 16);
}

/** Joins of another process: enough to mark documents, which that process builds. */
function foreign(tree: Tree): DocumentDefinition {
  const project = (): never => {
    throw new Error(`documents ${tree.type} are built by another process`);
  };
  return { ...tree, version: 0, id: project, project, mapping: {} };
}

function newRelations(
  plans: readonly DocumentPlan[],
  done: readonly Tree[],
): { readonly plan: DocumentPlan; readonly relation: Relation }[] {
  const known = new Set(done.map(textOf));
  return plans
    .filter(({ definition }) => !known.has(textOf(treeOf(definition))))
    .flatMap((plan) => plan.relations.map((relation) => ({ plan, relation })));
}
