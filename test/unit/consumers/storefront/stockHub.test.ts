import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StockHub } from '#consumers/storefront/stockHub.ts';
import { StockStream } from '#consumers/storefront/stockStream.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { FakeStock } from './fakes.ts';

const LIMITS = { maxStreams: 3, maxStreamsPerAddress: 2, streamHeartbeatMs: 60_000, stockStaleAfterSeconds: 30 };

let stock: FakeStock;
let hub: StockHub;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  stock = new FakeStock();
  hub = new StockHub({ stock, log: silentLogger, metrics: createMetrics(), limits: LIMITS });
  stop = new AbortController();
  running = hub.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
});

/** A client: what it was told, newest last. `highWaterMark` small and nobody reading makes it slow. */
function client(skus: readonly string[], options: { lastEventId?: string; slow?: boolean; address?: string } = {}) {
  const socket = new PassThrough(options.slow ? { highWaterMark: 1 } : {});
  let text = '';
  const read = (): void => void socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  if (!options.slow) read();
  const stream = new StockStream({
    response: socket as unknown as ServerResponse,
    address: options.address ?? '10.0.0.1',
    skus,
    maxBufferedBytes: 10_000,
    ...(options.lastEventId === undefined ? {} : { lastEventId: options.lastEventId }),
  });
  hub.open(stream);
  const events = (): { id: string | undefined; sku: string; onHand: number }[] =>
    [...text.matchAll(/(?:id: (.*)\n)?event: stock\ndata: (.*)\n\n/g)].map(([, id, data]) => {
      const { sku, onHand } = JSON.parse(data!) as { sku: string; onHand: number };
      return { id, sku, onHand };
    });
  const names = (): string[] => [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name!);
  return { socket, stream, events, names, read };
}

describe('the stock hub', () => {
  it('tells the present level first and then each change, to those who asked for the sku', async () => {
    stock.set('A', 5);
    stock.set('B', 9);
    const one = client(['A']);
    const both = client(['A', 'B'], { address: '10.0.0.2' });
    await eventually(() => expect([one.events().length, both.events().length]).toEqual([1, 2]));
    stock.set('A', 4);
    await eventually(() => expect(one.events().at(-1)).toEqual({ id: '3', sku: 'A', onHand: 4 }));
    stock.set('B', 8);
    await eventually(() => expect(both.events().at(-1)).toEqual({ id: '4', sku: 'B', onHand: 8 }));
    expect(one.events()).toHaveLength(2);
  });

  it('tells a client that comes back only what it missed, whichever process told it before', async () => {
    stock.set('A', 5);
    stock.set('B', 9);
    stock.set('A', 4);
    stock.set('B', 8);
    const back = client(['A', 'B'], { lastEventId: '3' });
    await eventually(() => expect(back.events()).toEqual([{ id: '4', sku: 'B', onHand: 8 }]));
    const long = client(['A', 'B'], { lastEventId: '2', address: '10.0.0.2' });
    await eventually(() => expect(long.events().map(({ sku }) => sku)).toEqual(['A', 'B']));
    expect([back.names(), long.names()]).toEqual([['stock'], ['stock', 'stock']]);
  });

  it('tells a client everything anew, after a reset, when nobody can say what it missed', async () => {
    stock.set('A', 5);
    stock.set('B', 9);
    for (const [i, lastEventId] of ['77', 'of-another-shop'].entries()) {
      const back = client(['A', 'B'], { lastEventId, address: `10.0.0.${i + 2}` });
      await eventually(() => expect(back.names()).toEqual(['reset', 'stock', 'stock']));
    }
  });

  it('gives an id only when nothing before it is missing', async () => {
    stock.set('A', 5);
    stock.set('B', 9);
    stock.set('C', 1);
    const one = client(['A', 'B', 'C']);
    await eventually(() => expect(one.events().map(({ id }) => id)).toEqual([undefined, undefined, '3']));
  });

  it('tells news by their names, and of many only the newest to a slow client', async () => {
    stock.set('A', 5);
    const quick = client(['A']);
    const slow = client(['A', 'B'], { slow: true, address: '10.0.0.2' });
    await eventually(() => expect(quick.events()).toHaveLength(1));
    const event = { id: '1', sku: 'A', available: 1, threshold: 2, position: '', at: '' };
    stock.tell({ ...event, type: 'stock.low' });
    await eventually(() => expect(quick.names()).toEqual(['stock', 'low-stock', 'stock']));
    stock.tell({ ...event, id: '2', type: 'stock.back_in_stock' });
    await eventually(() => expect(quick.names()).toEqual(['stock', 'low-stock', 'stock', 'back-in-stock', 'stock']));
    slow.read();
    await eventually(() => expect(slow.names()).toContain('back-in-stock'));
    expect(slow.names()).not.toContain('low-stock');
  });

  it('tells everything again when the change stream was cut', async () => {
    stock.set('A', 5);
    const one = client(['A']);
    await eventually(() => expect(one.events()).toHaveLength(1));
    stock.cut = true;
    stock.set('A', 3);
    await eventually(() => expect(one.events().at(-1)?.onHand).toBe(3));
  });

  it('keeps only names of skus for a slow client and tells it the newest state later', async () => {
    stock.set('A', 1000);
    const slow = client(['A'], { slow: true });
    const quick = client(['A'], { address: '10.0.0.2' });
    await eventually(() => expect(quick.events()).toHaveLength(1));
    for (let onHand = 999; onHand >= 900; onHand--) stock.set('A', onHand);
    await eventually(() => expect(quick.events().at(-1)?.onHand).toBe(900));
    expect(slow.stream.pending.size).toBeLessThanOrEqual(1);
    slow.read();
    await eventually(() => expect(slow.events().at(-1)?.onHand).toBe(900));
    expect(slow.events().length).toBeLessThan(10);
  });

  it('cuts off a client that has read nothing for a whole heartbeat', () => {
    const slow = client(['A'], { slow: true });
    slow.socket.write('fills it');
    slow.stream.heartbeat('1');
    expect(slow.socket.destroyed).toBe(false);
    slow.stream.heartbeat('1');
    expect(slow.socket.destroyed).toBe(true);
  });

  it('counts streams and forgets closed ones', async () => {
    const a = client(['A']);
    client(['A']);
    expect([hub.hasRoomFor('10.0.0.1'), hub.hasRoomFor('10.0.0.2')]).toEqual([false, true]);
    client(['A'], { address: '10.0.0.2' });
    expect(hub.hasRoomFor('10.0.0.3')).toBe(false);
    a.socket.destroy();
    await eventually(() => expect([hub.openStreams, hub.hasRoomFor('10.0.0.1')]).toEqual([2, true]));
  });

  it('reads nothing while nobody listens', async () => {
    stock.set('A', 5);
    const one = client(['A']);
    await eventually(() => expect(one.events()).toHaveLength(1));
    one.socket.destroy();
    await eventually(() => expect(hub.openStreams).toBe(0));
    const reads = stock.reads;
    stock.set('A', 4);
    stock.set('A', 3);
    expect(stock.reads).toBe(reads);
    const again = client(['A']);
    await eventually(() => expect(again.events().at(-1)?.onHand).toBe(3));
  });

  it('goes on after the copy could not be read', async () => {
    stock.set('A', 5);
    stock.broken = true;
    const one = client(['A']);
    stock.broken = false;
    stock.set('A', 4);
    await eventually(() => expect(one.events().at(-1)?.onHand).toBe(4));
  });
});
