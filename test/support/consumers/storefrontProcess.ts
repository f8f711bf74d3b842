import { composeStorefront } from '#infra/cli/roles/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import type { StackAddresses } from '#infra/stack/stack.ts';
import { TestShop } from './running.ts';

/**
 * A storefront role in a process of its own, so that a test can kill it. Arguments: addresses as JSON, the shop's id, limits of the storefront
 * as JSON. Prints its address, then the number of open streams whenever it changes.
 */
const [addresses, id, limits = '{}'] = process.argv.slice(2) as [string, string, string?];
const { config } = new TestShop(JSON.parse(addresses) as StackAddresses, { id });
const parts = await composeStorefront({
  config: { ...config, storefront: { ...config.storefront, ...(JSON.parse(limits) as object) } },
  log: silentLogger,
  metrics: createMetrics(),
  signal: new AbortController().signal,
});
for (const component of parts.components) await component.start(new AbortController().signal);
const status = (): { url: string; openStreams: number } =>
  parts.status['storefront']!() as { url: string; openStreams: number };
process.stdout.write(`url ${status().url}\n`);
let last = 0;
setInterval(() => {
  const { openStreams } = status();
  if (openStreams !== last) process.stdout.write(`streams ${openStreams}\n`);
  last = openStreams;
}, 50);
