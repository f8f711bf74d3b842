import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { BROKEN_BODIES } from '#test/reliability/commands/corpus.ts';
import { runFuzz } from '#test/reliability/commands/fuzzRun.ts';
import { CommandClient } from '#test/support/commandClient.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { seededRandom } from '#test/support/seededRandom.ts';

let shop: CommandShop;
let client: CommandClient;

beforeAll(async () => {
  shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
  client = await CommandClient.open(shop);
});

afterAll(async () => {
  await client?.close();
  await shop?.close();
});

/** The long form is test/reliability/fuzzCommands.ts. */
describe('mutated requests', () => {
  it('never meet a fault of the server, a stack or a secret, and do what was answered and nothing else', async () => {
    const report = await runFuzz(client, shop, 2000, seededRandom(11));
    expect(report.faults).toEqual([]);
    expect([report.requests >= 2000, (report.statuses['422'] ?? 0) > 200]).toEqual([true, true]);
  });

  it('with a broken body leave every row as it was', async () => {
    const before = await shop.fingerprint();
    for (const payload of BROKEN_BODIES) {
      for (const url of ['/orders', '/batches', '/customers', '/reservations', '/orders/1/cancel']) {
        const answer = await client.raw(url, payload);
        expect([url, String(payload).slice(0, 40), answer.statusCode >= 400 && answer.statusCode < 500]).toEqual([
          url,
          String(payload).slice(0, 40),
          true,
        ]);
      }
    }
    expect(await shop.fingerprint()).toBe(before);
  });
});
