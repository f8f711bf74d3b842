import type sql from 'mssql';
import { describe, expect, it } from 'vitest';
import { INT, nvarchar } from '#infra/standin/sql/values.ts';
import type { EngineEvent } from '#infra/standin/tds/engineSession.ts';
import { eventually } from '#test/support/eventually.ts';
import { numbers } from './fakeEngine.ts';
import { connect, start } from './fakeServer.ts';

describe('long requests of the mssql driver', () => {
  const columns: EngineEvent = {
    kind: 'columns',
    columns: [
      { name: 'id', type: INT, nullable: false },
      { name: 'name', type: nvarchar(20) },
    ],
  };
  const done: EngineEvent = { kind: 'done', scope: 'batch', currentCommand: 0xc1 };

  it('cancels a running request and keeps the connection', async () => {
    const { engine, port } = await start({
      executeSql: (text, args, { signal }) =>
        text === 'wait' ? untilAborted(signal) : [columns, { kind: 'rows', rows: [[args.length, null]] }, done],
    });
    const pool = await connect(port, { pool: { max: 1 } });
    const request = pool.request();
    const outcome = request.query('wait').catch((error: sql.RequestError) => error.code);
    await eventually(() => expect(engine.calls).toContain('executeSql wait'));
    request.cancel();
    expect(await outcome).toBe('ECANCEL');
    expect((await pool.request().query('after')).recordset).toEqual([{ id: 0, name: null }]);
  });

  it('stops a long result when its reader cancels', async () => {
    const sent = { rows: 0 };
    const { port } = await start({
      batch: (text, { signal }) => (text === 'many' ? numbers(5_000_000, signal, sent) : []),
    });
    const pool = await connect(port);
    const request = pool.request();
    request.stream = true;
    const ended = new Promise((resolve) => request.on('error', resolve));
    request.once('row', () => request.cancel());
    request.batch('many');
    await ended;
    expect(sent.rows).toBeLessThan(1_000_000);
    await pool.request().query('select 1');
  });

  it('streams 100,000 rows to a slow reader without running ahead of it', async () => {
    const sent = { rows: 0 };
    const { port } = await start({
      batch: (text, { signal }) => (text === 'many' ? numbers(100_000, signal, sent) : []),
    });
    const pool = await connect(port);
    const request = pool.request();
    request.stream = true;
    let read = 0;
    let sum = 0;
    let sentAtPause = -1;
    await new Promise<void>((resolve, reject) => {
      request.on('row', (row: { n: number }) => {
        read++;
        sum += row.n;
        if (read !== 100) return;
        request.pause();
        void settled(() => sent.rows).then((rows) => {
          sentAtPause = rows;
          request.resume();
        });
      });
      request.on('error', reject);
      request.on('done', () => resolve());
      request.batch('many');
    });
    expect(read).toBe(100_000);
    expect(sum).toBe(5_000_050_000);
    expect(sentAtPause).toBeLessThan(100_000);
  });
});

/** Ends when the request is aborted. */
async function* untilAborted(signal: AbortSignal): AsyncGenerator<EngineEvent> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** The value once it has stopped changing. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  return eventually(
    () => {
      const now = read();
      if (now !== last) {
        last = now;
        throw new Error('still changing');
      }
      return now;
    },
    { everyMs: 100 },
  );
}
