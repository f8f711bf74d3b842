import type { FastifyRequest } from 'fastify';

/** Which page may read the answer: only one of a listed origin. Source: WHATWG Fetch, CORS protocol. */
export function corsHeaders(request: FastifyRequest, allowed: ReadonlySet<string>): Record<string, string> {
  if (allowed.size === 0) return {};
  const origin = request.headers.origin;
  if (origin === undefined || !allowed.has(origin)) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-expose-headers': 'etag, retry-after, x-request-id',
  };
}

/**
 * Headers of the answer to a browser that asks whether a page may send an Authorization header; the origin is judged by
 * {@link corsHeaders}, without whose headers these mean nothing.
 */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': 'authorization',
  'access-control-max-age': '600',
};
