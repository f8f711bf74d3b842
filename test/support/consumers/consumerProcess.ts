import type { StackAddresses } from '#infra/stack/stack.ts';
import { TestShop } from './running.ts';

/** A consumers role in a process of its own, so that a test can kill it. Arguments: addresses as JSON, the shop's id, records of a step. */
const [addresses, id, maxBatchRecords = '50'] = process.argv.slice(2) as [string, string, string?];
const shop = new TestShop(JSON.parse(addresses) as StackAddresses, { maxBatchRecords: Number(maxBatchRecords), id });
await shop.start();
process.stdout.write('started\n');
