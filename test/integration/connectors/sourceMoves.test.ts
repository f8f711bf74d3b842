import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SourceWatch } from '#connectors/capture/healthWatch.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { readPosition } from '#connectors/publish/positionStore.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import type { CaptureEnvironment } from '#test/support/captureEnvironment.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture, type CaptureSetup } from '#test/support/captureProcess.ts';
import { CAPTURE_SHOP_SQL, work } from '#test/support/captureShop.ts';
import { addQuiet, createdQuiet, expectExactHistory } from '#test/support/captureTruth.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };

/** A capture with its watch, and what it told. */
function watched(setup: CaptureSetup) {
  const heard: CaptureNotification[] = [];
  const observer = { notify: (notification: CaptureNotification) => void heard.push(notification) };
  const pace = { quietAfterMs: 300, jobSilenceMs: 1000, checkIntervalMs: 50, loginRetryMs: 200 };
  const health = new SourceWatch({ ...pace, observer });
  const { capture, kafka } = buildCapture(setup, undefined, { health, observer });
  const stop = new AbortController();
  const running = capture.run(stop.signal);
  running.catch(() => undefined);
  const end = async (): Promise<void> => {
    stop.abort();
    await running.catch(() => undefined);
    await kafka.close();
  };
  return { capture, health, heard, running, end };
}

describe('a source that fails over', () => {
  const env = useCaptureShop();

  test('is followed without loss; the missing jobs on the new server show until they are made', async () => {
    const setup = env.setup();
    const { capture, health, heard, end } = watched(setup);
    await eventually(() => expect(capture.status().state).toBe('streaming'), PATIENCE);
    const first = new Set([await addQuiet(env)]);
    const since = await eventually(() => createdQuiet(env, setup.topicPrefix, first), PATIENCE);
    for (let n = 0; n < 20; n++) await work(env.shop, n);
    await env.shop.batch("EXEC sys.sp_standin_failover @server_name = N'NODE2'");
    // Committed on the new server, where nothing is captured yet.
    for (let n = 20; n < 40; n++) await work(env.shop, n);
    await eventually(() => expect(health.status().state).toMatch(/failed_over|capture_job_/), PATIENCE);
    await eventually(() => expect(health.status().state).toBe('capture_job_stopped'), PATIENCE);
    expect(health.status()).toMatchObject({ severity: 'critical', reason: expect.stringContaining('NODE2') });
    for (const job of ['capture', 'cleanup']) await env.shop.batch(`EXEC sys.sp_cdc_add_job @job_type = N'${job}'`);
    const after = new Set([await addQuiet(env)]);
    await eventually(() => createdQuiet(env, setup.topicPrefix, after), PATIENCE);
    await eventually(() => expect(health.status().severity).toBe('ok'), PATIENCE);
    await expectExactHistory(env, setup.topicPrefix, since);
    expect(heard.filter((n) => n.type === 'source_state').map((n) => n.to)).toContain('capture_job_stopped');
    await end();
  });
});

describe('a source that is restored', () => {
  let folder: string;
  let standin: StandinProcess;
  const base: Pick<CaptureEnvironment, 'setup'> = useCaptureShop();
  const start = async (data: string, first = false): Promise<void> => {
    const args = ['--capture-interval', '20', '--data', join(folder, data)];
    standin = await startStandin({ args, ...(first && { scripts: [CAPTURE_SHOP_SQL] }) });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'moves-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('to an earlier point stops the capture by name; nothing is written, and the position stays', async () => {
    await start('live', true);
    const given = base.setup();
    const setup = (): CaptureSetup => ({ ...given, source: { ...given.source, port: standin.port } });
    const before = watched(setup());
    await eventually(() => expect(before.capture.status().state).toBe('streaming'), PATIENCE);
    await before.end();
    await standin.stop();
    await cp(join(folder, 'live'), join(folder, 'backup'), { recursive: true });

    await start('live');
    const shop = await openDatabase({ ...setup().source, user: 'sa', password: standin.saPassword });
    const middle = watched(setup());
    for (let n = 0; n < 10; n++) await work(shop, n);
    await eventually(() => expect(middle.capture.status().changes).toBeGreaterThan(20), PATIENCE);
    await eventually(() => expect(middle.capture.status().lagMs).toBe(0), PATIENCE);
    await middle.end();
    await shop.close();
    await standin.stop();

    await start('backup');
    const { kafka } = buildCapture(setup());
    const signal = new AbortController().signal;
    const stored = await readPosition(kafka, given.topicPrefix, 'capture', signal);
    expect(stored?.source, 'the proof of history is stored with the position').toMatchObject({ server: 'STANDIN' });
    const restored = watched(setup());
    await expect(restored.running).rejects.toMatchObject({
      code: expect.stringMatching(/^CDC_SOURCE_(REWOUND|DIVERGED)$/),
      hint: expect.stringContaining('topicPrefix'),
    });
    expect(restored.capture.status().state).toBe('failed');
    expect(restored.heard).toMatchObject([{ type: 'source_state', severity: 'critical' }]);
    expect((await readPosition(kafka, given.topicPrefix, 'capture', signal))?.position).toBe(stored?.position);
    await restored.end();
    await kafka.close();
    await standin.stop();
  });
});
