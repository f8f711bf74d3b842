import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import { type Elastic, isRefusedContent, refusedStatus } from './elastic.ts';

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

export interface BulkOptions {
  readonly elastic: Elastic;
  /** Alias of the index; it must exist. */
  readonly alias: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Most documents of one request. Default 500: 2 of them in flight reached 95 % of the best rate measured, at a quarter of its latency. */
  readonly maxItems?: number;
  /** Most bytes of one request. Default 4 MiB. */
  readonly maxBytes?: number;
}

export interface BulkOutcome<T> {
  /** Written now. */
  readonly written: number;
  /** The index already held this version or a newer one. */
  readonly superseded: number;
  /** Never acceptable as they are. */
  readonly refused: readonly { readonly tag: T; readonly error: SluiceError }[];
}

const IN_FLIGHT = 2;

interface Tally<T> {
  written: number;
  superseded: number;
  refused: { tag: T; error: SluiceError }[];
}

/**
 * Writes documents with external versions: the highest version of an id stays, whatever the order of arrival. Overload and outages are
 * waited out, an oversized request is halved, one bad document does not hold up the others.
 * @throws ELASTICSEARCH_UNREACHABLE after about half a minute without success; everything may then be written again
 */
export async function bulkWrite<T>(items: readonly BulkItem<T>[], options: BulkOptions): Promise<BulkOutcome<T>> {
  const requests = cut(items, options.maxItems ?? 500, options.maxBytes ?? 4 << 20);
  const tally: Tally<T> = { written: 0, superseded: 0, refused: [] };
  const worker = async (): Promise<void> => {
    for (let next = requests.shift(); next !== undefined; next = requests.shift()) await writeAll(next, options, tally);
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, requests.length) }, worker));
  return tally;
}

function cut<T>(items: readonly BulkItem<T>[], maxItems: number, maxBytes: number): BulkItem<T>[][] {
  const requests: BulkItem<T>[][] = [];
  let current: BulkItem<T>[] = [];
  let bytes = 0;
  for (const item of items) {
    if (current.length > 0 && (current.length >= maxItems || bytes + item.source.length > maxBytes)) {
      requests.push(current);
      current = [];
      bytes = 0;
    }
    current.push(item);
    bytes += item.source.length;
  }
  if (current.length > 0) requests.push(current);
  return requests;
}

/** Items answered 429 or 503 are tried again until none is left; the others are settled at once. */
async function writeAll<T>(items: readonly BulkItem<T>[], options: BulkOptions, tally: Tally<T>): Promise<void> {
  let waiting = items;
  await retry(
    async () => {
      waiting = await writeOnce(waiting, options, tally);
      if (waiting.length > 0)
        throw new SluiceError('ELASTICSEARCH_UNREACHABLE', `Elasticsearch put off ${waiting.length} documents.`);
    },
    {
      attempts: 8,
      baseMs: 100,
      maxMs: 5000,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
    },
  );
}

interface BulkAnswer {
  readonly items: readonly {
    readonly index: { readonly status: number; readonly error?: { readonly type: string; readonly reason: string } };
  }[];
}

/** Gives the items that must be tried again. A request refused as a whole is halved until the guilty document stands alone. */
async function writeOnce<T>(
  items: readonly BulkItem<T>[],
  options: BulkOptions,
  tally: Tally<T>,
): Promise<readonly BulkItem<T>[]> {
  let answer: BulkAnswer;
  try {
    answer = await options.elastic.request<BulkAnswer>(
      'POST',
      `/${options.alias}/_bulk?require_alias=true&filter_path=items.*.status,items.*.error`,
      body(items),
    );
  } catch (error) {
    if (!isRefusedContent(error)) throw error;
    if (items.length === 1) {
      tally.refused.push({
        tag: items[0]!.tag,
        error: refusal(items[0]!.id, String(refusedStatus(error)), 'the request was refused'),
      });
      return [];
    }
    const half = items.length >> 1;
    return [
      ...(await writeOnce(items.slice(0, half), options, tally)),
      ...(await writeOnce(items.slice(half), options, tally)),
    ];
  }
  return items.filter((item, place) => !settled(item, answer.items[place]!.index, tally));
}

function settled<T>(
  item: BulkItem<T>,
  { status, error }: BulkAnswer['items'][number]['index'],
  tally: Tally<T>,
): boolean {
  if (status === 200 || status === 201) tally.written += 1;
  else if (status === 409) tally.superseded += 1;
  else if (status === 429 || status >= 500) return false;
  else if (status === 404)
    throw new SluiceError('ELASTICSEARCH_REFUSED', 'The search index is gone: its write alias does not exist.', {
      hint: 'Start the consumers again: they make a new index and fill it from the row store.',
    });
  else if (status === 403 || error?.type === 'index_closed_exception')
    throw new SluiceError(
      'ELASTICSEARCH_UNREACHABLE',
      `Elasticsearch cannot write to the index: ${error?.type ?? status}.`,
    );
  else
    tally.refused.push({ tag: item.tag, error: refusal(item.id, error?.type ?? String(status), error?.reason ?? '') });
  return true;
}

function refusal(id: string, type: string, reason: string): SluiceError {
  // The reason may quote the value that did not fit; a field name is what helps.
  const field = /field \[[^\]]{1,100}\]/u.exec(reason)?.[0] ?? '';
  return new SluiceError('DOCUMENT_REFUSED', `Elasticsearch refused document ${id}: ${type} ${field}`.trimEnd(), {
    context: { documentId: id, reason: type },
  });
}

function body<T>(items: readonly BulkItem<T>[]): string {
  let text = '';
  for (const { id, version, source } of items)
    text += `{"index":{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external"}}\n${source}\n`;
  return text;
}
