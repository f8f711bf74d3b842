import type { Elastic } from './elastic.ts';

/** A document that searches see. */
export interface VisibleId {
  readonly id: string;
  /** Key of its root row as the document says; null when it says none. */
  readonly rootKey: string | null;
}

interface Page {
  readonly pit_id: string;
  readonly hits: {
    readonly hits: readonly {
      readonly _id: string;
      readonly _source?: { readonly sluice?: { readonly key?: unknown } };
      readonly sort: unknown[];
    }[];
  };
}

const PAGE_DOCUMENTS = 5000;
const KEEP_ALIVE = '2m';

/**
 * The ids of every visible document of an index, at one point in time, a page at a time. Refreshes the index first, so that whatever was
 * written before the call is among them.
 */
export async function* scanIds(elastic: Elastic, index: string): AsyncGenerator<readonly VisibleId[]> {
  await elastic.request('POST', `/${index}/_refresh`);
  let pit = (await elastic.request<{ id: string }>('POST', `/${index}/_pit?keep_alive=${KEEP_ALIVE}`)).id;
  try {
    let after: unknown[] | undefined;
    for (;;) {
      const page: Page = await elastic.request<Page>('POST', '/_search', {
        size: PAGE_DOCUMENTS,
        pit: { id: pit, keep_alive: KEEP_ALIVE },
        // A document that is not ours has no such field: searches do not see it by the alias' filter, but it is there.
        query: { bool: { must_not: { term: { deleted: true } } } },
        _source: ['sluice.key'],
        sort: [{ _shard_doc: 'asc' }],
        track_total_hits: false,
        ...(after === undefined ? {} : { search_after: after }),
      });
      pit = page.pit_id;
      yield page.hits.hits.map(({ _id, _source }) => ({ id: _id, rootKey: keyOf(_source?.sluice?.key) }));
      after = page.hits.hits.at(-1)?.sort;
      if (page.hits.hits.length < PAGE_DOCUMENTS) return;
    }
  } finally {
    await elastic.request('DELETE', '/_pit', { id: pit });
  }
}

const keyOf = (key: unknown): string | null => (typeof key === 'string' ? key : null);
