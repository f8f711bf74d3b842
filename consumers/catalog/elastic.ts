import { Client, errors } from '@elastic/elasticsearch';
import { SluiceError } from '#infra/runtime/errors.ts';

/** The part of Elasticsearch's HTTP interface the catalogue needs. Bodies are JSON values, or text that is JSON lines already. */
export interface Elastic {
  /** @throws ELASTICSEARCH_UNREACHABLE (retriable), ELASTICSEARCH_REFUSED with the status in its context */
  request<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object | string): Promise<T>;
  close(): Promise<void>;
}

/** Statuses that pass by themselves: too many requests, bad gateway, unavailable, gateway time-out. */
const PASSING_STATUS = new Set([429, 502, 503, 504]);

export function createElastic(options: { readonly url: string; readonly requestTimeoutMs?: number }): Elastic {
  const client = new Client({ node: options.url, maxRetries: 0, requestTimeout: options.requestTimeoutMs ?? 30_000 });
  return {
    async request<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object | string): Promise<T> {
      const payload = typeof body === 'string' ? { bulkBody: body } : body === undefined ? {} : { body };
      try {
        return (await client.transport.request({ method, path, ...payload })) as T;
      } catch (error) {
        throw toElasticError(error, `${method} ${path.split('?')[0]}`);
      }
    },
    close: () => client.close(),
  };
}

/** The library's error holds the whole request body; only status and reason are kept. */
function toElasticError(error: unknown, what: string): SluiceError {
  if (error instanceof errors.ResponseError) {
    const status = error.statusCode ?? 0;
    const reason = reasonOf(error.body);
    const context = { status, reason };
    // A closed index is opened again by whoever closed it: no answer of ours may call that an internal fault.
    if (PASSING_STATUS.has(status) || reason.startsWith('index_closed_exception'))
      return new SluiceError('ELASTICSEARCH_UNREACHABLE', `Elasticsearch is not ready: ${what} answered ${status}.`, {
        context,
      });
    if (status === 404 && reason.startsWith('index_not_found_exception'))
      return new SluiceError('SEARCH_INDEX_GONE', `There is no index for ${what}.`, { context });
    return new SluiceError('ELASTICSEARCH_REFUSED', `Elasticsearch answered ${status} to ${what}: ${reason}`, {
      context,
    });
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SluiceError(
    'ELASTICSEARCH_UNREACHABLE',
    `No answer from Elasticsearch to ${what}: ${reason.slice(0, 200)}`,
  );
}

interface Cause {
  readonly type?: string;
  readonly reason?: string;
}

/** A request to all shards of an index that none of them took (`_refresh`) says why at the shards. */
function reasonOf(body: unknown): string {
  const answer = body as { error?: Cause; _shards?: { failures?: readonly { readonly reason?: Cause }[] } } | undefined;
  const cause = answer?.error ?? answer?._shards?.failures?.[0]?.reason;
  if (cause === undefined || typeof cause !== 'object') return 'no reason given';
  return `${cause.type ?? 'error'}: ${cause.reason ?? ''}`.slice(0, 300);
}

/** True when the request itself was too large or one of its items was malformed: a smaller request may pass. */
export function isRefusedContent(error: unknown): boolean {
  const status = refusedStatus(error);
  if (status === 413) return true;
  const reason = error instanceof SluiceError ? String(error.context['reason']) : '';
  return (
    status === 400 &&
    /^(action_request_validation|illegal_argument|x_content_parse|json_parse|parse|parsing)_exception/u.test(reason)
  );
}

/** HTTP status of an answer that refuses (an index that is not there is 404); undefined for other errors. */
export function refusedStatus(error: unknown): number | undefined {
  if (!(error instanceof SluiceError)) return undefined;
  if (error.code === 'SEARCH_INDEX_GONE') return 404;
  if (error.code !== 'ELASTICSEARCH_REFUSED') return undefined;
  return error.context['status'] as number;
}
