import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebhookReceiver } from '#test/support/consumers/webhookReceiver.ts';
import { newSecret, WebhookRun } from '#test/support/consumers/webhookRun.ts';
import { eventually } from '#test/support/eventually.ts';
import { sluice } from '#test/support/sluice.ts';

const CONFIG = fileURLToPath(new URL('../../support/configs/webhooks.config.ts', import.meta.url));
const PATIENCE = { timeoutMs: 40_000 };

let shop: WebhookReceiver;
let run: WebhookRun;

const webhooks = async (...args: string[]) => {
  const stack = inject('stack');
  const { code, stdout, stderr } = await sluice(['webhooks', ...args, '--config', CONFIG], {
    SLUICE_KAFKA_BROKERS: stack.kafka!.brokers.join(','),
    SLUICE_REGISTRY_URL: stack.registry!.url,
    SLUICE_REDIS_URL: stack.redis!.url,
    HOOKS_ID: run.id,
    HOOKS_PREFIX: `${run.id}:`,
    HOOKS_URL: shop.url,
    HOOKS_SECRET: shop.secret,
  });
  expect(stdout + stderr).not.toContain(shop.secret);
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
};

beforeAll(async () => {
  shop = await new WebhookReceiver(newSecret()).start();
  run = await new WebhookRun(inject('stack'), [{ name: 'shop', url: shop.url, secrets: [shop.secret] }]).open();
  await run.start();
  await run.order(100_001, 'N', 'P');
  await eventually(() => expect(shop.taken).toHaveLength(2), PATIENCE);
});
afterAll(async () => {
  await run?.close();
  await shop?.stop();
});

describe('sluice webhooks', () => {
  it('lists endpoints and attempts', async () => {
    const listed = await webhooks('list', '--json');
    expect(listed.code).toBe(0);
    expect(listed.json()).toMatchObject([
      { name: 'shop', state: { state: 'enabled', reason: 'new' }, waiting: 0, parked: 0, failures: 0 },
    ]);
    const log = await webhooks('log', '--json');
    expect(log.json()).toMatchObject([
      { outcome: 'delivered', type: 'order.created', status: 204, attempt: 1 },
      { outcome: 'delivered', type: 'order.status_changed', status: 204 },
    ]);
    expect((await webhooks('log', '--failed')).stdout).toBe('nothing\n');
  }, 120_000);

  it('sends again only when told to do it', async () => {
    const { id } = shop.taken[0]!;
    const dry = await webhooks('replay', 'shop', '--event', id, '--json');
    expect(dry.json()).toMatchObject({ count: 1, events: [{ id, type: 'order.created', key: 'order/100001' }] });
    expect(shop.taken).toHaveLength(2);
    expect((await webhooks('replay', 'shop', '--event', id, '--execute')).stdout).toContain('1 sent again');
    await eventually(() => expect(shop.taken.filter((message) => message.id === id)).toHaveLength(2), PATIENCE);
    expect((await webhooks('replay', 'shop', '--execute')).stderr).toContain('WEBHOOK_ENDPOINT_UNKNOWN');
  }, 120_000);

  it('disables and enables, and tells so with its exit code', async () => {
    expect((await webhooks('disable', 'shop')).stdout).toContain('dry run');
    await webhooks('disable', 'shop', '--reason', 'moving house', '--execute');
    const listed = await webhooks('list', '--json');
    expect([listed.code, listed.json()[0].state]).toMatchObject([4, { state: 'disabled', reason: 'moving house' }]);
    await webhooks('enable', 'shop', '--execute');
    expect((await webhooks('list')).code).toBe(0);
  }, 120_000);

  it('tests an endpoint with a signed message of its own', async () => {
    expect((await webhooks('test', 'shop')).stdout).toContain('dry run');
    expect((await webhooks('test', 'shop', '--execute')).code).toBe(0);
    expect(shop.taken.at(-1)).toMatchObject({ type: 'webhook.test', data: { endpoint: 'shop' } });
    shop.answer = () => ({ status: 503 });
    const refused = await webhooks('test', 'shop', '--execute', '--json');
    expect([refused.code, refused.json()]).toMatchObject([4, { status: 503 }]);
    const unknown = await webhooks('test', 'shpo', '--execute');
    expect([unknown.code, unknown.stderr.includes('WEBHOOK_ENDPOINT_UNKNOWN')]).toEqual([1, true]);
  }, 120_000);
});
