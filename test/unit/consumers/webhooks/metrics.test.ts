import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { webhookMetrics } from '#consumers/webhooks/webhookMetrics.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';

describe('the metrics of webhooks', () => {
  it('are listed in docs/webhooks.md, all of them and no others', async () => {
    const registry = createMetrics();
    webhookMetrics(registry).watch(() => [{ name: 'shop', disabled: true, parked: 3, oldestParkedSeconds: 60 }]);
    const text = await registry.metrics();
    expect(text).toContain('sluice_webhook_endpoint_disabled{endpoint="shop"} 1');
    expect(text).toContain('sluice_webhook_parked{endpoint="shop"} 3');
    const known = (await registry.getMetricsAsJSON())
      .map(({ name }) => name)
      .filter((name) => name.includes('webhook'));
    const page = await readFile(new URL('../../../../docs/webhooks.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `(sluice_webhook_[a-z_]+)`/gmu)].map((match) => match[1]);
    expect(listed.sort()).toEqual(known.sort());
  });
});
