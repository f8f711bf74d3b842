import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import { definitionFingerprint } from './fingerprint.ts';

/** Alias the storefront reads: only documents that are not deleted. */
export function aliasName(indexPrefix: string, documentType: string): string {
  return `${indexPrefix}${documentType}`;
}

/** Indexes of one version of a definition are numbered, so that one can be built beside the other. */
export function indexName(
  indexPrefix: string,
  { type, version }: Pick<DocumentDefinition, 'type' | 'version'>,
  number: number,
): string {
  return `${indexPrefix}${type}-v${version}-${number}`;
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
      key: { type: 'keyword', index: false, doc_values: false },
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

/** What the mapping of an index of ours remembers; times are ISO 8601. */
export interface IndexMemory {
  readonly type: string;
  readonly version: number;
  /** When every row of the row store had been built into it once; null while it is being filled. */
  readonly filledAt: string | null;
  /** When searches were taken away from it. */
  readonly retiredAt: string | null;
  /** Of the definition its documents are built by; null in indexes of before. */
  readonly fingerprint: string | null;
  /** Of the index this was said of; missing as long as nothing was. */
  readonly uuid?: string;
}

/** An index of one document type. */
export interface IndexInfo extends IndexMemory {
  readonly index: string;
  readonly number: number;
  /** Elasticsearch's own name for it, which no other index ever has. */
  readonly uuid: string;
  /** Searches go to it. */
  readonly live: boolean;
  /** It takes no writes: searches are being sent elsewhere, or somebody wants it so. */
  readonly frozen: boolean;
}

/** The indexes of a type, whatever their version: oldest version first. */
export async function listIndexes(elastic: Elastic, indexPrefix: string, type: string): Promise<IndexInfo[]> {
  const alias = aliasName(indexPrefix, type);
  const indexes = await foundBy<Described>(elastic, `/${alias}-v*`);
  const infos: IndexInfo[] = [];
  for (const [index, { mappings: mapping, aliases, settings }] of Object.entries(indexes)) {
    const name = /^(\d+)-(\d+)$/u.exec(index.slice(`${alias}-v`.length));
    if (name === null) continue;
    const memory = mapping._meta?.sluice ?? {};
    const { retiredAt = null, fingerprint = null } = memory;
    infos.push({
      index,
      type,
      version: Number(name[1]),
      number: Number(name[2]),
      uuid: settings.index.uuid,
      live: alias in aliases,
      frozen: settings.index.blocks?.write === 'true',
      filledAt: filledAtOf(memory, settings.index.uuid),
      retiredAt,
      fingerprint,
    });
  }
  return infos.sort((a, b) => a.version - b.version || a.number - b.number);
}

/** Only what was said of this very index counts: one that was made anew or restored under its name has another uuid. */
export function filledAtOf({ filledAt = null, uuid }: Partial<IndexMemory>, actualUuid: string): string | null {
  return uuid === undefined || uuid === actualUuid ? filledAt : null;
}

interface Described {
  readonly mappings: { readonly _meta?: { readonly sluice?: Partial<IndexMemory> } };
  readonly aliases: Readonly<Record<string, unknown>>;
  readonly settings: { readonly index: { readonly uuid: string; readonly blocks?: { readonly write?: string } } };
}

/** The answer by index; none when nothing has the name. */
async function foundBy<T>(elastic: Elastic, path: string): Promise<Record<string, T>> {
  try {
    return await elastic.request<Record<string, T>>('GET', path);
  } catch (error) {
    if (refusedStatus(error) === 404) return {};
    throw error;
  }
}

/**
 * Keeps what an index shall remember, beside what it remembers already.
 * @throws SEARCH_INDEX_GONE when it is gone, or another one has its name
 */
export async function remember(
  elastic: Elastic,
  { index, uuid, type, version }: Pick<IndexInfo, 'index' | 'uuid' | 'type' | 'version'>,
  changes: Partial<Pick<IndexMemory, 'filledAt' | 'retiredAt' | 'fingerprint'>>,
): Promise<void> {
  const found = (await foundBy<Described>(elastic, `/${index}`))[index];
  if (found === undefined || found.settings.index.uuid !== uuid)
    throw new SluiceError('SEARCH_INDEX_GONE', `Index ${index} is not the one any more that it was.`);
  const memory = found.mappings._meta?.sluice ?? {};
  const { retiredAt = null, fingerprint = null } = memory;
  const known = { filledAt: filledAtOf(memory, uuid), retiredAt, fingerprint };
  const sluice: IndexMemory = { type, version, ...known, ...changes, uuid };
  await elastic.request('PUT', `/${index}/_mapping`, { _meta: { sluice } });
}

/**
 * The index of this version of the definition: the one searches go to, else the newest, else a new one. With `searchAtOnce` searches go to it
 * where they go nowhere yet (the first index of a type); a later one gets them only by `swapIndex`.
 * @throws ELASTICSEARCH_REFUSED when mapping or settings are not acceptable
 */
export async function openSearchIndex(
  elastic: Elastic,
  indexPrefix: string,
  definition: DocumentDefinition,
  log: Logger,
  searchAtOnce = true,
): Promise<IndexInfo> {
  const { type, version } = definition;
  const find = async (): Promise<{ readonly all: IndexInfo[]; readonly mine: IndexInfo | undefined }> => {
    const all = await listIndexes(elastic, indexPrefix, type);
    const mine = all.filter((info) => info.version === version);
    return { all, mine: mine.find(({ live }) => live) ?? mine.at(-1) };
  };
  let found = await find();
  if (found.mine === undefined) {
    const index = indexName(indexPrefix, definition, 1);
    const created = await createIndex(elastic, index, definition);
    log.info({ event: 'search_index_opened', index, created });
    found = await find();
  }
  const { all, mine } = found;
  if (mine === undefined) throw new SluiceError('SEARCH_INDEX_GONE', `The index of ${type} went away at once.`);
  if (!searchAtOnce || all.some(({ live }) => live)) return mine;
  await pointAlias(elastic, indexPrefix, type, mine.index);
  return { ...mine, live: true };
}

/** Moves the alias that searches use, in one step, from wherever it is by then, together with other changes of aliases. */
export async function pointAlias(
  elastic: Elastic,
  indexPrefix: string,
  type: string,
  index: string,
  others: readonly object[] = [],
): Promise<void> {
  const alias = aliasName(indexPrefix, type);
  await elastic.request('POST', '/_aliases', {
    actions: [
      ...others,
      // Two that move it at the same time would else leave it on both.
      { remove: { index: `${alias}-v*`, alias, must_exist: false } },
      { add: { index, alias, filter: { term: { deleted: false } } } },
    ],
  });
}

async function createIndex(elastic: Elastic, index: string, definition: DocumentDefinition): Promise<boolean> {
  const { type, version, mapping, settings } = definition;
  const fingerprint = definitionFingerprint(definition);
  try {
    await elastic.request('PUT', `/${index}`, {
      settings: { number_of_shards: 1, auto_expand_replicas: '0-1', refresh_interval: '30s', ...settings },
      aliases: { [writeAlias(index)]: {} },
      mappings: {
        dynamic: false,
        _meta: { sluice: { type, version, filledAt: null, retiredAt: null, fingerprint } },
        properties: { ...mapping, ...OWN_FIELDS },
      },
    });
    return true;
  } catch (error) {
    // Two consumers may start at once; the one that comes second finds it there.
    if (refusedStatus(error) === 400 && reasonOf(error).startsWith('resource_already_exists_exception')) return false;
    throw error;
  }
}

const reasonOf = (error: unknown): string => (error instanceof SluiceError ? String(error.context['reason']) : '');

/** Documents searches would see in the index, as of its last refresh. */
export async function visibleDocuments(elastic: Elastic, index: string): Promise<number> {
  const query = { query: { term: { deleted: false } } };
  return (await elastic.request<{ count: number }>('POST', `/${index}/_count`, query)).count;
}

/** Highest version stored in the index (or all that a pattern names), searchable or not; 0 when there is none. */
export async function highestVersion(elastic: Elastic, index: string): Promise<number> {
  await elastic.request('POST', `/${index}/_refresh`);
  return highestSearchable(elastic, index);
}

/** The same as of the last refresh. @throws ELASTICSEARCH_UNREACHABLE when a shard does not answer */
export async function highestSearchable(elastic: Elastic, index: string): Promise<number> {
  const answer = await elastic.request<{ aggregations?: { highest: { value: number | null } } }>(
    'POST',
    `/${index}/_search?allow_partial_search_results=false`,
    { size: 0, aggs: { highest: { max: { field: 'sluice.version' } } } },
  );
  return answer.aggregations?.highest.value ?? 0;
}
