import type { Change } from '#consumers/runner/changes.ts';
import { carryUnavailable } from '#schemas/envelope.ts';
import { climb } from './climb.ts';
import { laterOf, type MarkBatch } from './marks.ts';
import type { TablePlan } from './relations.ts';
import type { RowStore, RowVersion, WrittenRow } from './rowStore.ts';
import { linkText, rowKeyText } from './rowText.ts';

/**
 * Takes a batch of changes of one table into the row store and marks every document they touch. Safe to repeat from any point:
 * a version that is stored already is marked again, and earlier links stay with the row until its marks are stored.
 */
export async function keepRows(
  store: RowStore,
  plan: TablePlan,
  changes: readonly Change[],
  marks: MarkBatch,
): Promise<void> {
  const newest = newestVersions(plan, changes);
  const written = await store.write(
    plan.table,
    [...newest.values()].map(({ version }) => version),
  );
  const touched = written.map((row) => ({ ...row, sourceTsMs: newest.get(row.version.key)!.sourceTsMs }));
  for (const { version, sourceTsMs } of touched)
    for (const { definition } of plan.rootOf) await marks.add(definition.type, version.key, sourceTsMs);
  for (const { plan: document, relation } of plan.joinedAs)
    await climb(store, document, relation, linkTimes(touched, relation.columns), marks);
  await marks.flush();
  await store.settle(plan.table, written);
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
  const prefix = `[${JSON.stringify(columns)},`;
  const times = new Map<string, number | null>();
  for (const { version, earlierLinks, sourceTsMs } of touched)
    for (const link of [...version.links, ...earlierLinks])
      if (link.startsWith(prefix)) times.set(link, laterOf(times.get(link) ?? null, sourceTsMs));
  return times;
}
