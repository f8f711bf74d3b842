import { describe, expect, inject, test } from 'vitest';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  createCaptured,
  enableInstance as enable,
  expectEveryWrite,
  type Fill,
  finishChanging as finished,
  lastRows,
  SchemaRun,
  SchemaWriter,
  STILL_ID,
  startChanging,
} from '#test/support/schemaChangeRun.ts';

const env = useCaptureShop();

const started = (table: string, columns: string, fill: Fill, given = {}) =>
  startChanging(env, table, columns, fill, given);

describe('a captured table changes while it is written to', () => {
  test('a column added: told with the statement to run, switched at the new instance, the gap filled', {
    timeout: 60_000,
  }, async () => {
    const { id, writer, run } = await started('ADDED', 'V int NULL', { V: (n) => `${n}` });
    await env.shop.batch(`INSERT INTO dbo.ADDED (ID, N) VALUES (${STILL_ID}, 0), (${STILL_ID + 1}, 0)`);
    await env.shop.batch('ALTER TABLE dbo.ADDED ADD MORE int NULL');
    await env.shop.batch(`UPDATE dbo.ADDED SET MORE = 42 WHERE ID = ${STILL_ID}`);
    writer.fill = { V: (n) => `${n}`, MORE: (n) => `${n}` };
    const { columns, script } = await run.told('column_not_captured', id);
    expect(columns).toEqual(['MORE']);
    await writer.write(5);
    await env.shop.batch(script);
    const switched = await run.told('instance_switched', id);
    expect(switched).toMatchObject({ from: 'dbo_ADDED', to: 'dbo_ADDED_2' });
    const gap = await run.told('column_gap', id);
    expect(gap).toMatchObject({ columns: ['MORE'], repaired: true });
    expect(gap.sinceLsn < gap.untilLsn).toBe(true);
    const leave = await run.told('instance_may_be_dropped', id);
    expect(leave.instance).toBe('dbo_ADDED');
    await env.shop.batch(leave.script);
    const check = await finished(run, id, writer);
    const records = await check();
    // Without the column before the switch, with it from the very LSN on.
    for (const { envelope } of records.filter((r) => r.envelope && r.envelope.op !== 'r')) {
      const lsn = envelope!.source.commit_lsn!.replaceAll(':', '');
      expect('MORE' in envelope!.after!, `${lsn} beside ${gap.untilLsn}`).toBe(lsn >= gap.untilLsn);
      if (lsn >= gap.untilLsn) expect(envelope!.after!['MORE']).toBe(envelope!.after!['V']);
    }
    // The row that got its value in the gap is read again, the one that did not is not.
    await eventually(
      async () => {
        const rows = lastRows(await run.records(id));
        expect(rows.get(STILL_ID)).toMatchObject({ MORE: 42 });
        expect(rows.get(STILL_ID + 1)).not.toHaveProperty('MORE');
      },
      { timeoutMs: 20_000 },
    );
    await run.stop();
  });

  test('a column added NOT NULL with a default is in every row after the switch', { timeout: 60_000 }, async () => {
    const { id, writer, run } = await started('FILLED', 'V int NULL', { V: (n) => `${n}` });
    await env.shop.batch(`INSERT INTO dbo.FILLED (ID, N) VALUES (${STILL_ID}, 0)`);
    await env.shop.batch('ALTER TABLE dbo.FILLED ADD MORE int NOT NULL CONSTRAINT DF_MORE DEFAULT 5');
    await env.shop.batch((await run.told('column_not_captured', id)).script);
    await run.told('column_gap', id);
    const check = await finished(run, id, writer);
    await eventually(
      async () => {
        const rows = lastRows(await run.records(id));
        expect([...rows.values()].map((r) => r['MORE'])).toEqual([...rows.keys()].map(() => 5));
      },
      { timeoutMs: 20_000 },
    );
    await check();
    await run.stop();
  });

  test('a column dropped leaves the records at its place, without a second instance', { timeout: 60_000 }, async () => {
    const { id, writer, run } = await started('DROPPED', 'V int NULL, GONE int NOT NULL', {
      V: (n) => `${n}`,
      GONE: (n) => `${n}`,
    });
    await writer.write(5);
    writer.fill = { V: (n) => `${n}` };
    await env.shop.batch('ALTER TABLE dbo.DROPPED ALTER COLUMN GONE int NULL');
    await env.shop.batch('ALTER TABLE dbo.DROPPED DROP COLUMN GONE');
    const check = await finished(run, id, writer);
    const records = (await check()).filter((r) => r.envelope && r.envelope.op !== 'r');
    const fields = records.sort((a, b) => (a.position < b.position ? -1 : 1)).map((r) => 'GONE' in r.envelope!.after!);
    expect(fields.includes(true) && fields.includes(false)).toBe(true);
    expect(fields.indexOf(false)).toBeGreaterThan(fields.lastIndexOf(true));
    await run.stop();
  });

  test('a column widened in place: older changes keep their type, later ones have the new, each under its own schema', {
    timeout: 60_000,
  }, async () => {
    const { id, writer, run } = await started('WIDER', 'V int NULL, T varchar(5) NOT NULL', {
      V: (n) => `${n}`,
      T: (n) => `'t${n % 100}'`,
    });
    await env.shop.batch('ALTER TABLE dbo.WIDER ALTER COLUMN V bigint NULL');
    await env.shop.batch('ALTER TABLE dbo.WIDER ALTER COLUMN T nvarchar(40) NOT NULL');
    writer.fill = { V: (n) => `${9_000_000_000 + n}`, T: (n) => `N'wide ${n}'` };
    const check = await finished(run, id, writer);
    for (const { envelope } of (await check()).filter((r) => r.envelope)) {
      const { N, V, T } = envelope!.after!;
      const wide = typeof T === 'string' && T.startsWith('wide');
      expect(wide ? V : BigInt(V as bigint)).toBe(wide ? 9_000_000_000n + BigInt(N as number) : BigInt(N as number));
    }
    const types = new Set((await run.records(id)).flatMap((r) => (r.envelope ? [typeof r.envelope.after!['V']] : [])));
    expect([...types].sort()).toEqual(['bigint', 'number']);
    await run.stop();
  });

  test('a column made NOT NULL stays nullable for readers; one made NULL becomes nullable', {
    timeout: 60_000,
  }, async () => {
    const { id, writer, run } = await started('NULLS', 'A int NULL, B int NOT NULL', {
      A: () => 'NULL',
      B: (n) => `${n}`,
    });
    await writer.write(8);
    writer.fill = { A: (n) => `${n}`, B: (n) => `${n}` };
    await writer.write(20);
    await env.shop
      .batch('UPDATE dbo.NULLS SET A = 0 WHERE A IS NULL; ALTER TABLE dbo.NULLS ALTER COLUMN A int NOT NULL')
      .catch(() => undefined);
    await env.shop.batch('ALTER TABLE dbo.NULLS ALTER COLUMN B int NULL');
    writer.fill = { A: (n) => `${n}`, B: () => 'NULL' };
    await writer.write(10);
    const check = await finished(run, id, writer);
    const rows = (await check()).flatMap((r) => (r.envelope?.after ? [r.envelope.after] : []));
    expect(rows.some((r) => r['A'] === null)).toBe(true);
    expect(rows.some((r) => r['B'] === null)).toBe(true);
    expect(run.capture.status().tables[id]).toMatchObject({ state: 'streaming' });
    await run.stop();
  });

  test('an incompatible change stops that table alone, with both remedies; resumed it loses nothing', {
    timeout: 60_000,
  }, async () => {
    await createCaptured(env.shop, 'BESIDE', '');
    await createCaptured(env.shop, 'NARROW', 'V bigint NULL');
    const beside = new SchemaWriter(env.shop, 'dbo.BESIDE', {});
    const writer = new SchemaWriter(env.shop, 'dbo.NARROW', { V: (n) => `${n}` });
    await Promise.all([beside.write(10), writer.write(10)]);
    const run = new SchemaRun(env, ['dbo.BESIDE', 'dbo.NARROW']);
    await run.streaming();
    await writer.write(10);
    await run.drained('dbo.NARROW', writer);
    writer.start();
    await env.shop.batch('ALTER TABLE dbo.NARROW ALTER COLUMN V int NULL');
    const told = await run.told('table_stopped', 'dbo.NARROW');
    expect(told.code).toBe('SCHEMA_INCOMPATIBLE');
    const { reason } = await run.told('schema_incompatible', 'dbo.NARROW');
    expect(reason).toMatch(/dbo\.NARROW-value.*let readers follow first.*or make the change compatible at the source/);
    await beside.write(20);
    await run.drained('dbo.BESIDE', beside);
    const subject = `${run.setup.topicPrefix}.SHOP.dbo.NARROW-value`;
    const answer = await fetch(`${inject('stack').registry!.url}/config/${subject}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: '{"compatibility":"NONE"}',
    });
    expect(answer.ok, await answer.text()).toBe(true);
    run.signals.push({ offset: '0', signal: { type: 'resume-table', table: 'dbo.NARROW', how: 'catch-up' } });
    await run.told('table_resumed', 'dbo.NARROW');
    const check = await finished(run, 'dbo.NARROW', writer);
    const types = new Set((await check()).flatMap((r) => (r.envelope?.after ? [typeof r.envelope.after['V']] : [])));
    expect([...types].sort()).toEqual(['bigint', 'number']);
    await run.stop();
  });

  test('an instance with fewer columns is not taken over unless asked for', { timeout: 60_000 }, async () => {
    const { id, writer, run } = await started('FEWER', 'V int NULL', { V: (n) => `${n}` });
    await env.shop.batch(`${enable('FEWER', 'dbo_FEWER_2')}, @captured_column_list = N'ID, N'`);
    expect(await run.told('instance_not_taken', id)).toMatchObject({ instance: 'dbo_FEWER_2', lacks: ['V'] });
    const check = await finished(run, id, writer);
    expect((await check()).every((r) => !r.envelope?.after || 'V' in r.envelope.after)).toBe(true);
    await run.stop();
    const other = new SchemaRun(env, [id], {
      from: run,
      settings: {
        schemaChange: {
          onNewColumn: 'report',
          take: 'newest',
          backfill: true,
          createInstances: false,
          dropOldInstances: false,
        },
      },
    });
    await other.told('instance_switched', id);
    await writer.write(10);
    const records = await other.drained(id, writer);
    expectEveryWrite(records, writer);
    await other.stop();
  });

  test('a table renamed goes on under its id and topic, after a restart too', { timeout: 60_000 }, async () => {
    const { id, writer, run } = await started('OLDNAME', 'V int NULL', { V: (n) => `${n}` });
    await writer.stop();
    await env.shop.batch("EXEC sp_rename 'dbo.OLDNAME', 'NEWNAME'");
    await env.shop.batch('DELETE FROM dbo.NEWNAME');
    const renamed = new SchemaWriter(env.shop, 'dbo.NEWNAME', { V: (n) => `${n}` }, 1000);
    await renamed.write(10);
    await run.drained(id, renamed);
    await run.stop();
    const again = new SchemaRun(env, [id], { from: run });
    expect(await again.told('table_renamed', id)).toMatchObject({ to: 'dbo.NEWNAME' });
    await renamed.write(10);
    const records = await again.drained(id, renamed);
    expect(new Set(records.flatMap((r) => r.envelope?.source.table ?? []))).toEqual(new Set(['OLDNAME']));
    // A snapshot reads the table under the name it has now.
    again.signals.push({ offset: '0', signal: { type: 'snapshot', table: id } });
    await eventually(
      async () =>
        expect(
          (await again.records(id)).filter((r) => r.envelope?.op === 'r' && Number(r.envelope.after?.['N']) > 1000)
            .length,
        ).toBe(7),
      { timeoutMs: 20_000 },
    );
    await again.stop();
  });

  test('an instance dropped and made again with its name is a loss of what lies between, and the table is read anew', {
    timeout: 60_000,
  }, async () => {
    const { id, writer, run } = await started('REMADE', 'V int NULL', { V: (n) => `${n}` });
    await writer.stop();
    await run.drained(id, writer);
    await env.shop.batch(
      "EXEC sys.sp_cdc_disable_table N'dbo', N'REMADE', N'dbo_REMADE'; UPDATE dbo.REMADE SET V = -1 WHERE ID = 1",
    );
    await env.shop.batch("EXEC sp_rename 'dbo.REMADE.V', 'W', 'COLUMN'");
    await env.shop.batch(enable('REMADE', 'dbo_REMADE'));
    await eventually(
      async () => {
        const rows = lastRows(await run.records(id));
        expect(rows.get(1)).toMatchObject({ W: -1 });
      },
      { timeoutMs: 30_000 },
    );
    expect(run.notes.some((n) => n.type === 'table_changes_lost' && n.table === id)).toBe(true);
    await run.stop();
  });
});
