import type { Change } from '#consumers/runner/changes.ts';
import { commitLsnOf, isSnapshot } from '#consumers/runner/position.ts';
import { carryUnavailable } from '#schemas/envelope.ts';
import { type ClimbOutput, climb } from './climb.ts';
import type { TaskBatch } from './fanOutTasks.ts';
import { type Lane, laterOf, type MarkBatch } from './marks.ts';
import type { TablePlan } from './relations.ts';
import type { RowStore, WrittenRow } from './rowStore.ts';
import { linkPrefix, linkText, rowKeyText } from './rowText.ts';
import type { RowVersion } from './rowWriter.ts';

/** Where stage 1 leaves what it finds. */
export interface RowsOutput {
  readonly store: RowStore;
  readonly marks: MarkBatch;
  readonly tasks: TaskBatch;
  /** Throws when the store may have lost what a version was completed from. */
  readonly confirm?: () => Promise<void>;
}

/** Documents marked over joins by one batch; what more there are is handed over to the fan-out. */
const BATCH_BUDGET = 10_000;
/** Root rows of one transaction in one batch from which on they go the wide way: then it is a job that runs over the shop, not a person. */
const WIDE_TRANSACTION = 200;

/**
 * Takes a batch of changes of one table into the row store and marks every document they touch. Safe to repeat from any point:
 * a version that is stored already is marked again, and earlier links stay with the row until its marks are stored.
 */
export async function keepRows(
  { store, marks, tasks, confirm }: RowsOutput,
  plan: TablePlan,
  changes: readonly Change[],
  budget = BATCH_BUDGET,
): Promise<void> {
  const newest = newestVersions(plan, changes);
  const written = await store.write(
    plan.table,
    [...newest.values()].map(({ version }) => version),
    confirm,
  );
  const touched = written.map((row) => ({ ...row, sourceTsMs: newest.get(row.version.key)!.sourceTsMs }));
  const lanes = plan.rootOf.length === 0 ? undefined : lanesOf(written);
  for (const { version, sourceTsMs } of touched)
    for (const { definition } of plan.rootOf)
      await marks.add(definition.type, version.key, sourceTsMs, lanes!(version.position));
  const out: ClimbOutput = { store, marks, tasks, lane: 'fast', budget };
  for (const { plan: document, relation } of plan.joinedAs)
    await climb(out, document, relation, linkTimes(touched, relation.columns));
  await Promise.all([marks.flush(), tasks.flush()]);
  await store.settle(plan.table, written);
}

/** The lane of a root row's own mark, by its position. */
function lanesOf(written: readonly WrittenRow[]): (position: string) => Lane {
  const rows = new Map<string, number>();
  for (const { version } of written) {
    const commit = commitLsnOf(version.position);
    rows.set(commit, (rows.get(commit) ?? 0) + 1);
  }
  return (position) => (isSnapshot(position) || rows.get(commitLsnOf(position))! >= WIDE_TRANSACTION ? 'wide' : 'fast');
}

interface Newest {
  readonly version: RowVersion;
  readonly sourceTsMs: number | null;
}

/** Only the newest version of a row counts; the mark carries the newest commit time of all its versions in the batch. */
function newestVersions(plan: TablePlan, changes: readonly Change[]): Map<string, Newest> {
  const newest = new Map<string, { change: Change; sourceTsMs: number | null }>();
  for (const change of changes) {
    const key = rowKeyText(change.key);
    const before = newest.get(key);
    const sourceTsMs = laterOf(before?.sourceTsMs ?? null, change.op === 'r' ? null : change.sourceTsMs);
    newest.set(key, { change: before === undefined ? change : laterChange(before.change, change), sourceTsMs });
  }
  return new Map(
    [...newest].map(([key, { change, sourceTsMs }]) => [key, { version: toVersion(plan, key, change), sourceTsMs }]),
  );
}

/** The one with the higher position; values that did not travel with it are taken from the one before. */
function laterChange(a: Change, b: Change): Change {
  if (b.position < a.position) return a;
  if (b.after === null || b.position === a.position) return b;
  return a.after === null ? b : { ...b, after: carryUnavailable(b.after, a.after) };
}

function toVersion(plan: TablePlan, key: string, { position, after }: Change): RowVersion {
  const links = after === null ? [] : plan.linkColumns.flatMap((columns) => linkText(after, columns) ?? []);
  return { key, position, row: after, links };
}

/** Every value, old and new, under which the changed rows may be joined over these columns → newest commit time. */
function linkTimes(
  touched: readonly (WrittenRow & { readonly sourceTsMs: number | null })[],
  columns: readonly string[],
): Map<string, number | null> {
  const prefix = linkPrefix(columns);
  const times = new Map<string, number | null>();
  for (const { version, earlierLinks, sourceTsMs } of touched)
    for (const link of [...version.links, ...earlierLinks])
      if (link.startsWith(prefix)) times.set(link, laterOf(times.get(link) ?? null, sourceTsMs));
  return times;
}
