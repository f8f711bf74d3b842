import { describe, expect, it } from 'vitest';
import { redisResults } from '#infra/ops/storeChecks.ts';

const info = (version: string, policy: string, aof: string): string =>
  [
    '# Server',
    `redis_version:${version}`,
    `maxmemory_policy:${policy}`,
    'maxmemory_human:1.00G',
    `aof_enabled:${aof}`,
  ].join('\r\n');
const faults = (text: string): string[] =>
  redisResults(text)
    .filter(({ ok }) => !ok)
    .map(({ check }) => check);

describe('what Redis must be', () => {
  it('is 6.2 or newer and evicts nothing', () => {
    expect(faults(info('6.2.11', 'noeviction', '1'))).toEqual([]);
    expect(faults(info('6.0.16', 'noeviction', '1'))).toEqual(['Redis version']);
    expect(faults(info('7.4.0', 'allkeys-lru', '1'))).toEqual(['Redis eviction']);
  });

  it('may lose everything at a restart, and then says so', () => {
    const persistence = redisResults(info('7.0.15', 'noeviction', '0')).find(
      ({ check }) => check === 'Redis persistence',
    );
    expect(persistence).toMatchObject({ ok: true, actual: 'none: a restart loses the copies and rebuilds them' });
  });
});
