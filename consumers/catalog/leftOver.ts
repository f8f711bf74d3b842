import type { MarkBatch } from '#consumers/rows/marks.ts';
import type { Elastic } from './elastic.ts';

const PAGE_DOCUMENTS = 1000;
const KEEP_ALIVE = '1m';

interface Page {
  readonly pit_id: string;
  readonly hits: {
    readonly hits: readonly {
      readonly _source: { readonly sluice?: { readonly key?: string } };
      readonly sort: unknown[];
    }[];
  };
}

/**
 * Marks every document that is older than the fill of its index: it was in the index before (a restored one), and the row store does not
 * know its row any more. The group then hides it, or builds it if its row came back. Gives how many.
 */
export async function markLeftOver(
  elastic: Elastic,
  index: string,
  belowVersion: number,
  documentType: string,
  marks: MarkBatch,
): Promise<number> {
  await elastic.request('POST', `/${index}/_refresh`);
  let { id: pit } = await elastic.request<{ id: string }>('POST', `/${index}/_pit?keep_alive=${KEEP_ALIVE}`);
  let after: unknown[] | undefined;
  let left = 0;
  for (;;) {
    const page: Page = await elastic.request<Page>('POST', '/_search', {
      size: PAGE_DOCUMENTS,
      pit: { id: pit, keep_alive: KEEP_ALIVE },
      query: { range: { 'sluice.version': { lt: belowVersion } } },
      _source: ['sluice.key'],
      sort: [{ _shard_doc: 'asc' }],
      track_total_hits: false,
      ...(after === undefined ? {} : { search_after: after }),
    });
    pit = page.pit_id;
    for (const { _source } of page.hits.hits) {
      if (_source.sluice?.key === undefined) continue;
      await marks.add(documentType, _source.sluice.key, null);
      left += 1;
    }
    after = page.hits.hits.at(-1)?.sort;
    if (page.hits.hits.length < PAGE_DOCUMENTS) break;
  }
  await elastic.request('DELETE', '/_pit', { id: pit });
  return left;
}
