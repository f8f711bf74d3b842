import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { WebhookEndpoint } from '#infra/runtime/config/webhooks.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { checkHost, publicLookup } from './address.ts';
import { signedHeaders } from './signature.ts';
import { payloadOf, type WebhookEvent } from './webhookTypes.ts';

/** What an attempt gave. */
export interface Attempt {
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  readonly ms: number;
  /** A word for what went wrong without an answer (`timeout`, `ECONNREFUSED`); null with one. */
  readonly error: string | null;
  /** Milliseconds the receiver asked to wait; null when it did not. */
  readonly retryAfterMs: number | null;
}

/** Bytes of an answer that are read (and thrown away) so that the connection can be used again; beyond, it is closed. */
const MAX_ANSWER_BYTES = 65_536;
const IDLE_SOCKETS = 4;

export const isDelivered = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;

/**
 * Sends messages to one endpoint. Redirects are not followed, certificates are checked, only public addresses are connected to (unless the
 * endpoint says otherwise), and nothing of the answer but its status and Retry-After is looked at.
 */
export class HttpSender {
  readonly #endpoint: WebhookEndpoint;
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(endpoint: WebhookEndpoint) {
    this.#endpoint = endpoint;
    this.#url = new URL(endpoint.url);
    const options = { keepAlive: true, maxSockets: endpoint.concurrency, maxFreeSockets: IDLE_SOCKETS };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ ...options, ...authority(endpoint) }) : new HttpAgent(options);
  }

  /** One attempt; never rejects for what the receiver does, nor for a secret that cannot be read just now. Takes `timeoutMs` at most. */
  async attempt(event: WebhookEvent, nowMs: number): Promise<Attempt> {
    const body = payloadOf(event, this.#endpoint.includeCustomer);
    const startedMs = performance.now();
    const ms = (): number => Math.round(performance.now() - startedMs);
    try {
      const headers = signedHeaders(this.#endpoint.secrets, event.id, nowMs, body);
      const { status, retryAfterMs } = await this.#post(body, headers);
      return { status, ms: ms(), error: null, retryAfterMs };
    } catch (error) {
      return { status: null, ms: ms(), error: wordFor(error), retryAfterMs: null };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly retryAfterMs: number | null }> {
    const { allowPrivateAddresses, timeoutMs } = this.#endpoint;
    if (!allowPrivateAddresses) checkHost(this.#url);
    const bytes = Buffer.from(body);
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; retryAfterMs: number | null }>();
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(this.#url, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        ...headers,
        'content-type': 'application/json; charset=utf-8',
        'content-length': bytes.length,
        'user-agent': 'sluice-webhooks/1',
      },
      ...(allowPrivateAddresses ? {} : { lookup: publicLookup }),
    });
    const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs);
    request.once('error', reject);
    request.once('close', () => clearTimeout(timer));
    request.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfterMs: retryAfter(response) });
      discard(response);
    });
    request.end(bytes);
    return promise;
  }
}

/** Reads the rest so that the connection may be used again, but not more than a little. The request's timer ends a slow one. */
function discard(response: IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) response.destroy();
  });
}

/** Source: RFC 9110 §10.2.3: seconds or a date. */
function retryAfter({ headers }: IncomingMessage): number | null {
  const text = headers['retry-after'];
  if (text === undefined) return null;
  const ms = /^\d{1,9}$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** A code where there is one: messages may hold addresses. */
function wordFor(error: unknown): string {
  if (error instanceof Error && error.message === 'timeout') return 'timeout';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'connection-failed';
}

function authority({ caFile, name }: WebhookEndpoint): { readonly ca?: string } {
  if (caFile === undefined) return {};
  try {
    return { ca: readFileSync(caFile, 'utf8') };
  } catch (cause) {
    throw new SluiceError('CFG_INVALID', `webhooks.endpoints ${name}: caFile ${caFile} cannot be read`, { cause });
  }
}
