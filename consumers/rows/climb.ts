import type { TaskBatch } from './fanOutTasks.ts';
import { type Lane, laterOf, type MarkBatch } from './marks.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import type { RowStore } from './rowStore.ts';
import { linkText, renameLink } from './rowText.ts';

/** Where a climb leaves what it finds. */
export interface ClimbOutput {
  readonly store: RowStore;
  readonly marks: MarkBatch;
  readonly tasks: TaskBatch;
  readonly lane: Lane;
  /** How many more parents may be followed here; what comes then is handed over. */
  budget: number;
}

/** Parents read at once. */
const PAGE = 1000;

/**
 * Marks every document that reaches the joined rows carrying one of `links`, by going from join to parent until the root. `links` maps
 * each link of the joined table to the commit time the mark shall carry. A wide link, and whatever goes beyond the budget, is handed over to
 * the fan-out, so neither time nor memory of a batch depends on how many documents there are.
 */
export async function climb(
  out: ClimbOutput,
  plan: DocumentPlan,
  relation: Relation,
  links: ReadonlyMap<string, number | null>,
): Promise<void> {
  if (links.size === 0) return;
  const parents = new Map([...links.keys()].map((link) => [renameLink(link, relation.parentColumns), link]));
  await out.store.links.each(relation.parentTable, [...parents.keys()], async (parentLink, { rowKeys, wide }) => {
    const link = parents.get(parentLink)!;
    const sourceTsMs = links.get(link) ?? null;
    if (wide || out.budget <= 0)
      await out.tasks.add({ documentType: plan.definition.type, alias: relation.alias, link, sourceTsMs });
    else await climbFrom(out, plan, relation, rowKeys, sourceTsMs);
  });
}

/** The same for the parents found: rows of the relation's parent table. */
export async function climbFrom(
  out: ClimbOutput,
  plan: DocumentPlan,
  relation: Relation,
  parentKeys: readonly string[],
  sourceTsMs: number | null,
): Promise<void> {
  out.budget -= parentKeys.length;
  const above = plan.relations.find(({ alias }) => alias === relation.parent);
  if (above === undefined) {
    for (const key of parentKeys) await out.marks.add(plan.definition.type, key, sourceTsMs, out.lane);
    return;
  }
  for (let start = 0; start < parentKeys.length; start += PAGE) {
    const rows = await out.store.read(relation.parentTable, parentKeys.slice(start, start + PAGE));
    const next = new Map<string, number | null>();
    for (const row of rows.values()) {
      const text = linkText(row, above.columns);
      if (text !== null) next.set(text, laterOf(next.get(text) ?? null, sourceTsMs));
    }
    await climb(out, plan, above, next);
  }
}
