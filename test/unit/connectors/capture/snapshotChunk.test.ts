import { describe, expect, test } from 'vitest';
import { position, snapshotPosition } from '#connectors/capture/position.ts';
import { type ChunkOrigin, RowsChunk, SweepChunk } from '#connectors/capture/snapshotChunk.ts';
import {
  type CapturedTable,
  type ChangeEvent,
  type EarlierRow,
  type Row,
  UNAVAILABLE,
} from '#connectors/capture/types.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';

const at = (n: number): Lsn => lsn(n.toString(16).padStart(20, '0'));

function table(keyColumns: readonly string[]): CapturedTable {
  const instance = { name: 'dbo_T', schema: 'dbo', table: 'T', startLsn: at(1), keyColumns } as CaptureInstance;
  return { id: 'dbo.T', database: 'DB', instance };
}

const T = table(['ID']);

function change(n: number, before: Row | null, after: Row | null, of = T): ChangeEvent {
  const op = before === null ? 'c' : after === null ? 'd' : 'u';
  const place = position({ commitLsn: at(n), commandId: 1, changeLsn: at(n), op: 2 });
  const lsns = { position: place, commitLsn: at(n), changeLsn: at(n), resumeAt: place };
  return { table: of, op, before, after, ...lsns, commitTimeMs: 0, capturedAtMs: 0 };
}

const origin = (of = T): ChunkOrigin => ({
  ...{ job: 'dbo.T', table: of, range: 0, bounds: [null], totalRows: null, after: null, readAtMs: 5, mark: null },
});

function rowsChunk(rows: readonly Row[], view: { from: number; to: number | null }, of = T): RowsChunk {
  const keyOf = (i: number): string[] => [String(rows[i]!['ID'])];
  const to = view.to === null ? null : at(view.to);
  return new RowsChunk(origin(of), { from: at(view.from), to, rows, keyOf, last: false });
}

const shown = (chunk: RowsChunk | SweepChunk): unknown[] => chunk.events().map(({ event }) => [event.op, event.after]);

describe('rows that were read and wait for the stream', () => {
  const rows = [
    { ID: 1, V: 'a', NOTES: 'long a' },
    { ID: 2, V: 'b', NOTES: 'long b' },
    { ID: 3, V: 'c', NOTES: 'long c' },
  ];

  test('take in what changed between the two ends of their view, and nothing else', () => {
    const chunk = rowsChunk(rows, { from: 10, to: 20 });
    chunk.changed(change(10, rows[0]!, { ...rows[0]!, V: 'before the view' }));
    chunk.changed(change(20, rows[1]!, { ...rows[1]!, V: 'within' }));
    chunk.changed(change(21, rows[2]!, { ...rows[2]!, V: 'after the view' }));
    chunk.changed(change(15, null, { ID: 9, V: 'of another chunk', NOTES: '' }));
    expect(shown(chunk)).toEqual([
      ['r', rows[0]],
      ['r', { ...rows[1], V: 'within' }],
      ['r', rows[2]],
    ]);
    expect(chunk.place).toBe(snapshotPosition(at(20)));
  });

  test('keep the large value that was read, or the last that was told, where a change leaves it out', () => {
    const chunk = rowsChunk(rows, { from: 10, to: 20 });
    chunk.changed(change(11, rows[0]!, { ID: 1, V: 'x', NOTES: UNAVAILABLE }));
    chunk.changed(change(11, rows[1]!, { ID: 2, V: 'b', NOTES: 'told' }));
    chunk.changed(change(12, rows[1]!, { ID: 2, V: 'y', NOTES: UNAVAILABLE }));
    expect(shown(chunk).slice(0, 2)).toEqual([
      ['r', { ID: 1, V: 'x', NOTES: 'long a' }],
      ['r', { ID: 2, V: 'y', NOTES: 'told' }],
    ]);
  });

  test('lose rows that were deleted, or moved to another key', () => {
    const chunk = rowsChunk(rows, { from: 10, to: 20 });
    chunk.changed(change(11, rows[0]!, null));
    chunk.changed(change(12, rows[1]!, { ...rows[1]!, ID: 7 }));
    expect(shown(chunk)).toEqual([['r', rows[2]]]);
  });

  test('get a deleted row back when it was made again', () => {
    const chunk = rowsChunk(rows, { from: 10, to: 20 });
    chunk.changed(change(11, rows[0]!, null));
    chunk.changed(change(12, null, { ID: 1, V: 'again', NOTES: 'n' }));
    expect(shown(chunk)[0]).toEqual(['r', { ID: 1, V: 'again', NOTES: 'n' }]);
  });

  test('stand right behind the newest captured commit when only a proof tells where they stand', () => {
    const chunk = rowsChunk(rows, { from: 10, to: null });
    expect(chunk.isPlaced).toBe(false);
    chunk.changed(change(500, rows[0]!, { ...rows[0]!, V: 'late' }));
    chunk.proven(at(500));
    expect(chunk.releaseAt).toBe(at(500));
    expect(chunk.place > change(500, null, rows[0]!).position).toBe(true);
    expect(chunk.place < change(501, null, rows[0]!).position).toBe(true);
    expect(shown(chunk)[0]).toEqual(['r', { ...rows[0], V: 'late' }]);
  });

  test('are read again when a change of another version of the table, or of a table without key, meets them', () => {
    const other = rowsChunk(rows, { from: 10, to: 20 });
    other.changed(change(11, rows[0]!, rows[0]!, table(['ID'])));
    expect(other.void).toBe(true);
    const keyless = rowsChunk(rows, { from: 10, to: 20 }, table([]));
    keyless.changed(change(11, null, { ID: 77 }));
    expect(keyless.void).toBe(true);
  });

  test('are read again when masks make their keys the same', () => {
    const chunk = rowsChunk([{ ID: 'xx' }, { ID: 'xx' }], { from: 10, to: 20 });
    chunk.changed(change(11, { ID: 'xx' }, null));
    expect(chunk.void).toBe(true);
  });
});

describe('rows the topic has from before a lost interval', () => {
  const earlier = [1, 2, 3, 4].map((id): EarlierRow => {
    const row = { ID: id, V: 'old' };
    return { recordKey: Buffer.from([id]), key: { ID: id }, row: id === 4 ? null : row };
  });
  const found = { from: at(10), to: at(20), earlier, rows: [{ ID: 1, V: 'new' }, null, null, null], last: false };

  test('get a delete under their own key when they are gone', () => {
    const chunk = new SweepChunk(origin(), found, false, () => false);
    const events = chunk
      .events()
      .map(({ event, key }) => [event.op, event.before, event.asPublished?.recordKey[0], key]);
    expect(events).toEqual([
      ['d', { ID: 2, V: 'old' }, 2, null],
      ['d', { ID: 3, V: 'old' }, 3, null],
      ['d', null, 4, null],
    ]);
  });

  test('are left alone when the stream has told of them, however early the change was', () => {
    const chunk = new SweepChunk(origin(), found, false, ({ key }) => key['ID'] === 4);
    chunk.changed(change(2, { ID: 2, V: 'old' }, null));
    chunk.changed(change(19, null, { ID: 3, V: 'made again' }));
    chunk.changed(change(21, { ID: 1, V: 'new' }, null));
    expect(chunk.events()).toEqual([]);
  });

  test('are written as they are now when the rows were not all read again', () => {
    const chunk = new SweepChunk(origin(), found, true, () => false);
    expect(shown(chunk)[0]).toEqual(['r', { ID: 1, V: 'new' }]);
  });
});
