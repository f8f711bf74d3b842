import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { readLog } from '#consumers/webhooks/deliveryLog.ts';
import { WebhookDesk } from '#consumers/webhooks/webhookDesk.ts';
import { routerGroup } from '#consumers/webhooks/webhookTypes.ts';
import { command } from '#infra/redis/client.ts';
import { WebhookReceiver } from '#test/support/consumers/webhookReceiver.ts';
import { newSecret, type TestEndpoint, WebhookRun } from '#test/support/consumers/webhookRun.ts';
import { eventually } from '#test/support/eventually.ts';

const PATIENCE = { timeoutMs: 60_000 };
const STORY = ['order.created new', 'order.status_changed picking', 'order.status_changed shipped'];
const PROCESS = fileURLToPath(new URL('../../support/consumers/webhookProcess.ts', import.meta.url));

let shop: WebhookReceiver;
let run: WebhookRun;
let desk: WebhookDesk;
const signal = new AbortController().signal;

const endpoint = (more: Partial<TestEndpoint> = {}): TestEndpoint => ({
  name: 'shop',
  url: shop.url,
  secrets: [shop.secret],
  ...more,
});
const begin = async (...endpoints: TestEndpoint[]): Promise<void> => {
  run = await new WebhookRun(inject('stack'), endpoints).open();
  desk = new WebhookDesk(run.kafka, run.id);
};
const orders = (count: number): number[] => Array.from({ length: count }, (_, i) => 100_001 + i);
const expectStories = (numbers: readonly number[]): Promise<void> =>
  eventually(() => {
    for (const order of numbers) expect(shop.story(String(order))).toEqual(STORY);
  }, PATIENCE);
const logged = (outcome: string) =>
  readLog(run.kafka, run.id, { sinceMs: 0, limit: 1000, fits: (record) => record.outcome === outcome, signal });

/** Each message's every arrival: nobody may get the same one twice without a reason. */
const duplicates = (): number => shop.taken.length - new Set(shop.taken.map(({ id }) => id)).size;

beforeEach(async () => {
  shop = await new WebhookReceiver(newSecret()).start();
});
afterEach(async () => {
  await desk?.close();
  await run?.close();
  await shop.stop();
});

describe('webhooks', () => {
  it('lose nothing and keep the order of each key when killed at any moment', async () => {
    await begin(endpoint());
    shop.answer = () => ({ status: Math.random() < 0.2 ? 503 : 200 });
    const numbers = orders(15);
    const start = async (): Promise<ChildProcess> => {
      const args = [JSON.stringify(inject('stack')), JSON.stringify([endpoint()]), run.id];
      const child = spawn(process.execPath, [PROCESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout!, 'data');
      return child;
    };
    for (const statuses of ['N', 'P']) {
      const child = await start();
      const before = shop.tried.length;
      for (const order of numbers) await run.order(order, statuses);
      await eventually(() => expect(shop.tried.length).toBeGreaterThan(before + 5), PATIENCE);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    for (const order of numbers) await run.order(order, 'S');
    await run.start();
    await expectStories(numbers);
    expect(shop.forged).toBe(0);
  }, 180_000);

  it('go on with the repetitions of a process that ended', async () => {
    await begin(endpoint({ firstRetrySeconds: 1, maxRetrySeconds: 2 }));
    const first = await run.start();
    shop.answer = () => ({ status: 500 });
    await run.order(100_001, 'N', 'P');
    await eventually(() => expect(shop.tried.length).toBeGreaterThan(1), PATIENCE);
    await first.stop();
    shop.answer = () => ({ status: 200 });
    const second = await run.start();
    await run.order(100_001, 'S');
    await expectStories([100_001]);
    expect(duplicates()).toBe(0);
    await second.stop();
    const delivered = await logged('delivered');
    expect(delivered[0]).toMatchObject({ endpoint: 'shop', type: 'order.created', key: 'order/100001', status: 200 });
    expect(delivered[0]!.attempt).toBeGreaterThan(2);
    expect((await logged('failed')).length).toBeGreaterThan(1);
  });

  it('send nothing twice when the orders are read again from the beginning', async () => {
    await begin(endpoint());
    const first = await run.start();
    for (const order of orders(5)) await run.order(order, 'N', 'P', 'S');
    await expectStories(orders(5));
    await first.stop();
    const topic = run.feed.topic('dbo.ORD');
    const beginnings = [...(await run.kafka.topicOffsets(topic))].map(([p, { begin }]): [number, bigint] => [p, begin]);
    await run.kafka.commitOffsets(routerGroup(run.id), new Map([[topic, new Map(beginnings)]]));
    await run.start();
    await run.order(100_009, 'N', 'P', 'S');
    await expectStories([100_009]);
    expect([shop.taken.length, duplicates()]).toEqual([18, 0]);
  });

  it('lose nothing when Redis forgets everything', async () => {
    await begin(endpoint());
    await run.start();
    let isAway = true;
    shop.answer = () => ({ status: isAway ? 500 : 200 });
    for (const order of orders(4)) await run.order(order, 'N', 'P');
    await eventually(() => expect(shop.tried.length).toBeGreaterThan(4), PATIENCE);
    for await (const keys of run.redis.scan(`${run.id}:*`)) await run.redis.send(command('DEL', ...keys));
    isAway = false;
    for (const order of orders(4)) await run.order(order, 'S');
    await expectStories(orders(4));
  });

  it('stop at an endpoint that is gone, and go on with what waited when it is enabled', async () => {
    await begin(endpoint());
    await run.start();
    shop.answer = () => ({ status: 410 });
    await run.order(100_001, 'N');
    await eventually(async () => expect(await logged('disabled')).toMatchObject([{ reason: 'gone' }]), PATIENCE);
    shop.answer = () => ({ status: 200 });
    const tried = shop.tried.length;
    await run.order(100_001, 'P', 'S');
    let made = 0;
    const count = async (events: readonly unknown[]): Promise<void> => {
      made += events.length;
    };
    await eventually(async () => {
      made = 0;
      await desk.events({}, count, signal);
      expect(made).toBe(3);
    }, PATIENCE);
    await desk.states.read(signal);
    expect(desk.states.get('shop')).toMatchObject({ state: 'disabled', reason: 'gone', by: 'sluice' });
    expect(shop.tried.length).toBe(tried);
    await desk.enable('shop', { by: 'me', reason: 'mended', skip: false }, signal);
    await expectStories([100_001]);
    expect(await logged('enabled')).toMatchObject([{ by: 'me', reason: 'mended' }]);
  });

  it('disable an endpoint that has failed often and long enough, and give nothing up meanwhile', async () => {
    await begin(
      endpoint({ disableAfter: { failures: 6, hours: 0.0001 }, retryHours: 0.0001, firstRetrySeconds: 0.05 }),
    );
    const { registry } = await run.start();
    await shop.stop();
    for (const order of orders(8)) await run.order(order, 'N', 'P');
    await eventually(async () => expect(await logged('disabled')).toMatchObject([{ reason: 'failing' }]), PATIENCE);
    expect(await registry.metrics()).toContain('sluice_webhook_endpoint_disabled{endpoint="shop"} 1');
    await shop.start();
    for (const order of orders(8)) await run.order(order, 'S');
    await desk.enable('shop', { by: 'me', reason: 'mended', skip: false }, signal);
    await expectStories(orders(8));
    expect(await logged('given-up')).toEqual([]);
  });

  it('give one message up that is refused for too long, tell so, and go on with the next of its key', async () => {
    await begin(endpoint({ retryHours: 0.0003, firstRetrySeconds: 0.2, maxRetrySeconds: 0.4 }));
    const { registry } = await run.start();
    shop.answer = ({ data }) => ({ status: data['orderId'] === '100001' && data['status'] === 'picking' ? 422 : 200 });
    await run.order(100_001, 'N', 'P', 'S');
    for (const order of orders(3).slice(1)) await run.order(order, 'N', 'P', 'S');
    await eventually(
      () => expect(shop.story('100001')).toEqual(['order.created new', 'order.status_changed shipped']),
      PATIENCE,
    );
    expect(await logged('given-up')).toMatchObject([{ type: 'order.status_changed', status: 422 }]);
    expect(await registry.metrics()).toContain('sluice_webhook_given_up_total{endpoint="shop"} 1');
  });

  it('are sent again on request, to that endpoint alone, with the ids they had', async () => {
    const other = await new WebhookReceiver(newSecret()).start();
    try {
      await begin(endpoint(), { name: 'other', url: other.url, secrets: [other.secret] });
      await run.start();
      for (const order of orders(2)) await run.order(order, 'N', 'P', 'S');
      await expectStories(orders(2));
      await eventually(() => expect(other.taken).toHaveLength(6), PATIENCE);
      const { id } = shop.taken[2]!;
      expect(await desk.replay('shop', { ids: [id] }, signal)).toBe(1);
      await eventually(() => expect(shop.taken.filter((message) => message.id === id)).toHaveLength(2), PATIENCE);
      expect(await desk.replay('shop', { fromMs: Date.now() - 3_600_000, toMs: Date.now() + 3_600_000 }, signal)).toBe(
        6,
      );
      await eventually(() => expect(shop.taken).toHaveLength(13), PATIENCE);
      expect(await desk.replay('shop', { toMs: Date.now() - 3_600_000 }, signal)).toBe(0);
      expect([other.taken.length, new Set(shop.taken.map((message) => message.id)).size]).toEqual([6, 6]);
    } finally {
      await other.stop();
    }
  });

  it('are shared by two processes, and handed over when one ends', async () => {
    await begin(endpoint());
    const first = await run.start();
    await run.start();
    for (const order of orders(20)) await run.order(order, 'N', 'P');
    await first.stop();
    for (const order of orders(20)) await run.order(order, 'S');
    await expectStories(orders(20));
  });
});
