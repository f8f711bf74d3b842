import { documentText } from '#consumers/catalog/documentText.ts';
import { type DocumentPlan, planDocument, type Relation } from '#consumers/rows/relations.ts';
import { documentId, matchingRows, projectDocument, type ResolvedRows, wantedLinks } from '#consumers/rows/resolve.ts';
import { linkText } from '#consumers/rows/rowText.ts';
import type { DocumentDefinition, Row } from '#infra/runtime/config/catalog.ts';

/** Rows of every table a definition names, by `schema.table`. Values have the types capture delivers. */
export type RowsByTable = Readonly<Record<string, readonly Row[]>>;

type Indexes = ReadonlyMap<string, ReadonlyMap<string, readonly Row[]>>;

/**
 * Every document that rows in memory give, id → document: what the index is compared with.
 * `keyColumns`: of the root table's primary key.
 * @throws CATALOG_ID_UNSTABLE, PROJECTION_FAILED
 */
export function buildDocuments(
  definition: DocumentDefinition,
  rowsByTable: RowsByTable,
  keyColumns: readonly string[],
): Map<string, object> {
  const plan = planDocument(definition);
  const indexes = indexesOf(plan, rowsByTable);
  const documents = new Map<string, object>();
  for (const root of rowsByTable[definition.root] ?? []) {
    const document = build(plan, indexes, root);
    const key = Object.fromEntries(keyColumns.map((column) => [column, root[column]]));
    if (document !== null) documents.set(documentId(definition, key), document);
  }
  return documents;
}

/** The document of one root row; null when the filter hides it. @throws PROJECTION_FAILED */
export function buildDocument(definition: DocumentDefinition, root: Row, rowsByTable: RowsByTable): object | null {
  const plan = planDocument(definition);
  return build(plan, indexesOf(plan, rowsByTable), root);
}

function build(plan: DocumentPlan, indexes: Indexes, root: Row): object | null {
  const resolved: ResolvedRows = new Map([['root', [root]]]);
  for (const relation of plan.relations) {
    const links = wantedLinks(relation, resolved);
    const candidates = links.flatMap((link) => indexes.get(relation.alias)!.get(link) ?? []);
    resolved.set(relation.alias, matchingRows(relation, links, candidates));
  }
  const document = projectDocument(plan, resolved);
  return document === null ? null : (JSON.parse(documentText(document)) as object);
}

function indexesOf(plan: DocumentPlan, rowsByTable: RowsByTable): Indexes {
  return new Map(plan.relations.map((relation) => [relation.alias, indexOf(relation, rowsByTable)]));
}

function indexOf(relation: Relation, rowsByTable: RowsByTable): Map<string, Row[]> {
  const index = new Map<string, Row[]>();
  for (const row of rowsByTable[relation.table] ?? []) {
    const link = linkText(row, relation.columns);
    if (link === null) continue;
    const rows = index.get(link);
    if (rows === undefined) index.set(link, [row]);
    else rows.push(row);
  }
  return index;
}
