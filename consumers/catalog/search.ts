import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { createElastic, type Elastic, refusedStatus } from './elastic.ts';
import { parseSearch, type SearchAnswer, type SearchPage, toDocument } from './searchAnswer.ts';
import { aliasName } from './searchIndex.ts';
import { checkedText, searchOf } from './searchRefusal.ts';
import { buildDiagnosis, correctedText, type DiagnosisAnswer, type Relaxation, relaxations } from './searchRelax.ts';
import { buildSearch, type CheckedSearch, checkSearch } from './searchRequest.ts';
import type {
  CatalogSearch,
  CatalogSearchOptions,
  SearchItem,
  SearchParams,
  SearchResult,
  Suggestions,
} from './searchTypes.ts';
import { buildSuggest, parseSuggestions, type SuggestAnswer } from './suggest.ts';

const DEFAULT_SUGGESTIONS = 8;
/** How many popular documents are offered when nothing matches. */
const INSTEAD = 8;

/**
 * The query side of one document type. Rejects with SEARCH_REQUEST_INVALID, ELASTICSEARCH_UNREACHABLE, or ELASTICSEARCH_REFUSED (status
 * 404: there is no index yet).
 */
export function createCatalogSearch<Doc extends object>(
  definition: DocumentDefinition<Doc>,
  options: CatalogSearchOptions,
): CatalogSearch<Doc> {
  const elastic = createElastic({ url: options.url, requestTimeoutMs: options.requestTimeoutMs ?? 5000 });
  const alias = aliasName(options.indexPrefix, definition.type);
  const ask = <T>(body: object): Promise<T> => elastic.request<T>('POST', `/${alias}/_search`, body);
  return {
    search: (params) => searchFor<Doc>(definition, ask, params),
    suggest: (q, limit = DEFAULT_SUGGESTIONS) => suggestFor(definition, ask, q, limit),
    get: (id) => readDocument<Doc>(elastic, alias, id),
    close: () => elastic.close(),
  };
}

type Ask = <T>(body: object) => Promise<T>;

/** At most five requests: all words, what is wrong, and up to three ways to put it right. */
async function searchFor<Doc extends object>(
  definition: DocumentDefinition,
  ask: Ask,
  params: SearchParams,
): Promise<SearchResult<Doc>> {
  const checked = checkSearch(definition, params);
  const page = async (relaxation: Relaxation | null): Promise<SearchPage<Doc>> =>
    parseSearch<Doc>(
      definition,
      checked,
      relaxation,
      await ask<SearchAnswer>(buildSearch(definition, checked, relaxation)),
    );

  const first = checked.cursor?.relaxation ?? null;
  const found = await page(first);
  if (found.matched > 0 || checked.plan.slots.length === 0 || checked.cursor !== null)
    return result(checked, found, first, []);
  const diagnosis = await ask<DiagnosisAnswer>(buildDiagnosis(definition, checked.plan));
  const ways = relaxations(checked.plan, diagnosis);
  for (const relaxation of ways) {
    const more = await page(relaxation);
    if (more.matched > 0) return result(checked, more, relaxation, []);
  }
  return { ...result(checked, found, ways[0] ?? null, await popular<Doc>(definition, ask)), ...NOTHING };
}

const NOTHING = { relaxed: { step: 'nothing', optionalWords: [] } } as const;

function result<Doc extends object>(
  { plan }: CheckedSearch,
  page: SearchPage<Doc>,
  relaxation: Relaxation | null,
  instead: readonly SearchItem<Doc>[],
): SearchResult<Doc> {
  const fewer = relaxation !== null && (relaxation.least !== null || relaxation.dropped.length > 0);
  return {
    ...page,
    relaxed:
      relaxation === null
        ? null
        : {
            step: fewer ? 'fewerWords' : 'spelling',
            optionalWords: relaxation.dropped.flatMap((at) => plan.slots[at]?.text ?? []),
          },
    didYouMean: relaxation === null ? null : correctedText(plan, relaxation),
    ignoredWords: plan.ignored,
    instead,
  };
}

async function popular<Doc extends object>(
  definition: DocumentDefinition,
  ask: Ask,
): Promise<readonly SearchItem<Doc>[]> {
  const { popular: sort } = searchOf(definition);
  const checked = checkSearch(definition, { limit: INSTEAD, facets: [], ...(sort === undefined ? {} : { sort }) });
  return parseSearch<Doc>(definition, checked, null, await ask<SearchAnswer>(buildSearch(definition, checked, null)))
    .items;
}

async function suggestFor(definition: DocumentDefinition, ask: Ask, q: string, limit: number): Promise<Suggestions> {
  const text = checkedText(q);
  const attempt = async (slips: boolean): Promise<Suggestions> => {
    const request = buildSuggest(definition, text, limit, slips);
    if (text === '') return { products: [], completions: [], values: [], corrected: false };
    return parseSuggestions(definition, text, limit, slips, await ask<SuggestAnswer>(request));
  };
  const found = await attempt(false);
  return found.products.length > 0 ? found : attempt(true);
}

async function readDocument<Doc extends object>(
  elastic: Elastic,
  alias: string,
  id: string,
): Promise<{ readonly id: string; readonly version: number; readonly document: Doc } | null> {
  if (id === '' || Buffer.byteLength(id) > 512 || !id.isWellFormed()) return null;
  try {
    const { _source, _version } = await elastic.request<{ _source: Record<string, unknown>; _version: number }>(
      'GET',
      `/${alias}/_doc/${encodeURIComponent(id)}`,
    );
    // Reading by id does not pass the alias' filter.
    return _source['deleted'] === true ? null : { id, version: _version, document: toDocument<Doc>(_source) };
  } catch (error) {
    if (refusedStatus(error) === 404) return null;
    throw error;
  }
}
