import { describe, expect, test } from 'vitest';
import type { MergeSource } from '#connectors/capture/merge.ts';
import { beforeLsn, endOf, type Position, position } from '#connectors/capture/position.ts';
import { planSegments } from '#connectors/capture/schemaPlan.ts';
import { blockedWithin, chained, segmentRanges, type TableSegment } from '#connectors/capture/schemaSegments.ts';
import { nextInstanceName } from '#connectors/sqlserver/captureInstances.ts';
import { decrementLsn, type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { type CaptureInstance, type ColumnType, sameType } from '#connectors/sqlserver/metadata.ts';
import { typeText } from '#connectors/sqlserver/typeText.ts';
import { toLsn } from '#test/support/fakeDdlSource.ts';

function instance(name: string, objectId: number, start: number, columns: readonly string[]): CaptureInstance {
  return {
    name,
    objectId,
    sourceObjectId: 1,
    schema: 'dbo',
    table: 'T',
    startLsn: toLsn(start),
    hasCommandId: true,
    keyColumns: ['ID'],
    droppedColumns: [],
    columns: columns.map((column, i) => ({
      name: column,
      sqlType: 'int',
      maxLength: 4,
      precision: 10,
      scale: 0,
      nullable: true,
      computed: false,
      ordinal: i + 1,
    })),
  };
}

const OLD = instance('old', 1, 10, ['ID', 'A']);
const NEW = instance('new', 2, 50, ['ID', 'A', 'B']);

const plan = (
  at: Position,
  candidates: readonly CaptureInstance[],
  more: Partial<Parameters<typeof planSegments>[0]> = {},
) =>
  planSegments({ position: at, candidates, history: [], planned: [], instanceName: 'old', take: 'complete', ...more });

const shape = (segments: ReturnType<typeof plan>['segments']) =>
  segments.map((s) => [s.instance.name, s.from, s.until] as const);

describe('the switch to a second capture instance', () => {
  test('lies at its start, when the table stands before it', () => {
    const { segments } = plan(endOf(toLsn(30)), [OLD, NEW]);
    expect(shape(segments)).toEqual([
      ['old', ZERO_LSN, toLsn(50)],
      ['new', toLsn(50), null],
    ]);
  });

  test('lies right after what is written, when the table stands behind its start', () => {
    expect(shape(plan(endOf(toLsn(80)), [OLD, NEW]).segments)).toEqual([['new', toLsn(81), null]]);
    const inside = position({ commitLsn: toLsn(80), commandId: 1, changeLsn: toLsn(79), op: 2 });
    expect(shape(plan(inside, [OLD, NEW]).segments)).toEqual([
      ['old', ZERO_LSN, toLsn(81)],
      ['new', toLsn(81), null],
    ]);
  });

  test('stays where it was planned when clean-up moves the starts up', () => {
    const first = plan(endOf(toLsn(30)), [OLD, NEW]);
    const cleaned = [OLD, NEW].map((i) => ({ ...i, startLsn: toLsn(70) }));
    const later = plan(endOf(toLsn(30)), cleaned, { planned: first.segments });
    expect(shape(later.segments)).toEqual(shape(first.segments));
  });

  test('is not made to an instance that lacks columns the table still has, unless any is taken', () => {
    const fewer = instance('fewer', 3, 50, ['ID']);
    const { segments, ignored } = plan(endOf(toLsn(30)), [OLD, fewer]);
    expect(shape(segments)).toEqual([['old', ZERO_LSN, null]]);
    expect(ignored).toMatchObject({ lacks: ['A'] });
    expect(shape(plan(endOf(toLsn(30)), [OLD, fewer], { take: 'newest' }).segments).at(-1)).toEqual([
      'fewer',
      toLsn(50),
      null,
    ]);
  });

  test('goes straight on in what is left when the instance that was read is gone', () => {
    const { segments, gone } = plan(endOf(toLsn(30)), [NEW]);
    expect(gone).toBe(true);
    expect(shape(segments)).toEqual([['new', ZERO_LSN, null]]);
    expect(plan(endOf(toLsn(30)), []).segments).toEqual([]);
  });
});

describe('what is read of each segment', () => {
  const segment = (
    name: string,
    from: Lsn,
    until: Lsn | null,
    blocked: TableSegment['blocked'] = null,
  ): TableSegment => ({
    table: { id: 'dbo.T', database: 'DB', instance: instance(name, 9, 1, ['ID']) },
    from,
    until,
    blocked,
  });
  const two = [segment('old', ZERO_LSN, toLsn(50)), segment('new', toLsn(50), null)];
  const ranges = (segments: readonly TableSegment[], from: Position, to: number) =>
    segmentRanges(segments, from, toLsn(to)).map((r) => [r.table.instance.name, r.from, r.to]);

  test('ends exactly at the switch and begins there', () => {
    expect(ranges(two, endOf(toLsn(30)), 60)).toEqual([
      ['old', endOf(toLsn(30)), toLsn(49)],
      ['new', beforeLsn(toLsn(50)), toLsn(60)],
    ]);
  });

  test('a window that ends at the switch reads that commit through the new instance', () => {
    expect(ranges(two, endOf(toLsn(30)), 50)).toEqual([
      ['old', endOf(toLsn(30)), toLsn(49)],
      ['new', beforeLsn(toLsn(50)), toLsn(50)],
    ]);
    expect(ranges(two, endOf(toLsn(30)), 49)).toEqual([['old', endOf(toLsn(30)), toLsn(49)]]);
    expect(ranges(two, endOf(toLsn(49)), 50)).toEqual([['new', beforeLsn(toLsn(50)), toLsn(50)]]);
    expect(decrementLsn(toLsn(50))).toBe(toLsn(49));
  });

  test('nothing of a blocked segment, or of what follows it', () => {
    const blocked = [
      two[0]!,
      segment('new', toLsn(50), null, { code: 'SCHEMA_INCOMPATIBLE', reason: 'x', held: false }),
    ];
    expect(ranges(blocked, endOf(toLsn(30)), 60)).toEqual([['old', endOf(toLsn(30)), toLsn(49)]]);
    expect(blockedWithin(blocked, toLsn(60))).toBe(blocked[1]);
    expect(blockedWithin(blocked, toLsn(49))).toBeNull();
  });

  test('sources follow one another, each asked when those before it are empty', async () => {
    const source = (...items: (number | Promise<number>)[]): MergeSource<number> => ({
      peek: () => items[0],
      take: () => void items.shift(),
    });
    const later: MergeSource<number> = { peek: () => Promise.resolve(undefined), take: () => undefined };
    const all = chained([source(1, Promise.resolve(2)), later, source(), source(3)]);
    const found: number[] = [];
    for (let next = await all.peek(); next !== undefined; next = await all.peek()) {
      found.push(next);
      all.take();
    }
    expect(found).toEqual([1, 2, 3]);
  });
});

describe('names and types in the statements for a person', () => {
  test('the next instance counts on, is free and not longer than allowed', () => {
    expect(nextInstanceName('dbo_ITEM', ['dbo_ITEM'])).toBe('dbo_ITEM_2');
    expect(nextInstanceName('dbo_ITEM_2', ['DBO_ITEM_2', 'dbo_ITEM_3'])).toBe('dbo_ITEM_4');
    expect(nextInstanceName('x'.repeat(100), [])).toBe(`${'x'.repeat(98)}_2`);
  });

  test('a type is written as it was declared', () => {
    const type = (sqlType: string, maxLength: number, precision = 0, scale = 0): ColumnType => ({
      sqlType,
      maxLength,
      precision,
      scale,
    });
    expect(typeText(type('nvarchar', 40))).toBe('nvarchar(20)');
    expect(typeText(type('nvarchar', -1))).toBe('nvarchar(max)');
    expect(typeText(type('varbinary', 8))).toBe('varbinary(8)');
    expect(typeText(type('decimal', 5, 9, 2))).toBe('decimal(9,2)');
    expect(typeText(type('datetime2', 8, 27, 7))).toBe('datetime2(7)');
    expect(typeText(type('timestamp', 8))).toBe('binary(8)');
    expect(typeText(type('bigint', 8, 19))).toBe('bigint');
    expect(sameType(type('int', 4, 10), type('int', 4, 10))).toBe(true);
  });
});
