import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { StockHub } from '#consumers/storefront/stockHub.ts';
import { storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { DEFINITION, FakeSearch, FakeStock } from './fakes.ts';

let stock: FakeStock;
let hub: StockHub;
let listener: HttpListener;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  stock = new FakeStock();
  const limits = { ...storefrontSchema.parse({}), maxStreamsPerAddress: 2 };
  const metrics = createMetrics();
  hub = new StockHub({ stock, log: silentLogger, metrics, limits });
  const app = createStorefrontServer({
    sides: { search: new FakeSearch(), searchDefinition: DEFINITION, stock },
    hub,
    limits,
    log: silentLogger,
    metrics,
  });
  listener = new HttpListener({ name: 'test', app, http: { host: '127.0.0.1', port: 0 }, log: silentLogger });
  await listener.start();
  stop = new AbortController();
  running = hub.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  await listener.stop();
});

/** Opens the stream and collects its text. */
async function open(query: string) {
  const response = await fetch(`${listener.url}/stock/stream?${query}`);
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })().catch(() => undefined);
  return { response, text: () => text, ended };
}

describe('GET /stock/stream', () => {
  it('is a stream of server-sent events that starts with the present and goes on with changes', async () => {
    stock.set('A', 5);
    const stream = await open('skus=A,B');
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await eventually(() =>
      expect(stream.text()).toMatch(/^retry: 2000\n\nid: 1\nevent: stock\ndata: \{"sku":"A","onHand":5,/),
    );
    stock.set('B', 2);
    await eventually(() =>
      expect(stream.text()).toMatch(
        /id: 2\nevent: stock\ndata: \{"sku":"B","onHand":2,.*"stale":false,"source":"copy"\}\n\n/,
      ),
    );
  });

  it('refuses a faulty query and too many streams with problems', async () => {
    expect((await fetch(`${listener.url}/stock/stream`)).status).toBe(422);
    await open('skus=A');
    await open('skus=A');
    const third = await fetch(`${listener.url}/stock/stream?skus=A`);
    expect([third.status, await third.json()]).toEqual([503, expect.objectContaining({ code: 'too-many-streams' })]);
  });

  it('ends when the process stops, so that stopping does not wait for browsers', async () => {
    const stream = await open('skus=A');
    stop.abort();
    await stream.ended;
    expect(hub.openStreams).toBe(0);
  });
});
