import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';

/**
 * Whether an Accept header takes JSON. Only a list that leaves it out, or gives it weight nought, refuses it. Source: RFC 9110 §12.5.1.
 */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  let best: { readonly rank: number; readonly isTaken: boolean } | undefined;
  for (const part of accept.split(',')) {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const rank = ['*/*', 'application/*', 'application/json'].indexOf(range);
    if (rank < 0) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    if (best === undefined || rank >= best.rank)
      best = { rank, isTaken: weight === undefined || Number(weight.slice(2)) > 0 };
  }
  return best?.isTaken ?? false;
}

/** @throws 406, or 415 for a body that is compressed or in another character set than UTF-8. */
export function checkMedia(request: FastifyRequest): void {
  const { accept } = request.headers;
  if (!acceptsJson(Array.isArray(accept) ? accept.join(',') : accept))
    throw new HttpProblem(HTTP_PROBLEMS.notAcceptable);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new HttpProblem(HTTP_PROBLEMS.mediaType, { detail: 'Send the body without Content-Encoding.' });
  const [, charset] = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '') ?? [];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw new HttpProblem(HTTP_PROBLEMS.mediaType, { detail: 'Send the body in UTF-8.' });
}

/** Which methods each path has, for 405, Allow and OPTIONS. */
export class MethodTable {
  readonly #routes: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];

  /** `path` with `{placeholders}` or `:placeholders`. */
  add(path: string, method: string): void {
    const source = path.replaceAll(/\{\w+\}|:\w+/g, '[^/]+').replaceAll('.', '\\.');
    const known = this.#routes.find(({ pattern }) => pattern.source === new RegExp(`^${source}$`).source);
    const methods = known?.methods ?? new Set(['OPTIONS']);
    if (known === undefined) this.#routes.push({ pattern: new RegExp(`^${source}$`), methods });
    methods.add(method);
    if (method === 'GET') methods.add('HEAD');
  }

  /** The methods of the path of this address; undefined when there is nothing there. */
  allowed(url: string): readonly string[] | undefined {
    const path = url.split('?', 1)[0] ?? '';
    const found = this.#routes.filter(({ pattern }) => pattern.test(path));
    return found.length === 0 ? undefined : [...new Set(found.flatMap(({ methods }) => [...methods]))].toSorted();
  }
}

const EXPOSED = 'Location, Retry-After, Idempotency-Replayed, X-Request-Id, Traceparent, Preference-Applied';
const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, Prefer, X-Request-Id, Traceparent';
const PREFLIGHT_SECONDS = 600;

/** Lets pages of the listed origins read answers; to all others nothing is said, so browsers keep the answer from them. Source: Fetch §3.2. */
export function addCors(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  if (origins.length === 0) return;
  reply.header('vary', 'origin');
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return;
  reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED);
}

/** The answer to OPTIONS: what the path allows, and for a listed origin that it may be asked for. */
export function answerOptions(
  request: FastifyRequest,
  reply: FastifyReply,
  methods: readonly string[],
  origins: readonly string[],
) {
  reply.code(204).header('allow', methods.join(', '));
  if (request.headers.origin !== undefined && origins.includes(request.headers.origin)) {
    reply
      .header('access-control-allow-methods', methods.join(', '))
      .header('access-control-allow-headers', ALLOWED_HEADERS)
      .header('access-control-max-age', String(PREFLIGHT_SECONDS));
  }
  return reply.send();
}
