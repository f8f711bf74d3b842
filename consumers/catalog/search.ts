import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { createElastic, refusedStatus } from './elastic.ts';
import { parseSearch, parseSuggestions, type SearchAnswer, toDocument } from './searchAnswer.ts';
import { aliasName } from './searchIndex.ts';
import { buildSearch, buildSuggest, checkedText } from './searchRequest.ts';
import type { CatalogSearch, CatalogSearchOptions, SearchParams } from './searchTypes.ts';

const DEFAULT_SUGGESTIONS = 8;

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
  return {
    async search(params: SearchParams) {
      const answer = await elastic.request<SearchAnswer>('POST', `/${alias}/_search`, buildSearch(definition, params));
      return parseSearch<Doc>(definition, params, answer);
    },
    async suggest(q, limit = DEFAULT_SUGGESTIONS) {
      const request = buildSuggest(definition, q, limit);
      if (checkedText(q) === '') return [];
      const answer = await elastic.request<SearchAnswer>('POST', `/${alias}/_search`, request);
      return parseSuggestions(definition, answer);
    },
    async get(id) {
      if (id === '' || Buffer.byteLength(id) > 512) return null;
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
    },
    close: () => elastic.close(),
  };
}
