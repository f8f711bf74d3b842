import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogSearch, SearchItem } from '#consumers/catalog/searchTypes.ts';
import type { StockReader } from '#consumers/stock/stockTypes.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { checked, productQuery, skuParams, suggestQuery } from './queryParameters.ts';
import { type StockedItem, stockFirst, stockOnly } from './stockedSearch.ts';

/** Suggestions may be a few seconds old: the same few letters are typed by many. */
const SUGGEST_CACHE = 'public, max-age=5';
/** Always asked again, cheaply: an unchanged answer is 304. */
const REVALIDATE = 'no-cache';

export interface ProductSides {
  readonly search: CatalogSearch<object>;
  readonly definition: SearchDefinition;
  /** With it, and `search.stock` in the definition, `stock=first|only` is known. */
  readonly stock?: StockReader | undefined;
}

/** GET /products, /products/{sku} and /suggest. */
export function addProductRoutes(app: FastifyInstance, { search, definition, stock }: ProductSides): void {
  const live =
    stock === undefined || definition.stock === undefined ? null : { search, stock, field: definition.stock.field };
  const query = productQuery(definition, live !== null);

  app.get('/products', async (request, reply) => {
    const { stock: wish, ...params } = checked(query.schema, request.query);
    const result =
      wish === undefined || live === null
        ? { ...(await search.search(params)), stock: null }
        : await (wish === 'only' ? stockOnly(live, params) : stockFirst(live, params));
    const shown = { ...result, items: result.items.map(toShown), instead: result.instead.map(toShown) };
    return sendWithEtag(request, reply, shown);
  });

  app.get('/products/:sku', async (request, reply) => {
    const { sku } = checked(skuParams, request.params, 'path');
    const found = await search.get(sku);
    if (found === null) throw new HttpProblem(HTTP_PROBLEMS.notFound, { detail: 'There is no such product.' });
    return sendWithEtag(request, reply, { product: found.document });
  });

  app.get('/suggest', async (request, reply) => {
    const { q, limit } = checked(suggestQuery, request.query);
    const { products, completions, values, corrected } = await search.suggest(q, limit);
    reply.header('cache-control', SUGGEST_CACHE);
    const suggestions = products.map(({ id, text, fields }) => ({ ...fields, id, text }));
    return { suggestions, completions, values, corrected };
  });
}

/** The document with what the search says of it. */
function toShown(item: SearchItem<object> | StockedItem<object>): object {
  const { document, highlight } = item;
  return { ...document, highlight, ...('inStock' in item ? { inStock: item.inStock } : {}) };
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
