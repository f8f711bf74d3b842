import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogSearch } from '#consumers/catalog/searchTypes.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { checked, productQuery, skuParams, suggestQuery } from './queryParameters.ts';

/** Suggestions may be a few seconds old: the same few letters are typed by many. */
const SUGGEST_CACHE = 'public, max-age=5';
/** Always asked again, cheaply: an unchanged answer is 304. */
const REVALIDATE = 'no-cache';

/** GET /products, /products/{sku} and /suggest. */
export function addProductRoutes(
  app: FastifyInstance,
  search: CatalogSearch<object>,
  definition: SearchDefinition,
): void {
  const query = productQuery(definition);

  app.get('/products', async (request, reply) => {
    const result = await search.search(checked(query.schema, request.query));
    const items = result.items.map(({ document, highlight }) => ({ ...document, highlight }));
    return sendWithEtag(request, reply, { ...result, items });
  });

  app.get('/products/:sku', async (request, reply) => {
    const { sku } = checked(skuParams, request.params, 'path');
    const found = await search.get(sku);
    if (found === null) throw new HttpProblem(HTTP_PROBLEMS.notFound, { detail: 'There is no such product.' });
    return sendWithEtag(request, reply, { product: found.document });
  });

  app.get('/suggest', async (request, reply) => {
    const { q, limit } = checked(suggestQuery, request.query);
    const suggestions = await search.suggest(q, limit);
    reply.header('cache-control', SUGGEST_CACHE);
    return { suggestions: suggestions.map(({ id, text, fields }) => ({ ...fields, id, text })) };
  });
}

/** Sends JSON with an entity tag of its bytes, or 304 when the caller has them. Source: RFC 9110 §13.1.2. */
function sendWithEtag(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  const text = JSON.stringify(value);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  reply.headers({ etag, 'cache-control': REVALIDATE });
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(text);
}
