import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { createElastic, type Elastic } from './elastic.ts';
import { toDocument } from './searchAnswer.ts';
import { aliasName } from './searchIndex.ts';

export interface ScannedDocument {
  readonly id: string;
  readonly document: object;
}

interface Page {
  readonly pit_id: string;
  readonly hits: {
    readonly hits: readonly {
      readonly _id: string;
      readonly _source: Record<string, unknown>;
      readonly sort: unknown[];
    }[];
  };
}

const PAGE_DOCUMENTS = 1000;
const KEEP_ALIVE = '1m';

/**
 * Every visible document of a type, at one point in time, a page at a time. Refreshes the index first, so that whatever was written before
 * the call is among them.
 */
export async function* scanDocuments(
  definition: DocumentDefinition,
  options: { readonly url: string; readonly indexPrefix: string },
): AsyncGenerator<ScannedDocument> {
  const elastic = createElastic(options);
  const alias = aliasName(options.indexPrefix, definition.type);
  try {
    await elastic.request('POST', `/${alias}/_refresh`);
    const opened = await elastic.request<{ id: string }>('POST', `/${alias}/_pit?keep_alive=${KEEP_ALIVE}`);
    yield* pages(elastic, opened.id);
  } finally {
    await elastic.close();
  }
}

async function* pages(elastic: Elastic, firstPit: string): AsyncGenerator<ScannedDocument> {
  let pit = firstPit;
  let after: unknown[] | undefined;
  for (;;) {
    const page: Page = await elastic.request<Page>('POST', '/_search', {
      size: PAGE_DOCUMENTS,
      pit: { id: pit, keep_alive: KEEP_ALIVE },
      query: { term: { deleted: false } },
      sort: [{ _shard_doc: 'asc' }],
      track_total_hits: false,
      ...(after === undefined ? {} : { search_after: after }),
    });
    pit = page.pit_id;
    for (const { _id, _source } of page.hits.hits) yield { id: _id, document: toDocument<object>(_source) };
    after = page.hits.hits.at(-1)?.sort;
    if (page.hits.hits.length < PAGE_DOCUMENTS) break;
  }
  await elastic.request('DELETE', '/_pit', { id: pit });
}
