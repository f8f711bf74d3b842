import { expect, test } from 'vitest';
import { captureParts } from '#infra/cli/captures.ts';
import type { Config } from '#infra/runtime/config/config.ts';

const parts = (tables: readonly string[]) =>
  captureParts({
    source: { database: 'EPOS', tables },
    capture: { name: 'capture' },
    kafka: { topicPrefix: 'shop' },
  } as unknown as Config);

test('there is one capture for each database, the main one first, each with a position and a fence of its own', () => {
  expect(parts(['STOCK.dbo.LEVEL', 'dbo.PRODUCT', 'epos.dbo.PRICE', 'stock.dbo.MOVE*'])).toEqual([
    {
      name: 'capture',
      database: 'EPOS',
      tables: ['dbo.PRODUCT', 'dbo.PRICE'],
      transactionalId: 'shop.__sluice.capture',
    },
    {
      name: 'capture.STOCK',
      database: 'STOCK',
      tables: ['dbo.LEVEL', 'dbo.MOVE*'],
      transactionalId: 'shop.__sluice.capture.STOCK',
    },
  ]);
});
