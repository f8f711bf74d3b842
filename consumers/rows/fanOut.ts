import type { Coverage } from '#consumers/runner/coverage.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { command, type RedisCommands } from '#infra/redis/client.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { climbFrom } from './climb.ts';
import { type FanOutTask, type TaskBatch, walkOf } from './fanOutTasks.ts';
import { wayToRoot } from './linkPlan.ts';
import type { MarkBatch } from './marks.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import type { RowStore } from './rowStore.ts';
import { linkPrefix, renameLink } from './rowText.ts';

export interface FanOutWriter {
  readonly store: RowStore;
  readonly redis: RedisCommands;
  readonly plans: readonly DocumentPlan[];
  /** Takes up the document types of other processes. */
  readonly refreshPlans?: () => Promise<void>;
  readonly coverage: Coverage;
  marks(signal: AbortSignal): MarkBatch;
  tasks(signal: AbortSignal): TaskBatch;
  /** Told of each page: how many rows it had. */
  readonly onPage?: (rows: number) => void;
}

/** Parents followed for each page of a walk before the rest becomes tasks of its own. */
const PAGE_BUDGET = 20_000;
/** How far a walk has come is kept this long: longer than anybody leaves consumers stopped, and Redis does not fill with it. */
const KEEP_SECONDS = 30 * 86_400;
/** Stands in the place of a path when a walk is done: so long that a process that dies before it commits does not walk again. */
const DONE = '~';
const KEEP_DONE_SECONDS = 3600;

/**
 * Walks the links of the tasks and marks what they reach. Of tasks that ask for the same walk only the last is done: it begins after all of
 * them were sent. A walk leaves how far it has come in Redis after each node, when the marks of the node are stored, so one that was broken off
 * anywhere goes on there; a task that is redelivered or replayed begins anew.
 */
export async function fanOut(
  writer: FanOutWriter,
  batch: RecordBatch<FanOutTask>,
  control: HandlerControl,
): Promise<void> {
  const open = writer.coverage.open(batch, ({ value }) => walkOf(value));
  const resume = batch.highWatermark !== undefined;
  for (const { value, message } of open) {
    let ways = waysOf(writer.plans, value);
    if (ways.length === 0) {
      // A process with a newer configuration may have asked.
      await writer.refreshPlans?.();
      ways = waysOf(writer.plans, value);
    }
    // A join that is not configured any more.
    if (ways.length === 0) control.reject(message, unknownJoin(value));
    for (const [place, { plan, relation }] of ways.entries()) {
      const id = place === 0 ? value.id : `${value.id}.${place}`;
      if (!(await walk(writer, { ...value, id }, { plan, relation, resume }, control))) return;
    }
  }
  writer.coverage.cover(
    batch,
    open.map(({ value }) => walkOf(value)),
  );
}

/** Several versions of a type may have a join of this name; those that mark the same count once. */
function waysOf(
  plans: readonly DocumentPlan[],
  { documentType, alias, link }: FanOutTask,
): { readonly plan: DocumentPlan; readonly relation: Relation }[] {
  const ways = new Map<string, { readonly plan: DocumentPlan; readonly relation: Relation }>();
  for (const plan of plans) {
    const relation = plan.relations.find((candidate) => candidate.alias === alias);
    if (plan.definition.type !== documentType || relation === undefined) continue;
    if (link.startsWith(linkPrefix(relation.columns))) ways.set(wayToRoot(plan, relation), { plan, relation });
  }
  return [...ways.values()];
}

interface Way {
  readonly plan: DocumentPlan;
  readonly relation: Relation;
  /** Whether to go on where an earlier walk of the task was broken off. */
  readonly resume: boolean;
}

/** False when the partition was taken away meanwhile: its new owner goes on. */
async function walk(
  { store, redis, marks: newMarks, tasks: newTasks, onPage }: FanOutWriter,
  task: FanOutTask,
  { plan, relation, resume }: Way,
  control: HandlerControl,
): Promise<boolean> {
  const key = redis.key(`{walk-${task.id}}`, 'after');
  const reached = resume ? (((await redis.send(command('GET', key))) ?? '') as string) : '';
  if (reached === DONE) return true;
  const keep = async (path: string, seconds: number): Promise<void> => {
    if (resume) await redis.send(command('SET', key, path, 'EX', seconds));
  };
  const marks = newMarks(control.signal);
  const tasks = newTasks(control.signal);
  const link = renameLink(task.link, relation.parentColumns);
  for await (const { path, rowKeys } of store.links.walk(relation.parentTable, link, reached)) {
    control.signal.throwIfAborted();
    const out = { store, marks, tasks, lane: 'wide' as const, budget: PAGE_BUDGET };
    await climbFrom(out, plan, relation, rowKeys, task.sourceTsMs);
    await Promise.all([marks.flush(), tasks.flush()]);
    await keep(path, KEEP_SECONDS);
    onPage?.(rowKeys.length);
    await control.heartbeat();
    if (control.isStale()) return false;
  }
  await keep(DONE, KEEP_DONE_SECONDS);
  return true;
}

function unknownJoin({ documentType, alias }: FanOutTask): SluiceError {
  return new SluiceError('FAN_OUT_JOIN_UNKNOWN', `The configuration has no join ${alias} of document ${documentType}.`);
}
