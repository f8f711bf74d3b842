import type { Row } from '#infra/runtime/config/catalog.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import { matchingRows, type ResolvedRows, wantedLinks } from './resolve.ts';
import type { RowStore } from './rowStore.ts';

/**
 * Reads all rows of many documents level by level: one round trip for the roots, two for each join, whatever the number of documents.
 * A root that is deleted or unknown is missing from the answer.
 */
export async function assemble(
  store: RowStore,
  plan: DocumentPlan,
  rootKeys: readonly string[],
): Promise<Map<string, ResolvedRows>> {
  const roots = await store.read(plan.definition.root, rootKeys);
  const documents = new Map([...roots].map(([key, row]) => [key, new Map([['root', [row]]]) as ResolvedRows]));
  for (const relation of plan.relations) await addJoin(store, relation, [...documents.values()]);
  return documents;
}

async function addJoin(store: RowStore, relation: Relation, documents: readonly ResolvedRows[]): Promise<void> {
  const wanted = documents.map((resolved) => wantedLinks(relation, resolved));
  const found = await rowsByLink(store, relation.table, [...new Set(wanted.flat())]);
  for (const [index, resolved] of documents.entries()) {
    const links = wanted[index]!;
    const candidates = [...new Set(links.flatMap((link) => found.get(link) ?? []))];
    resolved.set(relation.alias, matchingRows(relation, links, candidates));
  }
}

async function rowsByLink(store: RowStore, table: string, links: readonly string[]): Promise<Map<string, Row[]>> {
  const keys = new Map(links.map((link) => [link, new Set<string>()]));
  await store.linked(table, links, (link, page) => {
    const known = keys.get(link)!;
    for (const key of page) known.add(key);
  });
  const rows = await store.read(table, [...new Set([...keys.values()].flatMap((set) => [...set]))]);
  const rowsOf = (set: ReadonlySet<string>): Row[] => {
    const found: Row[] = [];
    for (const key of set) {
      const row = rows.get(key);
      if (row !== undefined) found.push(row);
    }
    return found;
  };
  return new Map([...keys].map(([link, set]) => [link, rowsOf(set)]));
}
