import { describe, expect, test } from 'vitest';
import {
  continuityOf,
  findingOfError,
  judgeSource,
  type SourceFacts,
  type SourceMark,
  type SourceWatchFacts,
} from '#connectors/capture/health.ts';
import { SOURCE_STATE_NAMES, SOURCE_STATES, type SourceStateName } from '#connectors/capture/healthStates.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const at = (n: number): Lsn => lsn(n.toString(16).padStart(20, '0'));
const transaction = (n: number, endTime = `2026-01-01 00:00:0${n}.000`) => ({ lsn: at(n), endTime, tranId: `0${n}` });

const STORED: SourceMark = { server: 'A', created: '2025-01-01', fork: 'f1', ...transaction(5) };

/** A quiet source whose capture job is seen at work. */
function facts(change: Partial<SourceFacts> = {}): SourceFacts {
  return {
    server: 'A',
    created: '2025-01-01',
    cdcEnabled: true,
    logReuseWait: 'NOTHING',
    fork: { seen: false },
    marked: transaction(5),
    oldestLsn: at(1),
    newest: { ...transaction(7), ageSeconds: 100 },
    scan: { seen: true, value: { signature: '3/1', errorCount: 0, mark: { sessionId: 3, emptyScans: 1 } } },
    fault: { seen: true, value: null },
    agent: { seen: true, value: 'running' },
    job: { seen: true, value: 'present' },
    ...change,
  };
}

const LIMITS = { quietAfterMs: 10_000, jobSilenceMs: 30_000 };

function watched(change: Partial<SourceWatchFacts> = {}): SourceWatchFacts {
  return { changedAgoMs: 60_000, provedAgoMs: 1000, watchedMs: 100_000, missing: [], stored: STORED, ...change };
}

const BLIND = { seen: false } as const;
const SILENT = { provedAgoMs: 31_000 };

/** For each state what shows it; a state without a case does not compile. Those of errors are told from the error. */
const CASES: Readonly<
  Record<Exclude<SourceStateName, 'unknown'>, readonly [Partial<SourceFacts>, Partial<SourceWatchFacts>] | SluiceError>
> = {
  changing: [{}, { changedAgoMs: 500 }],
  quiet: [{}, {}],
  quiet_unproven: [{ scan: BLIND, agent: BLIND, job: BLIND, fault: BLIND }, SILENT],
  capture_job_stopped: [{}, SILENT],
  capture_job_failing: [
    { scan: { seen: true, value: { signature: '4/0', errorCount: 1, mark: { sessionId: 4, emptyScans: 0 } } } },
    { provedAgoMs: 100, changedAgoMs: null },
  ],
  capture_job_missing: [{ job: { seen: true, value: 'absent' }, agent: { seen: true, value: 'stopped' } }, SILENT],
  agent_down: [{ agent: { seen: true, value: 'stopped' } }, SILENT],
  cdc_disabled: [{ cdcEnabled: false, newest: null, oldestLsn: null, marked: null }, {}],
  instance_dropped: [{}, { missing: ['dbo_STOCK'], changedAgoMs: 1 }],
  failed_over: [{ server: 'B' }, { provedAgoMs: null, watchedMs: 0 }],
  rewound: [{ marked: null, newest: { ...transaction(4), ageSeconds: 0 } }, { changedAgoMs: 1 }],
  diverged: [{ marked: transaction(5, '2026-02-02 00:00:00.000') }, { changedAgoMs: 1 }],
  login_refused: new SluiceError('SQL_LOGIN_FAILED', 'no'),
  rights_revoked: new SluiceError('SQL_PERMISSION_DENIED', 'no'),
  database_unavailable: new SluiceError('SQL_DATABASE_UNAVAILABLE', 'no'),
  connection_insecure: new SluiceError('SQL_CERTIFICATE_UNTRUSTED', 'no'),
  unreachable: new SluiceError('SQL_UNREACHABLE', 'no'),
};

describe('the state of the source', () => {
  test.each(Object.entries(CASES))('%s is told apart from all others', (state, shown) => {
    const found =
      shown instanceof SluiceError ? findingOfError(shown) : judgeSource(facts(shown[0]), watched(shown[1]), LIMITS);
    expect(found?.state).toBe(state);
    expect(found?.reason).not.toBe('');
  });

  test('every state has a severity, and all but the good ones a remedy', () => {
    expect(Object.keys(SOURCE_STATES).sort()).toEqual([...SOURCE_STATE_NAMES].sort());
    for (const [name, { severity, remedy }] of Object.entries(SOURCE_STATES)) {
      expect(remedy !== '', name).toBe(severity !== 'ok' && name !== 'unknown');
    }
  });

  test('what cannot be seen is said, not guessed: only three missing idle rows prove a dead job then', () => {
    const blind = { scan: BLIND, agent: BLIND, job: BLIND, fault: BLIND };
    const judge = (ageSeconds: number) =>
      judgeSource(facts({ ...blind, newest: { ...transaction(7), ageSeconds } }), watched(SILENT), LIMITS).state;
    expect(judge(14 * 60)).toBe('quiet_unproven');
    expect(judge(15 * 60)).toBe('capture_job_stopped');
  });

  test('a job that was seen at work is not called dead because the Agent looks stopped', () => {
    expect(judgeSource(facts({ agent: { seen: true, value: 'stopped' } }), watched(), LIMITS).state).toBe('quiet');
  });

  test('a new server that stays silent becomes a stopped job, with both names', () => {
    const found = judgeSource(facts({ server: 'B' }), watched({ provedAgoMs: null, watchedMs: 31_000 }), LIMITS);
    expect(found).toMatchObject({ state: 'capture_job_stopped', reason: expect.stringContaining('server A is now B') });
  });

  test('a log that waits for the capture job is named', () => {
    const found = judgeSource(facts({ logReuseWait: 'REPLICATION' }), watched(SILENT), LIMITS);
    expect(found.reason).toContain('cannot be truncated');
  });
});

describe('the continuity of the log', () => {
  test.each([
    ['unmarked', null, {}],
    ['proved', STORED, {}],
    ['diverged, another time', STORED, { marked: transaction(5, 'other') }],
    ['diverged, another transaction', STORED, { marked: { ...transaction(5), tranId: 'ff' } }],
    ['pending', STORED, { marked: null, newest: null, oldestLsn: null }],
    ['rewound', STORED, { marked: null, newest: { ...transaction(4), ageSeconds: 1 } }],
    ['forgotten', STORED, { marked: null, oldestLsn: at(6) }],
    ['diverged, a gap where it was', STORED, { marked: null }],
    ['diverged, forked before it', STORED, { fork: { seen: true, value: { guid: 'f2', pointLsn: at(4) } } }],
    ['proved, forked after it', STORED, { fork: { seen: true, value: { guid: 'f2', pointLsn: at(5) } } }],
    [
      'diverged, forked and cleaned up',
      STORED,
      { marked: null, oldestLsn: at(6), fork: { seen: true, value: { guid: 'f2', pointLsn: at(3) } } },
    ],
  ] as const)('%s', (expected, stored, change) => {
    expect(continuityOf(stored, facts(change))).toBe(expected.split(',')[0]);
  });
});
