import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { endOf } from '#connectors/capture/position.ts';
import { freshTable, SessionState } from '#connectors/capture/sessionState.ts';
import { CAPTURE_TRANSITIONS, next, TABLE_TRANSITIONS } from '#connectors/capture/states.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';

const SPEC = readFileSync('connectors/capture/SPEC.md', 'utf8');

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The cells of the table of SPEC.md that follows a heading: event → state → what follows. */
function tableAfter(heading: string): Table {
  const lines = SPEC.slice(SPEC.indexOf(heading)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const rows = lines.slice(
    from,
    lines.findIndex((line, i) => i > from && !line.startsWith('|')),
  );
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
  const [head, , ...body] = cells;
  return Object.fromEntries(
    body.map(([event, ...after]) => [event, Object.fromEntries(after.map((to, i) => [head![i + 1]!, to]))]),
  );
}

/** The same from the code: `–` ignored, `!` cannot be. */
function tableOf(transitions: Table): Table {
  const events = Object.keys(Object.values(transitions)[0]!);
  const shown = (to: string): string => ({ ignored: '–', error: '!' })[to] ?? to;
  return Object.fromEntries(
    events.map((event) => [
      event,
      Object.fromEntries(Object.keys(transitions).map((state) => [state, shown(transitions[state]![event]!)])),
    ]),
  );
}

describe('SPEC.md', () => {
  test('shows the states of the capture as the code has them', () => {
    expect(tableAfter('### Transitions of the capture')).toEqual(tableOf(CAPTURE_TRANSITIONS));
  });

  test('shows the states of a table as the code has them', () => {
    expect(tableAfter('### Transitions of a table')).toEqual(tableOf(TABLE_TRANSITIONS));
  });

  test('names tests that are there', () => {
    const named = new Set([...SPEC.matchAll(/`(test\/[\w/.-]+\.ts)`/g)].map(([, path]) => path!));
    expect(named.size).toBeGreaterThan(8);
    expect([...named].filter((path) => !existsSync(path))).toEqual([]);
  });

  test('names a test for every guarantee and for every weakness that others have', () => {
    const rows = SPEC.split('\n').filter((line) => /^\| [GW]\d+ \|/.test(line));
    expect(rows.filter((row) => !/`test\//.test(row))).toEqual([]);
    expect(rows.filter((row) => row.startsWith('| W')).length).toBe(14);
  });
});

describe('a step that is not foreseen', () => {
  const start = {
    position: endOf(lsn('0'.repeat(20))),
    positionTimeMs: null,
    tables: { 'dbo.T': freshTable('i', 'initial') },
    paused: false,
    snapshots: [],
    signalOffset: null,
  };

  test('is an error of the engine, not a state nobody knows', () => {
    expect(() => next(CAPTURE_TRANSITIONS, 'streaming', 'opened')).toThrow(
      /cannot meet "opened" while it is "streaming"/,
    );
    const state = new SessionState(start, [], () => null);
    expect(() => state.resume('dbo.T')).toThrow(/cannot meet/);
  });

  test('cannot be hidden by a change that leads elsewhere', () => {
    const state = new SessionState(start, ['dbo.T'], () => null);
    expect(() => state.step('dbo.T', 'stop', (table) => table)).toThrow(/leads to "stopped", found "snapshotting"/);
  });

  test('is none for a table that stands still: it keeps its place and what it waits for', () => {
    const state = new SessionState(start, ['dbo.T'], () => null);
    const at = endOf(lsn('0'.repeat(19).concat('7')));
    state.stop('dbo.T', { code: 'CDC_VALUE_UNFIT', reason: '', at, sinceMs: 0, held: false });
    state.moved(endOf(lsn('0'.repeat(19).concat('9'))), null);
    expect(state.placeOf('dbo.T')).toBe(at);
    state.resume('dbo.T');
    expect(state.nameOf('dbo.T')).toBe('snapshotting');
    expect(state.placeOf('dbo.T')).toBe(at);
  });
});
