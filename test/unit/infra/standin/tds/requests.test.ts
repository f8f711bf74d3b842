import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#infra/standin/sql/errors.ts';
import type { SqlType, SqlValue } from '#infra/standin/sql/values.ts';
import { readBulk } from '#infra/standin/tds/bulkReader.ts';
import { encoderOf, rowEncoder } from '#infra/standin/tds/encoders.ts';
import type { ResultColumn } from '#infra/standin/tds/engineSession.ts';
import { PreparedStatements } from '#infra/standin/tds/preparedStatements.ts';
import { ProtocolError } from '#infra/standin/tds/protocol.ts';
import { readRpc } from '#infra/standin/tds/rpcReader.ts';
import { TokenWriter } from '#infra/standin/tds/tokenWriter.ts';
import { readTransactionRequest } from '#infra/standin/tds/transactionRequest.ts';
import { writeTypeInfo } from '#infra/standin/tds/typeInfo.ts';

type Sent = readonly [name: string, status: number, type: SqlType, value: SqlValue];

function build(write: (w: TokenWriter) => void): Buffer {
  const w = new TokenWriter(new PassThrough(), 51);
  write(w);
  return Buffer.from(w.buffer.subarray(0, w.at));
}

const writeArgument = (w: TokenWriter, [name, status, type, value]: Sent): void => {
  w.bVarchar(name);
  w.u8(status);
  writeTypeInfo(w, type);
  encoderOf(type)(w, value);
};

const rpc = (proc: string | number, ...args: Sent[]): Buffer =>
  build((w) => {
    if (typeof proc === 'string') w.usVarchar(proc);
    else w.bytes(Buffer.from([0xff, 0xff, proc, 0]));
    w.u16(0);
    for (const arg of args) writeArgument(w, arg);
  });

const message = (...calls: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([4, 0, 0, 0]),
    ...calls.flatMap((call, i) => (i === 0 ? [call] : [Buffer.from([0xff]), call])),
  ]);

const text = (value: string, name = ''): Sent => [name, 0, { k: 'nvarchar', n: 4000 }, value];
const int = (value: number | null, name = '', status = 0): Sent => [name, status, { k: 'int' }, value];

describe('readRpc', () => {
  it('reads several calls with names, defaults and output marks', () => {
    const calls = readRpc(message(rpc('dbo.p', int(1, '@a'), int(null, '@b', 3)), rpc(12, int(5))));
    expect(calls).toMatchObject([
      {
        name: 'dbo.p',
        procId: 0,
        args: [
          { name: '@a', value: 1, output: false, useDefault: false },
          { name: '@b', value: null, output: true, useDefault: true },
        ],
      },
      { name: '', procId: 12, args: [{ value: 5 }] },
    ]);
  });

  it('never fails but with a protocol or a SQL error, whatever the bytes', () => {
    const table = build((w) => {
      w.bytes(Buffer.from([0, 0, 0xf3, 0, 0]));
      w.bVarchar('LIST');
      w.u16(1);
      w.u32(0);
      w.u16(1);
      writeTypeInfo(w, { k: 'nvarchar', n: 20 });
      w.bytes(Buffer.from([0, 0, 1]));
      encoderOf({ k: 'nvarchar', n: 20 })(w, 'row');
      w.u8(0);
    });
    const whole = message(
      rpc('p', int(1), text('abc'), ['', 0, { k: 'sql_variant' }, { variant: { k: 'varchar', n: 5 }, value: 'v' }]),
      Buffer.concat([rpc('q', ['', 0, { k: 'varbinary', n: -1 }, Buffer.alloc(9)]), table]),
    );
    expect(readRpc(whole)[1]!.args[1]).toMatchObject({ kind: 'table', typeName: 'LIST', rows: [['row']] });
    checkMutations(whole, readRpc);
  });
});

describe('readBulk', () => {
  const columns: ResultColumn[] = [
    { name: 'a', type: { k: 'int' } },
    { name: 'b', type: { k: 'varchar', n: -1 } },
    { name: 'c', type: { k: 'decimal', p: 9, s: 2 } },
  ];
  const bulk = build((w) => {
    w.u8(0x81);
    w.u16(columns.length);
    for (const column of columns) {
      w.u32(0);
      w.u16(1);
      writeTypeInfo(w, column.type);
      w.bVarchar(column.name);
    }
    const encode = rowEncoder(columns);
    encode(w, [1, 'x', 100n]);
    w.bytes(Buffer.from([0xd2, 0b110]));
    encoderOf({ k: 'int' })(w, 2);
    w.bytes(Buffer.from([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  });

  it('reads rows with and without a bitmap of NULLs', () => {
    expect(readBulk(bulk)).toMatchObject({ columns: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
    expect(readBulk(bulk).rows).toEqual([
      [1, 'x', 100n],
      [2, null, null],
    ]);
  });

  it('never fails but with a protocol or a SQL error, whatever the bytes', () => {
    checkMutations(bulk, readBulk);
  });
});

describe('PreparedStatements', () => {
  const bind = (body: Buffer, statements = new PreparedStatements()) => statements.bind(readRpc(body)[0]!);

  it.each([
    ['by number', 10],
    ['by name', 'sp_executesql'],
    ['by qualified name', 'sys.sp_executesql'],
    ['in brackets', '[master].[dbo].[sp_executesql]'],
  ])('knows sp_executesql %s and binds its arguments by position', (_how, proc) => {
    expect(bind(message(rpc(proc, text('SELECT @a', '@statement'), text('@a int', '@params'), int(1, '@a'))))).toEqual({
      kind: 'execute',
      text: { statement: 'SELECT @a', declarations: '@a int' },
      skipped: 2,
    });
  });

  it('executes what was prepared under its handle', () => {
    const statements = new PreparedStatements();
    const prepare = bind(
      message(rpc(13, int(null, '@handle', 1), text('@a int'), text('SELECT @a'), int(1))),
      statements,
    );
    expect(prepare).toMatchObject({ kind: 'prepare', execute: true, skipped: 3 });
    const handle = statements.add({ statement: 'SELECT @a', declarations: '@a int' });
    expect(bind(message(rpc(12, int(handle), int(2))), statements)).toMatchObject({ kind: 'execute', skipped: 1 });
    statements.remove(handle);
    expect(() => bind(message(rpc(12, int(handle))), statements)).toThrow(
      /Could not find prepared statement with handle 1/,
    );
  });

  it('leaves other procedures to the engine, and tells the unknown ones by name', () => {
    expect(bind(message(rpc('[my schema].[sp_executesql]')))).toEqual({
      kind: 'procedure',
      name: '[my schema].[sp_executesql]',
    });
    expect(bind(message(rpc(2)))).toEqual({ kind: 'procedure', name: 'sp_cursoropen' });
  });

  it('misses a statement that is not text', () => {
    expect(() => bind(message(rpc(10, int(1))))).toThrow(SqlError);
  });
});

describe('readTransactionRequest', () => {
  const request = (...bytes: number[]): Buffer => Buffer.from([4, 0, 0, 0, ...bytes]);

  it('reads begin, save, commit and rollback with names and isolation', () => {
    expect(readTransactionRequest(request(5, 0, 5, 2, 65, 0))).toEqual({
      action: 'begin',
      isolation: 'snapshot',
      name: 'A',
    });
    expect(readTransactionRequest(request(9, 0, 2, 66, 0))).toEqual({ action: 'save', name: 'B' });
    expect(readTransactionRequest(request(8, 0, 0, 0))).toEqual({ action: 'rollback', name: '', next: null });
    expect(readTransactionRequest(request(7, 0, 0, 1, 2, 0))).toEqual({
      action: 'commit',
      name: '',
      next: { isolation: 'readCommitted', name: '' },
    });
  });

  it('refuses distributed transactions by a SQL error', () => {
    expect(() => readTransactionRequest(request(0, 0))).toThrow(SqlError);
  });
});

/** Cuts and changes the bytes in many ways; only the two kinds of error may come of it. */
function checkMutations(whole: Buffer, read: (body: Buffer) => unknown): void {
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.nat(whole.length), fc.boolean(), (changes, length, cut) => {
      const bad = Buffer.from(cut ? whole.subarray(0, length) : whole);
      for (const [at, byte] of changes) if (at < bad.length) bad[at] = byte;
      try {
        read(bad);
      } catch (error) {
        expect(error instanceof ProtocolError || error instanceof SqlError ? 'expected' : error).toBe('expected');
      }
    }),
    { numRuns: 3000 },
  );
}
