import type { StackAddresses } from '#infra/stack/stack.ts';
import { TestShop } from './running.ts';

/** A consumers role in a process of its own, so that a test can kill it. Arguments: addresses as JSON, the shop's id. */
const [addresses, id] = process.argv.slice(2) as [string, string];
const shop = new TestShop(JSON.parse(addresses) as StackAddresses, { maxBatchRecords: 50, id });
await shop.start();
process.stdout.write('started\n');
