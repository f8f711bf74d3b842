import { describe, expect, test } from 'vitest';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture, type CaptureSetup } from '#test/support/captureProcess.ts';
import { work } from '#test/support/captureShop.ts';
import { eventually } from '#test/support/eventually.ts';
import { historyByKey, readHistory } from '#test/support/topicHistory.ts';

const env = useCaptureShop();
let round = 0;

/** Runs a capture until it streams and everything committed before was captured; gives what it told of. */
async function runUntilDrained(given: CaptureSetup): Promise<readonly CaptureNotification[]> {
  const told: CaptureNotification[] = [];
  const observer = { notify: (notification: CaptureNotification): void => void told.push(notification) };
  const { capture, kafka } = buildCapture(given, silentLogger, { observer });
  const stop = new AbortController();
  const running = capture.run(stop.signal);
  await env.shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${++round})`);
  const [row] = await eventually(
    async () => {
      const found = await env.shop.rows(
        `SELECT MAX(c.[__$start_lsn]) FROM cdc.dbo_QUIET_CT AS c WHERE c.ID = ${round}`,
      );
      expect(found[0]?.[0]).toBeInstanceOf(Buffer);
      return found;
    },
    { timeoutMs: 30_000 },
  );
  const last = (row![0] as Buffer).toString('hex');
  await eventually(
    () => {
      const { state, commitLsn } = capture.status();
      expect(state).toBe('streaming');
      expect((commitLsn ?? '') >= last).toBe(true);
    },
    { timeoutMs: 60_000 },
  );
  stop.abort();
  await running;
  await kafka.close();
  return told;
}

describe('changes that were cleaned up before they were read', { timeout: 120_000 }, () => {
  test('are told of, the table alone is read again, and rows that vanished meanwhile are deleted from the topic', async () => {
    const given = env.setup();
    await runUntilDrained(given);
    // While no capture runs: rows go, change and come; then clean-up takes the changes of all of it.
    await env.shop.batch("DELETE FROM dbo.STOCK WHERE CODE < 'I00100'");
    await env.shop.batch("INSERT INTO dbo.STOCK (CODE, PLACE, QTY) VALUES ('I00001', 1, 77)");
    for (let n = 0; n < 20; n++) await work(env.shop, 200 + n);
    await env.shop.batch("DELETE FROM dbo.ITEM WHERE CODE = 'A1'");
    await env.shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${++round})`);
    await eventually(
      async () =>
        expect((await env.shop.rows(`SELECT c.ID FROM cdc.dbo_QUIET_CT AS c WHERE c.ID = ${round}`)).length).toBe(1),
      { timeoutMs: 30_000 },
    );
    await env.shop.batch('EXEC sys.sp_standin_cleanup 0');

    const told = await runUntilDrained(given);
    const lost = told.flatMap((n) => (n.type === 'table_changes_lost' ? [`${n.table} ${n.action}`] : []));
    expect(lost).toEqual(expect.arrayContaining(['dbo.ITEM resnapshot', 'dbo.STOCK resnapshot']));

    const records = await readHistory(env.kafka, env.decoder, `${given.topicPrefix}.SHOP.dbo.STOCK`);
    const stock = new Map<string, unknown>();
    for (const [key, history] of historyByKey(records)) {
      const positions = history.map((r) => r.position);
      expect(positions, key).toEqual([...positions].sort());
      const newest = history.findLast((r) => r.envelope !== null)!;
      const deletes = history.filter((r) => r.envelope?.op === 'd');
      expect(deletes.length, `${key} is deleted once`).toBeLessThanOrEqual(1);
      for (const { envelope } of deletes) expect(envelope!.before, key).not.toBeNull();
      if (newest.envelope!.op === 'd') expect(history.at(-1)!.envelope, `${key} has its tombstone`).toBeNull();
      else stock.set(`${newest.key['CODE']}/${newest.key['PLACE']}`, newest.envelope!.after!['QTY']);
    }
    const rows = await env.shop.rows('SELECT s.CODE, s.PLACE, s.QTY FROM dbo.STOCK AS s');
    expect(new Map([...stock].sort())).toEqual(
      new Map(rows.map(([code, place, qty]) => [`${code}/${place}`, qty] as const).sort()),
    );
  });
});
