import { afterEach, describe, expect, it, vi } from 'vitest';
import { isCaptured, publishRules, sourceRules } from '#infra/cli/captureRules.ts';
import { sourceOptions } from '#infra/cli/roles/sourceOptions.ts';
import { secretEnv } from '#infra/runtime/config/define.ts';
import { parseConfig } from '#infra/runtime/config/load.ts';
import { NO_RULES } from '#test/support/captureSettings.ts';

const BASE = {
  source: { server: 'db', database: 'EPOS', user: 'reader', password: secretEnv('P'), tables: ['dbo.*'] },
  kafka: { brokers: ['k:1'], topicPrefix: 'epos' },
  registry: { url: 'http://r:1' },
  elasticsearch: { url: 'http://e:1' },
  redis: { url: 'redis://r:1' },
  catalog: { documents: [] },
};
afterEach(() => vi.unstubAllEnvs());
const config = (source: object = {}, publish: object = {}) =>
  parseConfig({ ...BASE, source: { ...BASE.source, ...source }, publish });

describe('rules from the configuration', () => {
  it('are empty unless something is said', () => {
    expect(sourceRules(config())).toEqual(NO_RULES);
    expect(publishRules(config())).toEqual({
      tombstones: true,
      skippedOperations: [],
      skipUnchanged: false,
      transactions: false,
      heartbeatIntervalMs: 0,
      topicName: '{prefix}.{database}.{schema}.{table}',
      topics: [],
    });
  });

  it('masks take their salt from a secret, and each says one way', () => {
    vi.stubEnv('SALT', 'pepper');
    const rules = sourceRules(
      config({
        maskColumns: [
          { columns: ['dbo.CUSTOMER.EMAIL'], hash: { salt: secretEnv('SALT') }, keys: true },
          { columns: ['*.NAME'], stars: 5 },
          { columns: ['*.NOTE'], truncate: 0 },
        ],
      }),
    );
    expect(rules.masks).toEqual([
      { columns: ['dbo.CUSTOMER.EMAIL'], keys: true, mask: { kind: 'hash', algorithm: 'SHA-256', salt: 'pepper' } },
      { columns: ['*.NAME'], keys: false, mask: { kind: 'stars', length: 5 } },
      { columns: ['*.NOTE'], keys: false, mask: { kind: 'truncate', length: 0 } },
    ]);
    const both = { columns: ['*.NAME'], stars: 5, truncate: 1 };
    expect(() => config({ maskColumns: [both] })).toThrow(/expected one of hash, stars and truncate/);
    const literal = { columns: ['*.NAME'], hash: { salt: 'pepper' } };
    expect(() => config({ maskColumns: [literal] })).toThrow(/literal string \(not shown\)/);
  });

  it('a topic name has the table in it', () => {
    expect(() => config({}, { topicName: '{prefix}.all' })).toThrow(/expected a name with \{table\}/);
    expect(
      publishRules(config({}, { topicName: 'shop.{table}', topics: { 'dbo.*': { partitions: 9 } } })),
    ).toMatchObject({
      topicName: 'shop.{table}',
      topics: [{ table: 'dbo.*', partitions: 9 }],
    });
  });
});

describe('the intent of the login', () => {
  it('is to read and write unless the configuration says that a readable secondary will do', () => {
    vi.stubEnv('P', 'secret');
    expect(sourceOptions(config()).readOnlyIntent).toBe(false);
    expect(sourceOptions(config({ applicationIntent: 'read-only' })).readOnlyIntent).toBe(true);
  });
});

describe('whether a table is captured', () => {
  it('is told by the patterns of the main database', () => {
    const several = config({ tables: ['dbo.PRODUCT', 'web.sales.*'], excludeTables: ['*.LOG'] });
    expect(isCaptured(several, 'DBO.product')).toBe(true);
    expect(isCaptured(several, 'sales.ORDER')).toBe(false);
    expect(isCaptured(config({ excludeTables: ['*.LOG'] }), 'dbo.LOG')).toBe(false);
  });
});
