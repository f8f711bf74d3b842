import { describe, expect, test } from 'vitest';
import { type ChangeRow, type JoinedChange, PairJoiner } from '#connectors/capture/pairs.ts';
import { parsePosition } from '#connectors/capture/position.ts';
import { at } from '#test/unit/connectors/publish/publishFixture.ts';

const row = (commit: number, seq: number, operation: number, id: number, commandId = 1): ChangeRow => ({
  commitLsn: at(commit),
  commandId,
  changeLsn: at(seq),
  operation,
  image: { ID: id, V: seq },
});

function join(rows: readonly ChangeRow[]): JoinedChange[] {
  const joiner = new PairJoiner('dbo.T', ['ID']);
  return [...rows.flatMap((r) => joiner.push(r)), ...joiner.end()];
}
const kinds = (changes: readonly JoinedChange[]) =>
  changes.map((c) => [c.op, (c.after ?? c.before)!['ID'], c.moved?.logged, c.moved?.other['ID'], c.resumeAt === null]);

describe('updates of the key', () => {
  test('logged as an update: a delete and a create that know of each other', () => {
    expect(kinds(join([row(1, 1, 3, 1), row(1, 1, 4, 2)]))).toEqual([
      ['d', 1, 'update', 2, true],
      ['c', 2, 'update', 1, false],
    ]);
  });

  test('logged as a delete and an insert with one change LSN, in different commands: the same', () => {
    const changes = join([row(1, 1, 1, 1), row(1, 1, 2, 2, 2)]);
    expect(kinds(changes)).toEqual([
      ['d', 1, 'replacement', 2, true],
      ['c', 2, 'replacement', 1, false],
    ]);
    expect(parsePosition(changes[1]!.resumeAt!).op).toBe(2);
    expect(changes[1]!.resumeAt).toBe(changes[1]!.position);
  });

  test.each([
    ['of two rows in one statement, whose change LSNs differ', [row(1, 1, 1, 1), row(1, 2, 2, 2)]],
    ['of two transactions', [row(1, 1, 1, 1), row(2, 1, 2, 2)]],
    ['that keep the key (a MERGE)', [row(1, 1, 1, 1), row(1, 1, 2, 1)]],
  ])('a delete and an insert %s are two changes', (_what, rows) => {
    const changes = join(rows);
    expect(changes.map((c) => [c.op, c.moved, c.resumeAt === null])).toEqual([
      ['d', undefined, false],
      ['c', undefined, false],
    ]);
  });

  test('a delete at the end comes out, deletes in a row stay in order', () => {
    expect(
      join([row(1, 1, 1, 1), row(1, 2, 1, 2), row(1, 3, 3, 3), row(1, 3, 4, 3), row(1, 4, 1, 4)]).map((c) => c.op),
    ).toEqual(['d', 'd', 'u', 'd']);
  });

  test('half an update after a delete is still refused', () => {
    expect(() => join([row(1, 1, 1, 1), row(1, 2, 4, 2)])).toThrow(/half of the update/);
  });
});
