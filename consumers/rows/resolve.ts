import { poison } from '#consumers/runner/deadLetters.ts';
import type { DocumentDefinition, JoinedRows, Row } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import { linkText } from './rowText.ts';

/** The pure half of building a document: from rows to the user's functions and back. The same code serves the pipeline and `verify`. */

/** Rows per join name (`root` included) for one document. */
export type ResolvedRows = Map<string, readonly Row[]>;

/** Links under which the rows of one join are to be looked for; duplicates removed. */
export function wantedLinks(relation: Relation, resolved: ResolvedRows): string[] {
  const links = new Set<string>();
  for (const parent of resolved.get(relation.parent) ?? []) {
    const link = linkText(parent, relation.parentColumns, relation.columns);
    if (link !== null) links.add(link);
  }
  return [...links];
}

/** The rows among `candidates` that really carry one of the links, in an order that depends on their content only. */
export function matchingRows(relation: Relation, links: readonly string[], candidates: readonly Row[]): readonly Row[] {
  const matches = candidates.filter((row) => {
    const link = linkText(row, relation.columns);
    return link !== null && links.includes(link);
  });
  if (matches.length < 2) return matches;
  return matches
    .map((row) => ({ row, text: canonicalText(row) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ row }) => row);
}

/** Column order and number type do not matter: two sources of the same row give the same text. */
function canonicalText(row: Row): string {
  const columns = Object.keys(row).sort();
  return JSON.stringify(
    columns.map((column) => {
      const value = row[column];
      if (Buffer.isBuffer(value)) return value.toString('hex');
      return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
    }),
  );
}

/** What filter and project are given. */
function joinedRows(plan: DocumentPlan, resolved: ResolvedRows): JoinedRows {
  const rows: Record<string, Row | readonly Row[] | null> = { root: resolved.get('root')![0]! };
  for (const { alias, many } of plan.relations) {
    const found = resolved.get(alias) ?? [];
    rows[alias] = many ? found : (found[0] ?? null);
  }
  return rows;
}

/**
 * Runs the user's filter and projection. null: the document shall not be seen.
 * @throws PROJECTION_FAILED
 */
export function projectDocument(plan: DocumentPlan, resolved: ResolvedRows): object | null {
  const { definition } = plan;
  const rows = joinedRows(plan, resolved);
  let document: object;
  try {
    if (definition.filter !== undefined && !definition.filter(rows)) return null;
    document = definition.project(rows);
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `filter or project of document ${definition.type} failed`);
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document;
  throw new SluiceError('PROJECTION_FAILED', `project of document ${definition.type} gave no object.`);
}

/**
 * The document id of a root key. `id` is given the key columns only, because of a deleted row nothing else is left.
 * @throws CATALOG_ID_UNSTABLE when it reads another column, PROJECTION_FAILED when it fails or gives no usable text
 */
export function documentId(definition: DocumentDefinition, key: Row): string {
  const guarded = new Proxy(key, {
    get(target, column, receiver) {
      if (typeof column === 'string' && !(column in target))
        throw new SluiceError(
          'CATALOG_ID_UNSTABLE',
          `id of document ${definition.type} reads ${column}; the key of ${definition.root} is ${Object.keys(target).join(', ')}.`,
        );
      return Reflect.get(target, column, receiver) as unknown;
    },
  });
  let id: string;
  try {
    id = definition.id(guarded);
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `id of document ${definition.type} failed`);
  }
  // Elasticsearch takes at most 512 bytes and refuses the whole bulk request for one longer id.
  if (typeof id === 'string' && id !== '' && Buffer.byteLength(id) <= 512) return id;
  throw new SluiceError('PROJECTION_FAILED', `id of document ${definition.type} gave no text of 1 to 512 bytes.`);
}
