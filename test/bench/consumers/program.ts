import type { StackAddresses } from '#infra/stack/stack.ts';
import { TestShop } from '#test/support/consumers/running.ts';

/** The consumers role as it is, in a process of its own. Arguments: addresses as JSON, the shop's id. Ends with its standard input. */
const [addresses, id] = process.argv.slice(2) as [string, string];
const shop = new TestShop(JSON.parse(addresses) as StackAddresses, { maxBatchRecords: 1000, id });
// The tests' short refresh interval is nobody's setting in earnest.
const { consumers } = shop.config;
const running = await shop.start({ ...shop.config, consumers: { ...consumers, refreshIntervalMs: 200 } });
process.stdout.write('started\n');
process.stdin.resume().once('close', () => {
  void running.stop().then(() => process.exit(0));
});
