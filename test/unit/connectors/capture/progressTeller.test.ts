import { describe, expect, it } from 'vitest';
import type { Detected } from '#connectors/capture/detect.ts';
import { endOf } from '#connectors/capture/position.ts';
import { ProgressTeller } from '#connectors/capture/progressTeller.ts';
import { SessionState } from '#connectors/capture/sessionState.ts';
import type { CaptureProgress, CaptureSink, TableState } from '#connectors/capture/types.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';

const at = (n: number): Lsn => lsn(n.toString(16).padStart(20, '0'));
const signal = new AbortController().signal;
const streaming: TableState = { instance: 'x', snapshot: { state: 'done', lastKey: null, rows: 1 } };
const READ_TO = 10;
const READ_TIME_MS = 5000;

function telling(tables: Record<string, TableState> = { 'dbo.A': streaming }) {
  const state = new SessionState(
    {
      position: endOf(at(READ_TO)),
      positionTimeMs: READ_TIME_MS,
      tables,
      paused: false,
      snapshots: [],
      signalOffset: null,
    },
    Object.keys(tables),
    () => null,
  );
  const told: CaptureProgress[] = [];
  let nowMs = 100_000;
  const teller = new ProgressTeller({
    database: 'EPOS',
    state,
    configured: Object.keys(tables),
    sink: { progress: async (progress: CaptureProgress) => void told.push(progress) } as unknown as CaptureSink,
    clock: { now: () => nowMs, sleep: async () => undefined },
    intervalMs: 1000,
  });
  const poll = (maxLsn: Lsn | null, provedMs: number | null, passesMs = 1000): Promise<void> => {
    nowMs += passesMs;
    return teller.tell({ maxLsn } as Detected, provedMs, signal);
  };
  return { state, told, poll };
}

describe('telling how far a capture has come', () => {
  it('takes the capture job for the proof of a quiet source only when everything captured was written', async () => {
    const { told, poll } = telling();
    await poll(at(READ_TO), 9000);
    await poll(at(READ_TO + 1), 20_000);
    await poll(at(READ_TO), null);
    expect(told.map(({ sourceTimeMs }) => sourceTimeMs)).toEqual([9000, READ_TIME_MS, READ_TIME_MS]);
  });

  it('never goes behind the commit time of what was written', async () => {
    const { told, poll } = telling();
    await poll(at(READ_TO), 10);
    expect(told[0]!.sourceTimeMs).toBe(READ_TIME_MS);
  });

  it('tells tables apart that were not read yet, stand behind or were stopped', async () => {
    const stop = { code: 'SQL_PERMISSION_DENIED', reason: '', at: endOf(at(3)), sinceMs: 1, held: true } as const;
    const { told, poll } = telling({
      'dbo.A': streaming,
      'dbo.NEW': { instance: 'x', snapshot: { state: 'running', lastKey: null, rows: 0 } },
      'dbo.BEHIND': { ...streaming, position: endOf(at(3)) },
      'dbo.HELD': { ...streaming, position: endOf(at(3)), stopped: stop },
    });
    await poll(at(READ_TO), null);
    expect(told[0]).toMatchObject({ complete: ['dbo.A'], waiting: ['dbo.NEW', 'dbo.BEHIND', 'dbo.HELD'] });
  });

  it('tells again once a second while nothing moves, and soon when something does', async () => {
    const { state, told, poll } = telling();
    for (let i = 0; i < 30; i++) await poll(at(READ_TO), null, 100);
    expect(told.length).toBe(3);
    state.moved(endOf(at(READ_TO + 1)), READ_TIME_MS + 1);
    await poll(at(READ_TO + 1), null, 200);
    expect(told.at(-1)!.position).toBe(endOf(at(READ_TO + 1)));
  });
});
