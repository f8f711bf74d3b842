import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type Elastic, refusedStatus } from './elastic.ts';

/** Alias the storefront reads: only documents that are not deleted. */
export function aliasName(indexPrefix: string, documentType: string): string {
  return `${indexPrefix}${documentType}`;
}

/** Indexes of one version of a definition are numbered, so that one can be built beside the other. */
export function indexName(indexPrefix: string, definition: DocumentDefinition, number: number): string {
  return `${indexPrefix}${definition.type}-v${definition.version}-${number}`;
}

/**
 * Fields of ours in every document. `deleted` documents stay in the index, because Elasticsearch forgets the version of a deleted id (after
 * index.gc_deletes, or a restart) and would then take an older write for a new document.
 */
const OWN_FIELDS = {
  deleted: { type: 'boolean' },
  sluice: {
    properties: {
      id: { type: 'keyword' },
      version: { type: 'long' },
      sourceTsMs: { type: 'long', index: false },
    },
  },
};

/**
 * Name the documents are written under. It is an alias of its own for each index, because Elasticsearch would make a missing index by
 * itself, without our mapping, when a document is written to its name; an alias that must exist it never makes.
 */
export function writeAlias(index: string): string {
  return `${index}.write`;
}

export interface SearchIndex {
  /** The concrete index. */
  readonly index: string;
  readonly alias: string;
  /** True when it was made by this call: it holds no document yet. */
  readonly created: boolean;
}

/**
 * Finds the index of this version of the definition, or makes it and points the alias at it.
 * @throws ELASTICSEARCH_REFUSED when mapping or settings are not acceptable
 */
export async function openSearchIndex(
  elastic: Elastic,
  indexPrefix: string,
  definition: DocumentDefinition,
  log: Logger,
): Promise<SearchIndex> {
  const alias = aliasName(indexPrefix, definition.type);
  const behind = await indexesBehind(elastic, alias);
  const wanted = indexName(indexPrefix, definition, 0).slice(0, -1);
  const current = behind.find((name) => name.startsWith(wanted) && /^\d+$/u.test(name.slice(wanted.length)));
  if (current !== undefined) return { index: current, alias, created: false };
  const index = indexName(indexPrefix, definition, 1);
  const created = await createIndex(elastic, index, definition);
  await elastic.request('POST', '/_aliases', {
    actions: [
      ...behind.map((old) => ({ remove: { index: old, alias } })),
      { add: { index, alias, filter: { term: { deleted: false } } } },
    ],
  });
  log.info({ event: 'search_index_opened', index, alias, created, replaced: behind.join(',') });
  return { index, alias, created };
}

async function indexesBehind(elastic: Elastic, alias: string): Promise<string[]> {
  try {
    return Object.keys(await elastic.request<Record<string, unknown>>('GET', `/_alias/${alias}`));
  } catch (error) {
    if (refusedStatus(error) === 404) return [];
    throw error;
  }
}

async function createIndex(elastic: Elastic, index: string, definition: DocumentDefinition): Promise<boolean> {
  const { type, version, mapping, settings } = definition;
  try {
    await elastic.request('PUT', `/${index}`, {
      settings: { number_of_shards: 1, auto_expand_replicas: '0-1', refresh_interval: '30s', ...settings },
      aliases: { [writeAlias(index)]: {} },
      mappings: {
        dynamic: false,
        _meta: { sluice: { type, version } },
        properties: { ...mapping, ...OWN_FIELDS },
      },
    });
    return true;
  } catch (error) {
    // Two consumers may start at once; the one that comes second finds it there.
    if (refusedStatus(error) === 400 && (await exists(elastic, index))) return false;
    throw error;
  }
}

async function exists(elastic: Elastic, index: string): Promise<boolean> {
  try {
    await elastic.request('GET', `/${index}/_settings`);
    return true;
  } catch (error) {
    if (refusedStatus(error) === 404) return false;
    throw error;
  }
}

/** Highest version stored in the index, searchable or not; 0 when it is empty. */
export async function highestVersion(elastic: Elastic, index: string): Promise<number> {
  await elastic.request('POST', `/${index}/_refresh`);
  const answer = await elastic.request<{ aggregations: { highest: { value: number | null } } }>(
    'POST',
    `/${index}/_search`,
    { size: 0, aggs: { highest: { max: { field: 'sluice.version' } } } },
  );
  return answer.aggregations.highest.value ?? 0;
}
