import { SluiceError } from '#infra/runtime/errors.ts';

/** One document to be written. */
export interface BulkItem<T> {
  /** What the caller knows it by. */
  readonly tag: T;
  readonly id: string;
  /** Below 2^53. */
  readonly version: number;
  /** JSON text of one line. */
  readonly source: string;
}

export interface BulkOutcome<T> {
  /** Written now. */
  readonly written: number;
  /** The index already held this version or a newer one. */
  readonly superseded: number;
  /** Never acceptable as they are. */
  readonly refused: readonly { readonly tag: T; readonly error: SluiceError }[];
}

interface ItemAnswer {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason: string };
}

/** What is left of the answer by `filter_path`. */
export interface BulkAnswer {
  readonly items: readonly { readonly index: ItemAnswer }[];
}

export function bulkBody<T>(items: readonly BulkItem<T>[]): string {
  let text = '';
  for (const { id, version, source } of items)
    text += `{"index":{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external"}}\n${source}\n`;
  return text;
}

/** What became of the documents. */
export class Tally<T> implements BulkOutcome<T> {
  written = 0;
  superseded = 0;
  readonly refused: { tag: T; error: SluiceError }[] = [];

  /**
   * Counts one answer; false when the document must be sent again.
   * @throws SEARCH_INDEX_GONE, ELASTICSEARCH_UNREACHABLE when it takes no writes
   */
  settle(item: BulkItem<T>, { status, error }: ItemAnswer): boolean {
    if (status === 200 || status === 201) this.written += 1;
    else if (status === 409) this.superseded += 1;
    else if (status === 429 || status >= 500) return false;
    else if (status === 404)
      throw new SluiceError('SEARCH_INDEX_GONE', 'The search index is gone: its write alias does not exist.');
    else if (status === 403 || error?.type === 'index_closed_exception')
      throw new SluiceError(
        'ELASTICSEARCH_UNREACHABLE',
        `Elasticsearch cannot write to the index: ${error?.type ?? status}.`,
      );
    else
      this.refused.push({ tag: item.tag, error: refusal(item.id, error?.type ?? String(status), error?.reason ?? '') });
    return true;
  }
}

export function refusal(id: string, type: string, reason: string): SluiceError {
  // The reason may quote the value that did not fit; a field name is what helps.
  const field = /field \[[^\]]{1,100}\]/u.exec(reason)?.[0] ?? '';
  return new SluiceError('DOCUMENT_REFUSED', `Elasticsearch refused document ${id}: ${type} ${field}`.trimEnd(), {
    context: { documentId: id, reason: type },
  });
}
