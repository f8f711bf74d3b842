import { laterOf, type MarkBatch } from './marks.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import type { RowStore } from './rowStore.ts';
import { linkText, renameLink } from './rowText.ts';

/**
 * Marks every document that reaches the joined rows carrying one of `links`, by going from join to parent until the root. `links` maps
 * each link of the joined table to the commit time the mark shall carry. Each page of parents is followed before the next one is read,
 * so memory is bounded by pages and not by how many documents there are.
 */
export async function climb(
  store: RowStore,
  plan: DocumentPlan,
  relation: Relation,
  links: ReadonlyMap<string, number | null>,
  marks: MarkBatch,
): Promise<void> {
  if (links.size === 0) return;
  const times = new Map([...links].map(([link, time]) => [renameLink(link, relation.parentColumns), time]));
  const above = plan.relations.find(({ alias }) => alias === relation.parent);
  await store.linked(relation.parentTable, [...times.keys()], async (link, keys) => {
    const time = times.get(link) ?? null;
    if (above === undefined) {
      for (const key of keys) await marks.add(plan.definition.type, key, time);
      return;
    }
    const parents = await store.read(relation.parentTable, keys);
    const next = new Map<string, number | null>();
    for (const parent of parents.values()) {
      const text = linkText(parent, above.columns);
      if (text !== null) next.set(text, laterOf(next.get(text) ?? null, time));
    }
    await climb(store, plan, above, next, marks);
  });
}
