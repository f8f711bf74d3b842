import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeByPosition } from '#connectors/capture/merge.ts';
import { type ChangeRow, PairJoiner } from '#connectors/capture/pairs.ts';
import { endOf, parsePosition, position, snapshotPosition } from '#connectors/capture/position.ts';
import { isBitSet, RowReader } from '#connectors/capture/rowReader.ts';
import { type ChangePage, TableStream } from '#connectors/capture/tableStream.ts';
import { type CapturedTable, UNAVAILABLE } from '#connectors/capture/types.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance, SourceColumn } from '#connectors/sqlserver/metadata.ts';

const at = (n: number): Lsn => lsn(n.toString(16).padStart(20, '0'));
const row = (commit: number, seq: number, operation: number, image: Record<string, unknown>): ChangeRow => ({
  commitLsn: at(commit),
  commandId: 1,
  changeLsn: at(seq),
  operation,
  image,
});

describe('positions', () => {
  const parts = fc.record({
    commitLsn: fc.bigInt({ min: 0n, max: 2n ** 80n - 1n }).map((n) => lsn(n.toString(16).padStart(20, '0'))),
    commandId: fc.nat(0x7fffffff),
    changeLsn: fc.bigInt({ min: 0n, max: 2n ** 80n - 1n }).map((n) => lsn(n.toString(16).padStart(20, '0'))),
    op: fc.constantFrom(0, 1, 2, 3, 4),
  });

  test('compare as text like their parts one after the other', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const order = (p: typeof a) => [
          BigInt(`0x${p.commitLsn}`),
          BigInt(p.commandId),
          BigInt(`0x${p.changeLsn}`),
          BigInt(p.op),
        ];
        const i = order(a).findIndex((part, k) => part !== order(b)[k]);
        const expected = i < 0 ? 0 : order(a)[i]! < order(b)[i]! ? -1 : 1;
        const [x, y] = [position(a), position(b)];
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(expected);
        expect(parsePosition(x)).toEqual(a);
      }),
      { numRuns: 1000 },
    );
  });

  test('a snapshot row comes before, and the end after, every change of its LSN', () => {
    fc.assert(
      fc.property(parts, (p) => {
        expect(snapshotPosition(p.commitLsn) <= position(p)).toBe(true);
        expect(position(p) < endOf(p.commitLsn)).toBe(true);
      }),
    );
  });
});

describe('joining the halves of updates', () => {
  const joiner = (): PairJoiner => new PairJoiner('dbo.T', ['ID']);

  test('an update becomes one change with both images', () => {
    const join = joiner();
    expect(join.push(row(1, 1, 3, { ID: 1, V: 'a' }))).toEqual([]);
    const [change] = join.push(row(1, 1, 4, { ID: 1, V: 'b' }));
    expect(change).toMatchObject({ op: 'u', before: { ID: 1, V: 'a' }, after: { ID: 1, V: 'b' } });
    expect(change!.position.at(-1)).toBe('4');
  });

  test('an update of the key becomes a delete and a create that stay together', () => {
    const join = joiner();
    join.push(row(1, 1, 3, { ID: 1 }));
    const [deleted, created] = join.push(row(1, 1, 4, { ID: 2 }));
    expect(deleted).toMatchObject({ op: 'd', before: { ID: 1 }, resumeAt: null });
    expect(created).toMatchObject({ op: 'c', after: { ID: 2 } });
    expect(deleted!.position < created!.position).toBe(true);
    // Going on after the create must not read the pair again.
    expect(parsePosition(created!.resumeAt!).op).toBe(4);
  });

  test.each([
    ['a new image without its old one', [row(1, 1, 4, { ID: 1 })]],
    ['an old image followed by another change', [row(1, 1, 3, { ID: 1 }), row(1, 2, 4, { ID: 1 })]],
    ['an unknown operation', [row(1, 1, 7, { ID: 1 })]],
  ])('%s is refused', (_what, rows) => {
    const join = joiner();
    expect(() => rows.forEach((r) => void join.push(r))).toThrow(/half of the update/);
  });

  test('an old image at the end is refused', () => {
    const join = joiner();
    join.push(row(1, 1, 3, { ID: 1 }));
    expect(() => join.end()).toThrow(/half of the update/);
  });
});

const pageOf = (rows: readonly ChangeRow[], mark: Lsn | null = at(0)): ChangePage => ({
  length: rows.length,
  row: (i) => rows[i]!,
  mark,
});

describe('reading a change table page by page', () => {
  const table = {
    id: 'dbo.T',
    database: 'D',
    instance: { keyColumns: ['ID'] } as unknown as CaptureInstance,
  } as CapturedTable;

  test('gives the same changes for every page size, pairs across pages included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(1, 2, 3), { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        async (ops, page) => {
          const rows = ops.flatMap((op, i) =>
            op === 3
              ? [row(1 + (i >> 2), i, 3, { ID: i }), row(1 + (i >> 2), i, 4, { ID: i })]
              : [row(1 + (i >> 2), i, op, { ID: i })],
          );
          const stream = new TableStream(
            table,
            async (from, to, limit) =>
              pageOf(
                rows.filter((r) => position({ ...r, op: r.operation }) > from && r.commitLsn <= to).slice(0, limit),
              ),
            endOf(at(0)),
            at(100),
            page,
          );
          const seen: number[] = [];
          for (let next = await stream.peek(); next; next = await stream.peek()) {
            seen.push((next.after ?? next.before)!['ID'] as number);
            stream.take();
          }
          expect(seen).toEqual(ops.map((_, i) => i));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a page of a change table', () => {
  const table = { id: 'dbo.T', database: 'D', instance: { name: 'i', keyColumns: ['ID'] } } as unknown as CapturedTable;
  const read = async (pages: readonly ChangePage[], from = endOf(at(4))): Promise<unknown[]> => {
    const left = [...pages];
    const stream = new TableStream(table, async () => left.shift()!, from, at(100), 2);
    const seen: unknown[] = [];
    for (let next = await stream.peek(); next; next = await stream.peek()) {
      seen.push(next.after?.['ID']);
      stream.take();
    }
    return seen;
  };
  const rows = [row(5, 1, 2, { ID: 1 }), row(6, 1, 2, { ID: 2 })];

  test('counts as whole when clean-up has not passed its beginning', async () => {
    expect(await read([pageOf(rows, at(5)), pageOf([], at(6))])).toEqual([1, 2]);
  });

  test('is refused when clean-up ran under it, whatever rows came', async () => {
    await expect(read([pageOf(rows, at(6))])).rejects.toMatchObject({ code: 'CDC_LSN_NOT_AVAILABLE' });
    await expect(read([pageOf([], at(6))])).rejects.toMatchObject({ code: 'CDC_LSN_NOT_AVAILABLE' });
  });

  test('needs its own transaction whole when it begins inside one', async () => {
    const inside = position({ commitLsn: at(5), commandId: 0, changeLsn: at(0), op: 2 });
    await expect(read([pageOf(rows, at(6))], inside)).rejects.toMatchObject({ code: 'CDC_LSN_NOT_AVAILABLE' });
    expect(await read([pageOf(rows, at(5)), pageOf([], at(5))], inside)).toEqual([1, 2]);
  });

  test('says so when its capture instance is gone', async () => {
    await expect(read([pageOf(rows, null)])).rejects.toMatchObject({ code: 'CDC_INSTANCE_DROPPED' });
  });

  test('gives the changes before a row that cannot be read, and then the reason', async () => {
    const bad: ChangePage = {
      length: 2,
      mark: at(1),
      row: (i) => {
        if (i === 1) throw new Error('unreadable');
        return rows[0]!;
      },
    };
    const stream = new TableStream(table, async () => bad, endOf(at(4)), at(100), 2);
    expect((await stream.peek())?.after).toEqual({ ID: 1 });
    stream.take();
    await expect(stream.peek()).rejects.toThrow('unreadable');
  });

  test('is all a table holds in memory, however long its transaction is', async () => {
    let largest = 0;
    let n = 0;
    const pages = 400;
    const stream = new TableStream(
      table,
      async (_from, _to, limit) => {
        largest = Math.max(largest, limit);
        const first = n;
        n += limit;
        return {
          length: first >= pages * limit ? 0 : limit,
          mark: at(1),
          row: (i) => row(5, first + i, 2, { ID: first + i }),
        };
      },
      endOf(at(4)),
      at(5),
      500,
    );
    let changes = 0;
    for (let next = await stream.peek(); next; next = await stream.peek()) {
      changes++;
      stream.take();
    }
    expect(changes).toBe(pages * 500);
    expect(largest).toBe(500);
  });
});

describe('merging', () => {
  test('gives what sorting everything would give, equal ones in the order of their sources', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(20), { maxLength: 12 }), { maxLength: 8 }), async (lists) => {
        const sorted = lists.map((list) => [...list].sort((a, b) => a - b).map((n) => String(n).padStart(3, '0')));
        const sources = sorted.map((list, source) => {
          let i = 0;
          const item = () => (list[i] === undefined ? undefined : { at: list[i]!, source });
          return { peek: () => (i % 2 ? item() : Promise.resolve(item())), take: () => void i++ };
        });
        const merged: string[] = [];
        for await (const run of mergeByPosition(sources, (x) => x.at))
          merged.push(...run.map(({ at, source }) => `${at}/${source}`));
        const expected = sorted.flatMap((list, source) => list.map((at) => ({ at, source })));
        expected.sort((a, b) => (a.at === b.at ? a.source - b.source : a.at < b.at ? -1 : 1));
        expect(merged).toEqual(expected.map(({ at, source }) => `${at}/${source}`));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the update mask', () => {
  test('is read from the right end: ordinal 1 is the lowest bit of the last byte', () => {
    expect(isBitSet(Buffer.from([0x00, 0x01]), 1)).toBe(true);
    expect(isBitSet(Buffer.from([0x01, 0x00]), 9)).toBe(true);
    expect(isBitSet(Buffer.from([0x02, 0x01]), 10)).toBe(true);
    expect(isBitSet(Buffer.from([0x02, 0x01]), 2)).toBe(false);
    expect(isBitSet(Buffer.from([0x01]), 9)).toBe(false);
  });
});

describe('images of large columns', () => {
  const column = (name: string, ordinal: number, sqlType: string, nullable: boolean): SourceColumn => ({
    name,
    sqlType,
    ordinal,
    nullable,
    maxLength: sqlType === 'int' ? 4 : 16,
    precision: 0,
    scale: 0,
    computed: false,
  });
  const reader = new RowReader({
    schema: 'dbo',
    table: 'T',
    columns: [column('ID', 1, 'int', false), column('NOTE', 2, 'text', true), column('BODY', 3, 'text', false)],
  } as unknown as CaptureInstance);

  test('an untouched one is unavailable, one set to NULL is null', () => {
    expect(reader.fromChange([1, null, null], 0, 4, Buffer.from([0b001]))).toEqual({
      ID: 1,
      NOTE: UNAVAILABLE,
      BODY: UNAVAILABLE,
    });
    expect(reader.fromChange([1, null, 'b'], 0, 4, Buffer.from([0b110]))).toEqual({ ID: 1, NOTE: null, BODY: 'b' });
    expect(reader.fromChange([1, null, null], 0, 3, Buffer.from([0b001]))).toEqual({
      ID: 1,
      NOTE: UNAVAILABLE,
      BODY: UNAVAILABLE,
    });
  });

  test('a NULL where the table allows none is a named error', () => {
    expect(() => reader.fromChange([null, null, null], 0, 2, Buffer.from([7]))).toThrow(/dbo\.T\.ID is NOT NULL/);
  });
});
