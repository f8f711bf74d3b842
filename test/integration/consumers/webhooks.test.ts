import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { WebhookReceiver } from '#test/support/consumers/webhookReceiver.ts';
import { newSecret, type TestEndpoint, WebhookRun } from '#test/support/consumers/webhookRun.ts';
import { eventually } from '#test/support/eventually.ts';

const WHOLE_STORY = ['order.created new', 'order.status_changed picking', 'order.status_changed shipped'];
const PATIENCE = { timeoutMs: 40_000 };

let secret: string;
let shop: WebhookReceiver;
let run: WebhookRun;

const endpoint = (more: Partial<TestEndpoint> = {}): TestEndpoint => ({
  name: 'shop',
  url: shop.url,
  secrets: [secret],
  ...more,
});
const begin = async (...endpoints: TestEndpoint[]): Promise<void> => {
  run = await new WebhookRun(inject('stack'), endpoints).open();
};

beforeEach(async () => {
  secret = newSecret();
  shop = await new WebhookReceiver(secret).start();
});
afterEach(async () => {
  await run?.close();
  await shop.stop();
});

describe('an endpoint', () => {
  it('is told each change of status once, in order, signed, and without the customer', async () => {
    await begin(endpoint());
    await run.start();
    await run.order(100001, 'N', 'P', 'P', 'S');
    await run.order(100002, 'N', 'C');
    await eventually(() => expect(shop.taken).toHaveLength(6), PATIENCE);
    expect(shop.story('100001')).toEqual(WHOLE_STORY);
    expect(shop.story('100002')).toEqual([
      'order.created new',
      'order.status_changed cancelled',
      'order.cancelled cancelled',
    ]);
    expect(new Set(shop.taken.map(({ id }) => id)).size).toBe(6);
    const picking = shop.taken.find(({ data }) => data['status'] === 'picking')!;
    expect(picking.data).toMatchObject({ orderId: '100001', from: 'new', to: 'picking', total: '12.50' });
    expect([shop.forged, shop.taken.some(({ body }) => body.includes('customerId'))]).toEqual([0, false]);
  });

  it('gets only what it asked for, and the customer when it says so', async () => {
    await begin(endpoint({ events: ['order.cancelled'], includeCustomer: true }));
    await run.start();
    await run.order(100001, 'N', 'C');
    await eventually(() => expect(shop.taken).toHaveLength(1), PATIENCE);
    expect(shop.taken[0]).toMatchObject({ type: 'order.cancelled', data: { customerId: '7', from: 'new' } });
  });

  it('is told nothing of what happened before it was there', async () => {
    await begin(endpoint());
    await run.order(100001, 'N', 'P');
    const first = await run.start();
    await run.order(100001, 'S');
    await eventually(() => expect(shop.story('100001')).toEqual(['order.status_changed shipped']), PATIENCE);
    await first.stop();
  });

  it('that refuses one message gets the others, and that one again until it takes it, with its order kept', async () => {
    await begin(endpoint());
    await run.start();
    let isRefused = true;
    shop.answer = ({ data }) => ({ status: isRefused && data['orderId'] === '100001' ? 500 : 200 });
    await run.order(100001, 'N', 'P', 'S');
    await run.order(100002, 'N', 'P', 'S');
    await eventually(() => expect(shop.story('100002')).toEqual(WHOLE_STORY), PATIENCE);
    await eventually(() =>
      expect(shop.tried.filter(({ data }) => data['orderId'] === '100001').length).toBeGreaterThan(3),
    );
    expect(new Set(shop.tried.filter(({ data }) => data['orderId'] === '100001').map(({ id }) => id)).size).toBe(1);
    isRefused = false;
    await eventually(() => expect(shop.story('100001')).toEqual(WHOLE_STORY), PATIENCE);
  });

  it('that was away for long gets everything when it is back', async () => {
    await begin(endpoint());
    await run.start();
    await run.order(100000, 'N');
    await eventually(() => expect(shop.taken).toHaveLength(1), PATIENCE);
    await shop.stop();
    for (let order = 100001; order <= 100012; order++) await run.order(order, 'N', 'P', 'S');
    const away = await run.start();
    await away.stop();
    await shop.start();
    await eventually(() => {
      for (let order = 100001; order <= 100012; order++) expect(shop.story(String(order))).toEqual(WHOLE_STORY);
    }, PATIENCE);
  });

  it('that is slow does not hold up another', async () => {
    const slow = await new WebhookReceiver(newSecret()).start();
    slow.answer = () => 'hang';
    try {
      await begin(endpoint(), { name: 'slow', url: slow.url, secrets: [slow.secret], timeoutMs: 20_000 });
      await run.start();
      for (let order = 100001; order <= 100010; order++) await run.order(order, 'N', 'P', 'S');
      await eventually(() => expect(shop.taken).toHaveLength(30), { timeoutMs: 15_000 });
      expect(slow.tried.length).toBeGreaterThan(0);
      expect(slow.taken).toEqual([]);
    } finally {
      await slow.stop();
    }
  });

  it('is not followed anywhere, and its long answers are not read', async () => {
    await begin(endpoint());
    await run.start();
    const elsewhere = await new WebhookReceiver(secret).start();
    try {
      let first = true;
      shop.answer = () => {
        if (!first) return { status: 200, body: 'x'.repeat(5_000_000) };
        first = false;
        return { status: 307, headers: { location: elsewhere.url } };
      };
      await run.order(100001, 'N', 'P');
      await eventually(() => expect(shop.taken).toHaveLength(2), PATIENCE);
      expect(elsewhere.tried).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  it('is sent nothing at a private address unless that is allowed', async () => {
    await begin(endpoint({ allowPrivateAddresses: false }));
    const { registry } = await run.start();
    await run.order(100001, 'N');
    await eventually(async () => {
      const text = await registry.metrics();
      expect(text).toMatch(/sluice_webhook_attempts_total\{endpoint="shop",outcome="failed"\} [1-9]/u);
    }, PATIENCE);
    expect(shop.tried).toEqual([]);
  });

  it('is sent two signatures while its secret is exchanged', async () => {
    const next = newSecret();
    await begin(endpoint({ secrets: [next, secret] }));
    await run.start();
    await run.order(100001, 'N');
    await eventually(() => expect(shop.taken).toHaveLength(1), PATIENCE);
    shop.secret = next;
    await run.order(100001, 'P');
    await eventually(() => expect(shop.taken).toHaveLength(2), PATIENCE);
    expect(shop.forged).toBe(0);
    expect(String(shop.taken[1]!.headers['webhook-signature']).split(' ')).toHaveLength(2);
  });
});
