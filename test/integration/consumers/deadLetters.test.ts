import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LetterDesk } from '#consumers/runner/letterDesk.ts';
import { listLetters } from '#consumers/runner/letterReader.ts';
import { replayRecords } from '#consumers/runner/replay.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { POISON_NAME, product, type ShopTables } from '#test/support/consumers/shopTables.ts';
import { eventually } from '#test/support/eventually.ts';

const signal = new AbortController().signal;
type Product = ShopTables['dbo.PRODUCT'];
const thing = (number: number, name: string): Product => ({
  CODE: `P${String(number).padStart(5, '0')}    `,
  NAME: name,
  LONG_DESC: 'text',
  CAT: 'AAA ',
  VAT: 'S',
  PRICE: '1.00',
  SEQ: 1n,
  LIVE: 'Y',
});

/** The shop's documents with a projection that takes what the first one could not. */
function corrected(config: Config): Config {
  const project: typeof product.project = (context) => {
    const root = context.root as Product;
    return product.project({ ...context, root: { ...root, NAME: root.NAME.replace(POISON_NAME, 'Cured') } });
  };
  return { ...config, catalog: { documents: [{ ...product, project }] } } as Config;
}

describe('dead letters of running consumers', () => {
  let shop: TestShop;
  let running: RunningConsumers;
  let desk: LetterDesk;
  const groupPrefix = () => shop.config.consumers.groupPrefix;
  const open = () => listLetters(shop.kafka, groupPrefix(), {}, signal);

  beforeAll(async () => {
    shop = await new TestShop(inject('stack')).open();
    desk = new LetterDesk(shop.kafka, groupPrefix(), 1);
    await shop.feed.put('dbo.PRODUCT', [thing(1, POISON_NAME), thing(2, 'Well')], { op: 'r' });
    running = await shop.start();
  });

  afterAll(async () => {
    await desk.close();
    await running.stop();
    await shop.close();
  });

  it('come back while the cause is there and settle when it is gone', async () => {
    await eventually(async () => expect((await open()).map(({ code }) => code)).toEqual(['PROJECTION_FAILED']), {
      timeoutMs: 30_000,
    });
    const letters = await open();
    expect(letters[0]).toMatchObject({
      groupId: `${groupPrefix()}.catalog.product.v1.wide`,
      attempts: 1,
      rows: [
        {
          alias: 'root',
          table: 'dbo.PRODUCT',
          key: '{"CODE":"P00001    "}',
          position: `${'1'.padStart(20, '0')}${'0'.repeat(29)}`,
        },
      ],
    });
    await desk.redeliver(letters, 'operator', signal);
    await eventually(async () => expect(await desk.outcomes(letters, signal)).toEqual(['came back']));

    await running.stop();
    running = await shop.start(corrected(shop.config));
    const again = await open();
    await desk.redeliver(again, 'operator', signal);
    await eventually(async () => expect(await desk.outcomes(again, signal)).toEqual(['settled']), {
      timeoutMs: 30_000,
    });
    await eventually(async () => expect((await shop.search.get('P00001'))?.document.name).toBe('Cured'));
    expect(await open()).toEqual([]);
  });

  it('are not needed for a replay: an index that lost a document gets it back from the topics', async () => {
    await eventually(async () => expect(await shop.search.get('P00002')).not.toBeNull());
    await shop.elastic.request('DELETE', `/${running.status('catalog.product')['index']}/_doc/P00002?refresh=true`);
    expect(await shop.search.get('P00002')).toBeNull();
    const [topic] = (await shop.kafka.listTopics()).filter(
      (name) => name.endsWith('dbo.PRODUCT') && name.startsWith(shop.id),
    );
    const ranges = await shop.kafka.topicOffsets(topic!);
    const sent = await replayRecords(
      {
        kafka: shop.kafka,
        groupPrefix: groupPrefix(),
        groupId: `${groupPrefix()}.rows`,
        topic: topic!,
        from: new Map([...ranges].map(([partition, { begin }]) => [partition, begin])),
        ratePerSecond: 1000,
      },
      signal,
    );
    expect(sent).toBe(2);
    await eventually(async () => expect((await shop.search.get('P00002'))?.document.name).toBe('Well'), {
      timeoutMs: 20_000,
    });
  });
});
