import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { spawnCapture } from '#test/support/captureProcess.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  createCaptured,
  expectEveryWrite,
  type Fill,
  lastRows,
  SchemaRun,
  SchemaWriter,
} from '#test/support/schemaChangeRun.ts';

const env = useCaptureShop();

const enable = (table: string, instance: string): string =>
  `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table}', @role_name = NULL, @supports_net_changes = 0, @capture_instance = N'${instance}'`;
const disable = (table: string, instance: string): string =>
  `EXEC sys.sp_cdc_disable_table N'dbo', N'${table}', N'${instance}'`;

describe('a schema change when things go wrong beside it', () => {
  test('the capture is killed again and again while columns come, go and widen and instances are switched', {
    timeout: 120_000,
  }, async () => {
    await createCaptured(env.shop, 'KILLED', 'V int NULL, W int NULL');
    const writer = new SchemaWriter(env.shop, 'dbo.KILLED', { V: (n) => `${n}`, W: (n) => `${n}` });
    await writer.write(20);
    const first = new SchemaRun(env, ['dbo.KILLED']);
    await first.streaming();
    await writer.write(5);
    await first.drained('dbo.KILLED', writer);
    await first.stop();
    const changes = [
      ['ALTER TABLE dbo.KILLED ADD X int NULL', enable('KILLED', 'killed_2')],
      ['ALTER TABLE dbo.KILLED ALTER COLUMN V bigint NULL'],
      ['ALTER TABLE dbo.KILLED DROP COLUMN W', 'ALTER TABLE dbo.KILLED ADD Y int NULL'],
    ];
    const fills: readonly Fill[] = [
      { V: (n: number) => `${n}`, W: (n: number) => `${n}`, X: (n: number) => `${n}` },
      { V: (n: number) => `${9_000_000_000 + n}`, W: (n: number) => `${n}`, X: (n: number) => `${n}` },
      { V: (n: number) => `${9_000_000_000 + n}`, X: (n: number) => `${n}`, Y: (n: number) => `${n}` },
    ];
    writer.start();
    for (const [i, statements] of changes.entries()) {
      const child = spawnCapture(first.setup);
      const before = await first.records('dbo.KILLED');
      for (const statement of statements) await env.shop.batch(statement);
      writer.fill = fills[i]!;
      // Killed when it has begun to write: somewhere before, in or after the change.
      await eventually(
        async () => expect((await first.records('dbo.KILLED')).length).toBeGreaterThan(before.length + i),
        { timeoutMs: 30_000, everyMs: 20 },
      );
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const last = new SchemaRun(env, ['dbo.KILLED'], { from: first });
    await writer.write(20);
    await writer.stop();
    const records = await last.drained('dbo.KILLED', writer);
    expectEveryWrite(records, writer);
    for (const { envelope } of records.filter((r) => r.envelope?.op === 'u' || r.envelope?.op === 'c')) {
      const { N, V, X } = envelope!.after!;
      expect(Number(V) % 9_000_000_000).toBe(N);
      if (X !== undefined && X !== null) expect(X).toBe(N);
    }
    await eventually(
      async () => {
        const rows = lastRows(await last.records('dbo.KILLED'));
        expect([...rows.values()].map((r) => r['X'])).toEqual([...rows.values()].map((r) => r['N']));
      },
      { timeoutMs: 20_000 },
    );
    await last.stop();
  });

  test('a capture job that is late: everything about a change comes at once, after a restart, and is told apart', {
    timeout: 60_000,
  }, async () => {
    await createCaptured(env.shop, 'LATE', 'V int NULL, G int NOT NULL');
    const writer = new SchemaWriter(env.shop, 'dbo.LATE', { V: (n) => `${n}`, G: (n) => `${n}` });
    await writer.write(14);
    const run = new SchemaRun(env, ['dbo.LATE']);
    await run.streaming();
    await writer.write(7);
    await run.drained('dbo.LATE', writer);
    await env.shop.batch("EXEC sys.sp_standin_capture 'stop'");
    await writer.write(7);
    await env.shop.batch('ALTER TABLE dbo.LATE ALTER COLUMN V bigint NULL');
    writer.fill = { V: (n) => `${9_000_000_000 + n}`, G: (n) => `${n}` };
    await writer.write(7);
    await run.stop();
    await env.shop.batch('ALTER TABLE dbo.LATE DROP COLUMN G');
    writer.fill = { V: (n) => `${9_000_000_000 + n}` };
    await writer.write(7);
    await env.shop.batch('ALTER TABLE dbo.LATE ADD M int NOT NULL CONSTRAINT DF_LATE DEFAULT 1');
    await env.shop.batch(enable('LATE', 'late_2'));
    await writer.write(7);
    await env.shop.batch('ALTER TABLE dbo.LATE ADD AFTERWARDS int NULL');
    await writer.write(7);
    const again = new SchemaRun(env, ['dbo.LATE'], { from: run });
    await again.streaming();
    await env.shop.batch("EXEC sys.sp_standin_capture 'start'");
    const records = await again.drained('dbo.LATE', writer);
    expectEveryWrite(records, writer);
    expect(await again.told('instance_switched', 'dbo.LATE')).toMatchObject({ from: 'dbo_LATE', to: 'late_2' });
    expect(await again.told('column_not_captured', 'dbo.LATE')).toMatchObject({ columns: ['AFTERWARDS'] });
    const changes = records.filter((r) => r.envelope && r.envelope.op !== 'r');
    const columns = changes
      .sort((a, b) => (a.envelope!.after!['N'] as number) - (b.envelope!.after!['N'] as number))
      .map((r) => Object.keys(r.envelope!.after!).slice(2).join());
    const stretches = columns.filter((c, i) => c !== columns[i - 1]);
    expect(stretches).toEqual(['V,G', 'V', 'V,M']);
    await again.stop();
    await env.shop.batch(disable('LATE', 'dbo_LATE'));
  });

  test('names with quotes, brackets, wildcards, blanks and letters of any script', { timeout: 60_000 }, async () => {
    const table = "[it's 50%_off]";
    await createCaptured(
      env.shop,
      table,
      '[a]]b] int NULL, [größe _x] nvarchar(20) NULL',
      ", @capture_instance = N'odd_one'",
    );
    await createCaptured(env.shop, 'order_items', 'V int NULL');
    await createCaptured(env.shop, 'orderXitems', 'V int NULL, LEAKED int NULL');
    const writer = new SchemaWriter(env.shop, `dbo.${table}`, {
      'a]b': (n) => `${n}`,
      'größe _x': (n) => `N'価格 ${n}'`,
    });
    const items = new SchemaWriter(env.shop, 'dbo.order_items', { V: (n) => `${n}` });
    await writer.write(8);
    await items.write(8);
    const id = "dbo.it's 50%_off";
    const run = new SchemaRun(env, [id, 'dbo.order_items']);
    await run.streaming();
    await env.shop.batch(`ALTER TABLE dbo.${table} ADD [50%_"new"] int NULL`);
    const { script, columns } = await run.told('column_not_captured', id);
    expect(columns).toEqual(['50%_"new"']);
    await env.shop.batch(script);
    await run.told('instance_switched', id);
    writer.fill = { ...writer.fill, '50%_"new"': (n) => `${n}` };
    await writer.write(8);
    await items.write(8);
    const topic = 'dbo.it_s_50__off';
    const records = await run.drained(topic, writer);
    expectEveryWrite(records, writer);
    const { after } = records.findLast((r) => r.envelope?.after?.['N'] === writer.written.at(-1)!.n)!.envelope!;
    expect(after).toMatchObject({ a_b: after!['N'], gr__e__x: `価格 ${after!['N']}`, _50___new_: after!['N'] });
    const item = (await run.drained('dbo.order_items', items)).at(-1)!;
    expect(Object.keys(item.envelope!.after!)).toEqual(['ID', 'N', 'V']);
    await run.stop();
  });
});
