import type { Elastic } from './elastic.ts';

/** A document that searches see. */
export interface VisibleId {
  readonly id: string;
  /** Key of its root row as the document says; null when it says none. */
  readonly rootKey: string | null;
}

export interface VisibleHit<Source> {
  readonly _id: string;
  readonly _source: Source;
}

interface Page<Source> {
  readonly pit_id: string;
  readonly hits: { readonly hits: readonly (VisibleHit<Source> & { readonly sort: unknown[] })[] };
}

/** The ids alone are short. */
const PAGE_IDS = 5000;
const KEEP_ALIVE = '2m';

/** The ids of every visible document of an index, at one point in time, a page at a time. See {@link scanVisible}. */
export async function* scanIds(elastic: Elastic, index: string): AsyncGenerator<readonly VisibleId[]> {
  const fields = { size: PAGE_IDS, _source: ['sluice.key'] };
  for await (const hits of scanVisible<{ readonly sluice?: { readonly key?: unknown } } | undefined>(
    elastic,
    index,
    fields,
  ))
    yield hits.map(({ _id, _source }) => ({ id: _id, rootKey: keyOf(_source?.sluice?.key) }));
}

/**
 * Every visible document of an index or alias, at one point in time, `size` a page, with all its fields or those named by `_source`. Refreshes
 * the index first, so that whatever was written before the call is among them.
 */
export async function* scanVisible<Source>(
  elastic: Elastic,
  index: string,
  page: { readonly size: number; readonly _source?: readonly string[] },
): AsyncGenerator<readonly VisibleHit<Source>[]> {
  await elastic.request('POST', `/${index}/_refresh`);
  let pit = (await elastic.request<{ id: string }>('POST', `/${index}/_pit?keep_alive=${KEEP_ALIVE}`)).id;
  try {
    let after: unknown[] | undefined;
    for (;;) {
      const { pit_id, hits }: Page<Source> = await elastic.request<Page<Source>>('POST', '/_search', {
        ...page,
        pit: { id: pit, keep_alive: KEEP_ALIVE },
        // A document that is not ours has no such field: searches do not see it by the alias' filter, but it is there.
        query: { bool: { must_not: { term: { deleted: true } } } },
        sort: [{ _shard_doc: 'asc' }],
        track_total_hits: false,
        ...(after === undefined ? {} : { search_after: after }),
      });
      pit = pit_id;
      yield hits.hits;
      after = hits.hits.at(-1)?.sort;
      if (hits.hits.length < page.size) return;
    }
  } finally {
    await elastic.request('DELETE', '/_pit', { id: pit });
  }
}

const keyOf = (key: unknown): string | null => (typeof key === 'string' ? key : null);
