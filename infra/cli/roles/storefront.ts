import { createCatalogSearch } from '#consumers/catalog/search.ts';
import { type CopyProgressReader, createCopyProgressReader } from '#consumers/orders/commandWaits.ts';
import { createOrderReader } from '#consumers/orders/reader.ts';
import { createStockReader } from '#consumers/stock/reader.ts';
import { LiveStock } from '#consumers/storefront/liveStock.ts';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { StockHub } from '#consumers/storefront/stockHub.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { Counter, Gauge, type Registry } from '#infra/runtime/metrics.ts';
import type { RoleContext, RoleParts } from './role.ts';

/** The read API over the first document type of the catalogue, stock and orders. It has no connection to the source. */
export async function composeStorefront({ config, log, metrics }: RoleContext): Promise<RoleParts> {
  const [definition] = config.catalog.documents;
  if (definition?.search === undefined) {
    throw new SluiceError(
      'CFG_INVALID',
      'The role storefront needs a first document type with a section `search` in catalog.documents.',
      {
        hint: 'Declare what shoppers may search, or leave the role out.',
      },
    );
  }
  const { storefront } = config;
  const copies = { redis: config.redis, groupPrefix: config.consumers.groupPrefix, log };
  const search = createCatalogSearch<object>(definition, config.elasticsearch);
  const stock = config.stock === undefined ? undefined : createStockReader(copies);
  const orders =
    config.orders === undefined
      ? undefined
      : createOrderReader({ redis: config.redis, log, hasLines: config.orders.lines !== undefined });
  const progress = createCopyProgressReader({ ...copies, maxWaiting: storefront.maxWaiting });
  const questions = readMetrics(metrics, progress);
  const live =
    config.stock?.live &&
    new LiveStock({
      definition: config.stock.live,
      onQuestion: (isAnswered) => questions.inc({ outcome: isAnswered ? 'answered' : 'unanswered' }),
    });
  const hub = stock === undefined ? undefined : new StockHub({ stock, log, metrics, limits: storefront });
  const app = createStorefrontServer({
    sides: {
      search,
      searchDefinition: definition.search,
      stock,
      orders,
      progress,
      live,
      documents: `catalog.${definition.type}`,
    },
    hub,
    limits: storefront,
    log,
    metrics,
  });
  const listener = new HttpListener({ name: 'storefront read API', app, http: storefront.http, log });
  const sides: Component = {
    name: 'storefront query sides',
    start: async () => undefined,
    stop: async () => {
      await Promise.all([search.close(), stock?.close(), orders?.close(), progress.close()]);
    },
  };
  // The hub stops before the listener: it ends the open streams, which the listener would otherwise wait for.
  const follower = hub === undefined ? [] : [backgroundLoop('storefront stock streams', (signal) => hub.run(signal))];
  return {
    components: [sides, listener, ...follower],
    status: { storefront: () => ({ url: listener.url, openStreams: hub?.openStreams ?? 0 }) },
  };
}

/** What the read side's dependencies on others look like; gives the counter of live questions. */
function readMetrics(registry: Registry, progress: CopyProgressReader): Counter<'outcome'> {
  const registers = [registry];
  const waiting: Gauge = new Gauge({
    name: 'sluice_storefront_waiting',
    help: 'Stock and product readings with ?after= that wait for a copy.',
    registers,
    collect: () => waiting.set(progress.waiting),
  });
  return new Counter({
    name: 'sluice_storefront_live_stock_total',
    help: 'Questions for live stock to the command API, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
}
