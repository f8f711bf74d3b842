import type { FastifyInstance } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { PROBLEM_KINDS } from './problems.ts';
import type { QuerySides } from './server.ts';

/** An id no product has: reading it tells whether the search answers. */
const NO_PRODUCT = '-';

/** Health, the OpenAPI document and the pages that problem types name. */
export function addPublicRoutes(app: FastifyInstance, sides: QuerySides, openApi: object): void {
  app.get('/livez', async () => ({ status: 'ok' }));

  app.get('/readyz', async () => {
    const checks: Record<string, Promise<unknown> | undefined> = {
      search: sides.search.get(NO_PRODUCT),
      stock: sides.stock?.read([NO_PRODUCT]),
      orders: sides.orders?.read(NO_PRODUCT),
    };
    const results = await Promise.allSettled(Object.values(checks));
    const states = Object.keys(checks).map((name, i) => [
      name,
      results[i]?.status === 'fulfilled' ? 'ok' : 'unavailable',
    ]);
    if (results.some((result) => result.status === 'rejected')) {
      throw new HttpProblem(HTTP_PROBLEMS.unavailable, { facts: Object.fromEntries(states), retryAfterSeconds: 2 });
    }
    return { status: 'ok', ...Object.fromEntries(states) };
  });

  app.get('/openapi.json', async () => openApi);

  app.get<{ Params: { code: string } }>('/problems/:code', async (request) => {
    const kind = PROBLEM_KINDS.get(request.params.code);
    if (kind === undefined) throw new HttpProblem(HTTP_PROBLEMS.notFound);
    return kind;
  });
}
