import sql from 'mssql';
import { describe, expect, it } from 'vitest';
import { INT, nvarchar } from '#infra/standin/sql/values.ts';
import type { EngineEvent, RpcArgument } from '#infra/standin/tds/engineSession.ts';
import { eventually } from '#test/support/eventually.ts';
import { errorEvent, PASSWORD } from './fakeEngine.ts';
import { connect, logged, start } from './fakeServer.ts';

const scalar = (args: readonly RpcArgument[], i: number): unknown => {
  const arg = args[i];
  return arg?.kind === 'scalar' ? arg.value : undefined;
};

describe('login by the mssql driver', () => {
  it('hands user, password and database over', async () => {
    const { engine, port } = await start();
    await connect(port, { database: 'EPOS', options: { appName: 'till' } });
    expect(engine.logins[0]).toMatchObject({
      user: 'sa',
      password: PASSWORD,
      database: 'EPOS',
      applicationName: 'till',
    });
    expect(engine.logins[0]).toMatchObject({ encrypted: false });
  });

  it('encrypts the connection when the client asks', async () => {
    const { engine, port } = await start({}, 'on');
    const pool = await connect(port, { encrypt: true });
    await pool.request().input('n', sql.Int, 5).query('select @n');
    expect(engine.logins[0]).toMatchObject({ encrypted: true });
  });

  it('serves a client without encryption beside encrypted ones', async () => {
    const { engine, port } = await start({}, 'on');
    await connect(port);
    expect(engine.logins[0]).toMatchObject({ encrypted: false });
  });

  it('refuses a plain client where encryption is required', async () => {
    const { engine, port } = await start({}, 'required');
    await expect(connect(port)).rejects.toThrow(/encrypt/);
    expect(engine.logins).toEqual([]);
    await eventually(() => expect(logged.join()).toContain('encryption is required'));
    await connect(port, { encrypt: true });
  });

  it('tells a wrong password and a database that is not there', async () => {
    const { port } = await start();
    await expect(connect(port, { password: 'wrong' })).rejects.toMatchObject({ code: 'ELOGIN' });
    await expect(connect(port, { database: 'absent' })).rejects.toThrow(/Login failed|Cannot open database/);
  });
});

describe('requests of the mssql driver', () => {
  const columns: EngineEvent = {
    kind: 'columns',
    columns: [
      { name: 'id', type: INT, nullable: false },
      { name: 'name', type: nvarchar(20) },
    ],
  };
  const done: EngineEvent = { kind: 'done', scope: 'batch', currentCommand: 0xc1 };

  it('returns several result sets, counts and messages of a batch', async () => {
    const { port } = await start({
      batch: (text) =>
        text.startsWith('select')
          ? [
              columns,
              {
                kind: 'rows',
                rows: [
                  [1, 'één'],
                  [2, null],
                ],
              },
              done,
              { kind: 'message', number: 0, severity: 0, state: 1, text: 'printed', line: 1, proc: '' },
              { kind: 'done', scope: 'batch', currentCommand: 0xc3, rowCount: 7 },
              columns,
              { kind: 'rows', rows: [] },
              { ...done, rowCount: 0 },
            ]
          : [],
    });
    const pool = await connect(port);
    const request = pool.request();
    const infos: string[] = [];
    request.on('info', (info: { message: string }) => infos.push(info.message));
    const result = await request.batch('select two');
    expect(result.recordsets).toEqual([
      [
        { id: 1, name: 'één' },
        { id: 2, name: null },
      ],
      [],
    ]);
    expect(result.rowsAffected).toEqual([2, 7, 0]);
    expect(infos).toEqual(['printed']);
  });

  it('sends no count where the statement has none', async () => {
    const { port } = await start({
      batch: (text) =>
        text.startsWith('select') ? [columns, { kind: 'rows', rows: [[1, 'a']] }, { ...done, noCount: true }] : [],
    });
    const pool = await connect(port);
    expect((await pool.request().batch('select')).rowsAffected).toEqual([]);
  });

  it('reports an error with number, state, line and procedure after rows', async () => {
    const { port } = await start({
      executeSql: () => [columns, { kind: 'rows', rows: [[1, 'a']] }, errorEvent(2627, 'duplicate'), done],
    });
    const pool = await connect(port);
    await expect(pool.request().query('insert')).rejects.toMatchObject({ number: 2627, lineNumber: 3, class: 16 });
    await expect(pool.request().query('insert')).rejects.toMatchObject({ message: 'duplicate' });
  });

  it('goes on after an error that did not end the batch', async () => {
    const { port } = await start({
      batch: (text) =>
        text === 'go on'
          ? [errorEvent(547, 'conflict'), { ...done, failed: true }, { ...done, rowCount: 3, currentCommand: 0xc5 }]
          : [],
    });
    const pool = await connect(port);
    await expect(pool.request().batch('go on')).rejects.toMatchObject({ number: 547 });
  });

  it('calls a procedure with output values and a return code', async () => {
    const { engine, port } = await start({
      rpc: (_name, args) => [
        columns,
        { kind: 'rows', rows: [[Number(scalar(args, 0)), 'x']] },
        { kind: 'done', scope: 'inProc', currentCommand: 0xc1 },
        { kind: 'returnStatus', value: 4 },
        { kind: 'output', ordinal: 1, type: nvarchar(20), value: 'back' },
      ],
    });
    const pool = await connect(port);
    const result = await pool.request().input('a', sql.Int, 9).output('b', sql.NVarChar(20)).execute('[my schema].[p]');
    expect(result.returnValue).toBe(4);
    expect(result.output).toEqual({ b: 'back' });
    expect(result.recordset).toEqual([{ id: 9, name: 'x' }]);
    expect(engine.calls).toContain('rpc [my schema].[p]');
  });

  it('passes a table-valued parameter', async () => {
    let table: RpcArgument | undefined;
    const { port } = await start({
      rpc: (_name, args) => {
        table = args[0];
        return [];
      },
    });
    const pool = await connect(port);
    const rows = new sql.Table('storefront.OrderLines');
    rows.columns.add('code', sql.VarChar(10), { nullable: false });
    rows.columns.add('qty', sql.Int, { nullable: true });
    rows.columns.add('price', sql.Decimal(9, 2), { nullable: true });
    rows.rows.add('A1', 2, 3.5);
    rows.rows.add('B2', null, null);
    await pool.request().input('lines', rows).execute('storefront.AcceptOrder');
    expect(table).toMatchObject({
      kind: 'table',
      name: '@lines',
      typeSchema: 'storefront',
      typeName: 'OrderLines',
      rows: [
        ['A1', 2, 350n],
        ['B2', null, null],
      ],
    });
  });

  it('prepares, executes and unprepares a statement', async () => {
    const { engine, port } = await start();
    const pool = await connect(port);
    const prepared = new sql.PreparedStatement(pool);
    prepared.input('n', sql.Int);
    await prepared.prepare('select @n as n');
    expect((await prepared.execute({ n: 5 })).recordset).toEqual([{ n: 5 }]);
    expect((await prepared.execute({ n: 6 })).recordset).toEqual([{ n: 6 }]);
    await prepared.unprepare();
    expect(engine.calls.filter((call) => call.startsWith('prepare'))).toEqual(['prepare select @n as n']);
  });

  it('tells the error of a statement that cannot be prepared', async () => {
    const { port } = await start({ prepare: () => [errorEvent(102, 'Incorrect syntax', 15)] });
    const pool = await connect(port);
    await expect(new sql.PreparedStatement(pool).prepare('selec')).rejects.toMatchObject({ number: 102 });
  });

  it('begins, saves, rolls back and commits transactions', async () => {
    const { engine, port } = await start();
    const pool = await connect(port);
    const transaction = new sql.Transaction(pool);
    await transaction.begin(sql.ISOLATION_LEVEL.SNAPSHOT);
    await new sql.Request(transaction).query('select 1');
    await transaction.rollback();
    const second = new sql.Transaction(pool);
    await second.begin();
    await second.commit();
    const asked = engine.calls.filter((call) => /^(begin|commit|rollback)/.test(call));
    expect(asked).toEqual(['begin snapshot', 'rollback', 'begin readCommitted', 'commit']);
  });

  it('tells the driver of a transaction the server has rolled back', async () => {
    const { port } = await start({
      executeSql: () => [
        errorEvent(1205, 'deadlock victim', 13),
        { kind: 'env', change: 'transaction', action: 'rollback', descriptor: 77n },
        { ...done, failed: true },
      ],
    });
    const pool = await connect(port);
    const transaction = new sql.Transaction(pool);
    let aborted = false;
    transaction.on('rollback', (byServer: boolean) => {
      aborted = byServer;
    });
    await transaction.begin();
    await expect(new sql.Request(transaction).query('update')).rejects.toMatchObject({ number: 1205 });
    expect(aborted).toBe(true);
  });

  it('takes a bulk load', async () => {
    const { engine, port } = await start();
    const pool = await connect(port);
    const table = new sql.Table('dbo.T');
    table.columns.add('id', sql.Int, { nullable: false });
    table.columns.add('name', sql.NVarChar(sql.MAX), { nullable: true });
    for (let i = 0; i < 1000; i++) table.rows.add(i, i % 3 === 0 ? null : `name ${i}`);
    const result = await pool.request().bulk(table);
    expect(result.rowsAffected).toBe(1000);
    expect(engine.bulkLoads[0]!.statement).toMatch(/insert bulk/i);
    expect(engine.bulkLoads[0]!.rows.slice(0, 2)).toEqual([
      [0, null],
      [1, 'name 1'],
    ]);
  });

  it('closes the connection with an error when the engine fails, and goes on for others', async () => {
    const { port } = await start({
      executeSql: (text) => {
        if (text === 'fail') throw new TypeError('a fault');
        return [];
      },
    });
    const pool = await connect(port);
    await expect(pool.request().query('fail')).rejects.toThrow();
    expect(logged.join()).toContain('request_failed');
    await (await connect(port)).request().query('fine');
  });
});
