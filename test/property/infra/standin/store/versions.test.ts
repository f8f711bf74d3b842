import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Blocked } from '#infra/standin/store/blocked.ts';
import { FIRST, LAST } from '#infra/standin/store/orderedMap.ts';
import { type Row, visible } from '#infra/standin/store/row.ts';
import { Table } from '#infra/standin/store/table.ts';
import type { Mark, Transaction } from '#infra/standin/store/transaction.ts';
import { Transactions } from '#infra/standin/store/transactions.ts';
import { Party } from '#infra/standin/store/waits.ts';

const INT = { k: 'int' } as const;

/** What a transaction sees in the model: committed rows at its beginning or now, with its own writes on top. */
interface Writer {
  readonly tx: Transaction;
  own: Map<number, number | null>;
  mark: { mark: Mark; own: Map<number, number | null> } | null;
}

interface Reader {
  readonly seq: number;
  readonly state: ReadonlyMap<number, number>;
}

function newTable(): Table {
  const table = new Table(
    {
      duplicate: () => new Error('duplicate'),
      updateConflict: () => new Error('conflict'),
      nextRowversion: () => Buffer.alloc(8),
    },
    [
      { name: 'id', type: INT },
      { name: 'value', type: INT },
    ],
    { name: 'pk', columns: [0], unique: true, primary: true, constraint: true, clustered: true },
  );
  table.addIndex({ name: 'ix', columns: [1], unique: false, primary: false, constraint: false, clustered: false });
  return table;
}

/** Rows by id as a reader sees them over an index; each row must come exactly once. */
function read(table: Table, indexAt: number, tx: Transaction | null, snapshot: number): Map<number, number> {
  const index = table.indexes[indexAt]!;
  const rows = new Map<number, number>();
  const cursor = index.entries.cursor(FIRST, LAST);
  while (cursor.next()) {
    const data = visible(cursor.value, tx, snapshot);
    if (data === null || !table.isCurrentEntry(index, cursor.key, data, cursor.value)) continue;
    expect(rows.has(data[0] as number)).toBe(false);
    rows.set(data[0] as number, data[1] as number);
  }
  return rows;
}

const step = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom(
    'put',
    'put',
    'put',
    'remove',
    'move',
    'commit',
    'rollback',
    'save',
    'restore',
    'open',
    'close',
  ),
  id: fc.nat({ max: 7 }),
  value: fc.nat({ max: 3 }),
});

test('every reader sees exactly the commits of its time, whatever others write, undo or commit meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const transactions = new Transactions(() => 0);
      const table = newTable();
      const committed = new Map<number, number>();
      const writers = new Map<number, Writer>();
      const readers: Reader[] = [];
      for (const { who, what, id, value } of steps) {
        if (what === 'open') readers.push({ seq: transactions.openReader(), state: new Map(committed) });
        else if (what === 'close') {
          const reader = readers.shift();
          if (reader) transactions.closeReader(reader.seq);
        } else act(transactions, table, committed, writers, who, what, id, value);
        for (const reader of readers)
          for (const at of [0, 1]) expect(read(table, at, null, reader.seq)).toEqual(reader.state);
        for (const at of [0, 1])
          expect(read(table, at, null, Number.POSITIVE_INFINITY)).toEqual(
            new Map([...committed].sort((a, b) => a[0] - b[0])),
          );
        for (const writer of writers.values())
          expect(read(table, 0, writer.tx, Number.POSITIVE_INFINITY)).toEqual(merged(committed, writer.own));
      }
      for (const writer of writers.values()) transactions.rollback(writer.tx);
      for (const reader of readers) transactions.closeReader(reader.seq);
      // Nothing is kept that nobody can see.
      for (const index of table.indexes) expect(index.entries.size).toBe(committed.size);
    }),
    { numRuns: 300 },
  );
});

function merged(committed: ReadonlyMap<number, number>, own: ReadonlyMap<number, number | null>): Map<number, number> {
  const all = new Map<number, number>(committed);
  for (const [id, value] of own)
    if (value === null) all.delete(id);
    else all.set(id, value);
  return new Map([...all].sort((a, b) => a[0] - b[0]));
}

function act(
  transactions: Transactions,
  table: Table,
  committed: Map<number, number>,
  writers: Map<number, Writer>,
  who: number,
  what: string,
  id: number,
  value: number,
): void {
  let writer = writers.get(who);
  if (!writer) {
    writer = { tx: transactions.begin(new Party(who)), own: new Map(), mark: null };
    writers.set(who, writer);
  }
  switch (what) {
    case 'commit':
      transactions.commit(writer.tx);
      for (const [key, v] of writer.own)
        if (v === null) committed.delete(key);
        else committed.set(key, v);
      writers.delete(who);
      return;
    case 'rollback':
      transactions.rollback(writer.tx);
      writers.delete(who);
      return;
    case 'save':
      writer.mark = { mark: writer.tx.mark(), own: new Map(writer.own) };
      return;
    case 'restore':
      if (!writer.mark) return;
      transactions.undoTo(writer.tx, writer.mark.mark);
      writer.own = new Map(writer.mark.own);
      return;
    default:
      write(transactions, table, committed, writer, what, id, value);
  }
}

function write(
  transactions: Transactions,
  table: Table,
  committed: ReadonlyMap<number, number>,
  writer: Writer,
  what: string,
  id: number,
  value: number,
): void {
  const index = table.indexes[0]!;
  const view = merged(committed, writer.own);
  const mark = writer.tx.mark();
  try {
    const row: Row | null = table.findUnique(writer.tx, index, index.keyOf([id, 0]));
    expect(row !== null).toBe(view.has(id));
    if (what === 'remove') {
      if (!row) return;
      table.delete(writer.tx, row);
      writer.own.set(id, null);
    } else if (what === 'move') {
      const to = (id + 1) % 8;
      if (!row || view.has(to)) return;
      table.moveRows(writer.tx, [{ row, data: [to, value] }]);
      writer.own.set(id, null);
      writer.own.set(to, value);
    } else {
      if (row) table.update(writer.tx, row, [id, value]);
      else table.insert(writer.tx, [id, value]);
      writer.own.set(id, value);
    }
  } catch (error) {
    if (!(error instanceof Blocked)) throw error;
    transactions.undoTo(writer.tx, mark);
  }
}
