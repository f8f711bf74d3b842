import { beforeEach, describe, expect, test } from 'vitest';
import { parseSignal, receivedSignal } from '#connectors/capture/control.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { endOf } from '#connectors/capture/position.ts';
import { freshTable, SessionState } from '#connectors/capture/sessionState.ts';
import { applySignals } from '#connectors/capture/signals.ts';
import { TableControl } from '#connectors/capture/tableControl.ts';
import type { CapturedTable } from '#connectors/capture/types.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { captureSettings } from '#test/support/captureSettings.ts';

describe('a signal is read from JSON', () => {
  test.each([
    ['{"type":"pause"}', { type: 'pause' }],
    [
      '{"type":"snapshot","table":"dbo.T","fromKey":["a",7]}',
      { type: 'snapshot', table: 'dbo.T', fromKey: ['a', '7'] },
    ],
    [
      '{"type":"snapshot","table":"dbo.T","keys":[["a","b"],["c",7]]}',
      {
        type: 'snapshot',
        table: 'dbo.T',
        keys: [
          ['a', 'b'],
          ['c', '7'],
        ],
      },
    ],
    ['{"type":"resume-table","table":"dbo.T"}', { type: 'resume-table', table: 'dbo.T', how: 'catch-up' }],
    ['{"type":"stop-snapshot","id":"x"}', { type: 'stop-snapshot', id: 'x' }],
  ])('%s', (json, signal) => expect(parseSignal(json)).toEqual(signal));

  test.each([
    ['nonsense', /expected a JSON object/],
    ['[]', /expected a JSON object/],
    ['{"type":"explode"}', /expected type to be one of pause, resume, .*found "explode"/],
    ['{"type":"pause","table":"dbo.T"}', /expected nothing beside type pause, found "table"/],
    ['{"type":"snapshot"}', /expected table as text, found nothing/],
    ['{"type":"snapshot","table":"T"}', /expected table as schema\.table, found "T"/],
    ['{"type":"snapshot","table":"dbo.T","toKey":[]}', /expected toKey as a list/],
    ['{"type":"snapshot","table":"dbo.T","keys":[]}', /expected keys as a list of 1 to 500 keys/],
    [`{"type":"snapshot","table":"dbo.T","keys":${JSON.stringify(Array(501).fill(['a']))}}`, /expected keys as a list/],
    ['{"type":"snapshot","table":"dbo.T","keys":[["a"]],"toKey":["b"]}', /keys without a condition or a range/],
    ['{"type":"resume-table","table":"dbo.T","how":"now"}', /expected how to be catch-up or snapshot/],
    ['{"type":"log"}', /expected message as text/],
  ])('or refused with what was expected: %s', (json, message) => {
    expect(() => parseSignal(json)).toThrow(message);
    expect(receivedSignal('7', json)).toMatchObject({ offset: '7', error: { code: 'CAPTURE_SIGNAL_INVALID' } });
  });
});

describe('signals', () => {
  let state: SessionState;
  let told: CaptureNotification[];
  let control: TableControl;
  const at = endOf(lsn('0'.repeat(19).concat('9')));
  const table = {
    id: 'dbo.T',
    database: 'D',
    instance: { columns: [], keyColumns: ['A', 'B'] },
  } as unknown as CapturedTable;

  beforeEach(() => {
    told = [];
    const tables = { 'dbo.T': freshTable('i', 'initial') };
    const start = { position: at, positionTimeMs: null, tables, paused: false, snapshots: [], signalOffset: '3' };
    state = new SessionState(start, ['dbo.T'], () => null);
    control = new TableControl({
      state,
      settings: captureSettings({ database: 'D', tables: [] }),
      observer: { notify: (n) => told.push(n) },
      log: silentLogger,
      clock: systemClock,
      timeOf: async () => null,
    });
  });

  const send = async (...json: string[]): Promise<void> => {
    const source = {
      read: async (from: string | null) => json.map((text, i) => receivedSignal(String(Number(from ?? 0) + i), text)),
    };
    const context = { state, control, configured: ['dbo.T'], tableOf: () => table };
    await applySignals(source, context, new AbortController().signal);
  };

  test('move the offset that is stored with what they led to, the refused ones too', async () => {
    await send('{"type":"pause"}', 'nonsense', '{"type":"pause"}');
    expect(state.current).toMatchObject({ paused: true, signalOffset: '6' });
    expect(state.current.signals).toMatchObject([
      { offset: '3', outcome: 'applied', reason: null },
      { offset: '4', outcome: 'refused' },
      { offset: '5', outcome: 'refused', reason: 'it is paused already' },
    ]);
    expect(told.map((n) => n.type)).toEqual(['paused', 'signal_applied', 'signal_refused', 'signal_refused']);
  });

  test('that name a table nobody captures, a key of the wrong length or a name in use are refused with the reason', async () => {
    await send(
      '{"type":"snapshot","table":"dbo.NOPE"}',
      '{"type":"snapshot","table":"DBO.t","fromKey":["one"]}',
      '{"type":"snapshot","table":"dbo.T","keys":[["a","b"],["one"]]}',
      '{"type":"snapshot","id":"dbo.T","table":"dbo.T"}',
      '{"type":"resume-table","table":"dbo.T"}',
      '{"type":"stop-snapshot","id":"none"}',
    );
    expect(state.current.signals!.map((s) => s.reason)).toEqual([
      'table dbo.NOPE is not captured',
      'a key of this table has 2 parts, found 1',
      'a key of this table has 2 parts, found 1',
      'dbo.T is being read already',
      'table dbo.T is not stopped',
      'there is no none',
    ]);
    expect(state.snapshots).toEqual([]);
  });

  test('start, pause, resume and stop snapshots, of a table itself as well', async () => {
    await send('{"type":"snapshot","table":"dbo.T","toKey":["x","1"]}', '{"type":"pause-snapshot"}');
    expect(state.snapshots).toMatchObject([{ id: 'snapshot-3', table: 'dbo.T', toKey: ['x', '1'], paused: true }]);
    expect(state.table('dbo.T')!.snapshotPaused).toBe(true);
    await send('{"type":"resume-snapshot","id":"dbo.T"}');
    expect(state.table('dbo.T')!.snapshotPaused).toBeUndefined();
    expect(state.snapshots[0]!.paused).toBe(true);
    await send('{"type":"stop-snapshot"}');
    expect(state.snapshots).toEqual([]);
    expect(state.nameOf('dbo.T')).toBe('streaming');
  });

  test('resume a stopped table from its place, or leaving out what it missed', async () => {
    const place = endOf(lsn('0'.repeat(19).concat('5')));
    control.stop('dbo.T', { code: 'CDC_VALUE_UNFIT', reason: 'why', held: false }, place);
    await send('{"type":"resume-table","table":"dbo.T"}');
    expect(state.placeOf('dbo.T')).toBe(place);
    control.stop('dbo.T', { code: 'CDC_VALUE_UNFIT', reason: 'why', held: false });
    await send('{"type":"resume-table","table":"dbo.T","how":"snapshot"}');
    expect(state.placeOf('dbo.T')).toBe(at);
    expect(state.table('dbo.T')!.snapshot).toMatchObject({ state: 'pending', reason: 'requested' });
    expect(state.table('dbo.T')!.snapshot.sweep).toBeDefined();
  });
});
