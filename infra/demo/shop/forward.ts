import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import { SECURITY_HEADERS, sendProblem } from './answers.ts';

const REQUEST_HEADERS = ['accept', 'if-none-match', 'last-event-id'] as const;
const RESPONSE_HEADERS = ['content-type', 'etag', 'cache-control', 'retry-after'] as const;

export interface ForwardLimits {
  readonly upstreamTimeoutMs: number;
  readonly maxForwards: number;
  readonly maxStreams: number;
}

/**
 * Passes GET requests on to the storefront read API and streams the answers back, server-sent events included. Only a few headers go
 * either way; a shopper who leaves ends the request upstream too.
 */
export class Forwarder {
  readonly #base: URL;
  readonly #limits: ForwardLimits;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 32 });
  readonly #open = new Set<ClientRequest>();
  #forwards = 0;
  #streams = 0;

  constructor(base: string, limits: ForwardLimits) {
    this.#base = new URL(base);
    this.#limits = limits;
  }

  /** `path` is the path and query upstream; `stream` marks one that stays open, `more` are headers of our own. */
  forward(
    path: string,
    stream: boolean,
    incoming: IncomingMessage,
    response: ServerResponse,
    more: Readonly<Record<string, string>> = {},
  ): void {
    if (stream ? this.#streams >= this.#limits.maxStreams : this.#forwards >= this.#limits.maxForwards) {
      response.setHeader('retry-after', '1');
      sendProblem(response, 503, 'busy', 'The shop is busy; please try again in a moment.');
      return;
    }
    this.#count(stream, 1);
    response.once('close', () => this.#count(stream, -1));
    const headers: Record<string, string> = { ...more };
    for (const name of REQUEST_HEADERS) {
      const value = incoming.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    const upstream = httpRequest(
      {
        protocol: this.#base.protocol,
        hostname: this.#base.hostname,
        port: this.#base.port,
        path,
        headers,
        agent: this.#agent,
      },
      (answer) => this.#relay(answer, stream, response),
    );
    this.#open.add(upstream);
    upstream.once('close', () => this.#open.delete(upstream));
    upstream.setTimeout(this.#limits.upstreamTimeoutMs, () => upstream.destroy(new Error('time-out')));
    upstream.once('error', () =>
      sendProblem(response, 502, 'upstream-unavailable', 'The shop cannot be reached just now.'),
    );
    response.once('close', () => upstream.destroy());
    upstream.end();
  }

  /** Ends what is open. */
  close(): void {
    for (const request of this.#open) request.destroy();
    this.#agent.destroy();
  }

  #count(stream: boolean, by: number): void {
    if (stream) this.#streams += by;
    else this.#forwards += by;
  }

  #relay(answer: IncomingMessage, stream: boolean, response: ServerResponse): void {
    // A stream's heartbeats keep it alive; only the first byte is waited for.
    if (stream) answer.socket.setTimeout(0);
    const headers: Record<string, string> = { ...SECURITY_HEADERS };
    for (const name of RESPONSE_HEADERS) {
      const value = answer.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    if (response.headersSent || response.destroyed) {
      answer.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, headers);
    if (stream) response.flushHeaders();
    pipeline(answer, response, () => undefined);
  }
}
