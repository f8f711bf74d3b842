import type { StackAddresses } from '#infra/stack/stack.ts';
import { type TestEndpoint, WebhookRun } from './webhookRun.ts';

/** Webhooks in a process of their own, so that a test can kill it. Arguments: addresses and endpoints as JSON, the run's id. */
const [addresses, endpoints, id] = process.argv.slice(2) as [string, string, string];
const run = new WebhookRun(JSON.parse(addresses) as StackAddresses, JSON.parse(endpoints) as TestEndpoint[], id);
await run.start();
process.stdout.write('started\n');
