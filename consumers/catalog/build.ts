import { planDocument, type Relation } from '#consumers/rows/relations.ts';
import { documentId, matchingRows, projectDocument, type ResolvedRows, wantedLinks } from '#consumers/rows/resolve.ts';
import { linkText } from '#consumers/rows/rowText.ts';
import type { DocumentDefinition, Row } from '#infra/runtime/config/catalog.ts';

/** Builds documents of one type from rows in memory: what `verify` compares the search index with. */
export interface DocumentBuilder {
  /** null: the filter hides it. @throws PROJECTION_FAILED */
  build(root: Row): object | null;
  /**
   * Id of a root row. `keyColumns` are the columns of its primary key.
   * @throws CATALOG_ID_UNSTABLE, PROJECTION_FAILED
   */
  idOf(root: Row, keyColumns: readonly string[]): string;
}

/**
 * `rowsByTable`: every row of every table the definition names, keyed by `schema.table`. Row values must have the types capture delivers.
 */
export function documentBuilder(
  definition: DocumentDefinition,
  rowsByTable: Readonly<Record<string, readonly Row[]>>,
): DocumentBuilder {
  const plan = planDocument(definition);
  const indexes = new Map(plan.relations.map((relation) => [relation.alias, indexOf(relation, rowsByTable)]));
  return {
    build(root) {
      const resolved: ResolvedRows = new Map([['root', [root]]]);
      for (const relation of plan.relations) {
        const links = wantedLinks(relation, resolved);
        const candidates = links.flatMap((link) => indexes.get(relation.alias)!.get(link) ?? []);
        resolved.set(relation.alias, matchingRows(relation, links, candidates));
      }
      const document = projectDocument(plan, resolved);
      return document === null ? null : (JSON.parse(documentText(document)) as object);
    },
    idOf: (root, keyColumns) =>
      documentId(definition, Object.fromEntries(keyColumns.map((column) => [column, root[column]]))),
  };
}

/** One document from plain rows; use {@link documentBuilder} for many. */
export function buildDocument(
  definition: DocumentDefinition,
  root: Row,
  rowsByTable: Readonly<Record<string, readonly Row[]>>,
): object | null {
  return documentBuilder(definition, rowsByTable).build(root);
}

function indexOf(relation: Relation, rowsByTable: Readonly<Record<string, readonly Row[]>>): Map<string, Row[]> {
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

/** A document as JSON text. A bigint becomes a number when that is exact, else its digits as text; undefined members are left out. */
export function documentText(document: object): string {
  return JSON.stringify(document, (_, value: unknown) =>
    typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value,
  );
}
