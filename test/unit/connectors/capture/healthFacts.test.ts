import { describe, expect, test } from 'vitest';
import { FactReader } from '#connectors/capture/healthFacts.ts';
import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const NO_SIGNAL = new AbortController().signal;
const ROW = {
  server: 'A',
  created: '2025-01-01',
  is_cdc_enabled: true,
  log_reuse_wait: 'NOTHING',
  updateability: 'READ_WRITE',
  mapped_oldest: Buffer.alloc(10, 1),
  mapped_lsn: Buffer.alloc(10, 2),
  mapped_end: '2026-01-01 00:00:00.000',
  mapped_id: Buffer.from([0, 9]),
  mapped_age: 12,
  scan_signature: '3/4',
  scan_errors: 0,
  agent_status: 4,
  job_count: 1,
  fork_guid: 'F-1',
  fork_point: '36000000000600001',
};

/** A source that refuses statements naming any of these. */
function source(refused: readonly string[], row: Readonly<Record<string, unknown>> = ROW) {
  const asked: string[] = [];
  const query = (text: string): Promise<unknown[]> => {
    asked.push(text);
    if (refused.some((name) => text.includes(name))) {
      return Promise.reject(new SluiceError('SQL_PERMISSION_DENIED', 'not you'));
    }
    return Promise.resolve([row]);
  };
  return { asked, db: { query } as unknown as Queryable };
}

describe('looking at the source', () => {
  test('is one statement when everything may be seen', async () => {
    const { asked, db } = source([]);
    const facts = await new FactReader().read(db, lsn('0'.repeat(20)), 0, NO_SIGNAL);
    expect(asked).toHaveLength(1);
    expect(facts).toMatchObject({
      cdcEnabled: true,
      newest: { lsn: '02'.repeat(10), tranId: '0009', ageSeconds: 12 },
      scan: { seen: true, value: { signature: '3/4', errorCount: 0, mark: { sessionId: 3, emptyScans: 4 } } },
      agent: { seen: true, value: 'running' },
      job: { seen: true, value: 'present' },
      fork: { seen: true, value: { guid: 'F-1', pointLsn: '00000024000000060001' } },
    });
  });

  test('learns once what is hidden, leaves it out from then on, and asks again after a while', async () => {
    const { asked, db } = source(['cdc_jobs', 'dm_server_services']);
    const reader = new FactReader();
    const facts = await reader.read(db, null, 0, NO_SIGNAL);
    expect(reader.hidden).toEqual(['agent', 'job']);
    expect([facts.agent, facts.job]).toEqual([{ seen: false }, { seen: false }]);
    expect(facts.scan.seen).toBe(true);
    const before = asked.length;
    await reader.read(db, null, 1000, NO_SIGNAL);
    expect(asked.length - before).toBe(1);
    await reader.read(db, null, 11 * 60_000, NO_SIGNAL);
    expect(asked.length - before).toBeGreaterThan(2);
  });

  test('takes nothing from a readable secondary about the job of the primary', async () => {
    const { db } = source([], { ...ROW, updateability: 'READ_ONLY', scan_signature: null, job_count: 0 });
    const facts = await new FactReader().read(db, null, 0, NO_SIGNAL);
    for (const part of [facts.scan, facts.agent, facts.job, facts.fault]) expect(part).toEqual({ seen: false });
    expect(facts.newest).not.toBeNull();
  });

  test('gives other failures on', async () => {
    const db = { query: () => Promise.reject(new SluiceError('SQL_UNREACHABLE', 'away')) } as unknown as Queryable;
    await expect(new FactReader().read(db, null, 0, NO_SIGNAL)).rejects.toMatchObject({ code: 'SQL_UNREACHABLE' });
  });
});
