import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogSearch, SearchItem } from '#consumers/catalog/searchTypes.ts';
import type { CopyName } from '#consumers/orders/commandWaits.ts';
import { ageOf } from '#consumers/stock/reader.ts';
import type { StockReader } from '#consumers/stock/stockTypes.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { afterQuery, checked, productQuery, skuParams, suggestQuery } from './queryParameters.ts';
import { type ReadYourWrites, waitForCopy } from './readYourWrites.ts';
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
  readonly waits?: ReadYourWrites | undefined;
  /** The copy the documents are, for `waits`. */
  readonly documents?: CopyName | undefined;
  readonly now: () => number;
}

/** GET /products, /products/{sku} and /suggest. */
export function addProductRoutes(app: FastifyInstance, sides: ProductSides): void {
  const { search, definition, stock, waits, documents = '' } = sides;
  const live = stock === undefined || definition.stock === undefined ? null : { search, stock, ...definition.stock };
  const query = productQuery(definition, live !== null);

  app.get('/products', async (request, reply) => {
    const { stock: wish, after, ...params } = checked(query.schema, request.query);
    const copies = wish === undefined ? [documents] : [documents, 'stock' as const];
    await Promise.all(copies.map((copy) => waitForCopy(waits, copy, after, reply)));
    const result =
      wish === undefined || live === null
        ? { ...(await search.search(params)), stock: null }
        : await (wish === 'only' ? stockOnly(live, params) : stockFirst(live, params));
    const shown = { ...result, items: result.items.map(toShown), instead: result.instead.map(toShown) };
    return sendWithEtag(request, reply, shown);
  });

  app.get('/products/:sku', async (request, reply) => {
    const { sku } = checked(skuParams, request.params, 'path');
    const { after } = checked(afterQuery, request.query);
    await waitForCopy(waits, documents, after, reply);
    // How far the copy has come is read first: what is read after it is at least that new.
    const passed = (await waits?.progress.passed(documents)) ?? null;
    const found = await search.get(sku);
    if (found === null) throw new HttpProblem(HTTP_PROBLEMS.notFound, { detail: 'There is no such product.' });
    const shown = { product: found.document };
    return sendWithEtag(request, reply, { ...shown, ...ageOf(passed?.sourceTimeMs ?? null, sides.now()) }, shown);
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

/**
 * Sends JSON with an entity tag of its bytes, or 304 when the caller has them. `tagged`: what of it counts, where the rest (its age) may differ
 * while the answer means the same; the tag is then a weak one. Source: RFC 9110 §8.8.1, §13.1.2.
 */
function sendWithEtag(request: FastifyRequest, reply: FastifyReply, value: unknown, tagged = value): FastifyReply {
  const text = JSON.stringify(tagged);
  const weak = tagged === value ? '' : 'W/';
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  const etag = weak + tag;
  reply.headers({ etag, 'cache-control': REVALIDATE });
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(tag) || known.includes('*')) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(tagged === value ? text : JSON.stringify(value));
}
