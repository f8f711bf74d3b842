import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import type { CaptureSetup } from '#test/support/captureProcess.ts';
import { CaptureRole, shopEnvironment } from '#test/support/captureRole.ts';
import { work } from '#test/support/captureShop.ts';
import { addQuiet, createdQuiet, expectExactHistory, expectSameStock } from '#test/support/captureTruth.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Finished, sluice } from '#test/support/sluice.ts';

const env = useCaptureShop();
let given: CaptureSetup;
let environment: Readonly<Record<string, string>>;
const roles: CaptureRole[] = [];

/** A process of the role; the first listens where the configuration says, as `sluice capture status` expects. */
const start = (): CaptureRole => {
  const role = new CaptureRole(roles.length === 0 ? environment : { ...environment, SHOP_OPS_PORT: '0' });
  roles.push(role);
  return role;
};
const run = (...args: readonly string[]): Promise<Finished> => sluice(args, environment);
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };
const becomes = (role: CaptureRole, facts: object): Promise<void> =>
  eventually(async () => expect(await role.status()).toMatchObject(facts), PATIENCE);
/** Everything committed so far is in the topics. */
const drained = async (): Promise<string> => {
  const ids = new Set([await addQuiet(env)]);
  return eventually(() => createdQuiet(env, given.topicPrefix, ids), PATIENCE);
};

beforeAll(async () => {
  given = env.setup();
  environment = { ...shopEnvironment(given), SHOP_OPS_PORT: String(await freePort()) };
});

afterAll(async () => {
  await Promise.all(roles.map((role) => role.end()));
});

describe('the capture role', () => {
  let active: CaptureRole;
  let standby: CaptureRole;
  let since: string;

  test('tells that nothing runs, and sends nothing then', async () => {
    const [paused, status] = await Promise.all([run('capture', 'pause', '--execute'), run('capture', 'status')]);
    expect(paused).toMatchObject({ code: 4, stderr: expect.stringContaining('no capture capture is running') });
    expect(status.code).toBe(4);
  });

  test('one process works and the other stands by', async () => {
    active = start();
    await becomes(active, { state: 'streaming', lease: 'active' });
    standby = start();
    await becomes(standby, { state: 'standby', lease: 'standby' });
    since = await drained();
    const metrics = await standby.metrics();
    expect(metrics).toContain('sluice_capture_active{capture="capture"} 0');
    expect(metrics).toContain('sluice_capture_state{capture="capture",state="standby"} 1');
  });

  test('pauses and goes on when it is told, and says so', async () => {
    const dry = await run('capture', 'pause');
    expect(dry.stdout).toContain('dry run');
    await becomes(active, { state: 'streaming' });
    expect(await run('capture', 'pause', '--execute')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('done'),
    });
    await becomes(active, { state: 'paused' });
    const again = await run('capture', 'pause', '--execute');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('paused already') });
    expect((await run('capture', 'resume', '--execute', '--json')).stdout).toContain('"applied"');
    await becomes(active, { state: 'streaming' });
  });

  test('reads a table again when it is asked, and refuses one it does not know', async () => {
    const [unknown, invalid, asked] = await Promise.all([
      run('capture', 'snapshot', 'dbo.NOWHERE', '--execute'),
      run('capture', 'snapshot', 'nowhere'),
      run('capture', 'snapshot', 'dbo.STOCK', '--where', 'QTY >= 440', '--id', 'high', '--execute'),
    ]);
    expect(unknown.stderr).toContain('not captured');
    expect(invalid.stderr).toContain('CAPTURE_SIGNAL_INVALID');
    expect(asked).toMatchObject({ code: 0 });
    await eventually(async () => {
      const tail = await run('topics', 'tail', `${given.topicPrefix}.__sluice.notifications`, '--limit', '50');
      expect(tail.stdout).toContain('"kind":"snapshot_table_completed","id":"high"');
    }, PATIENCE);
  });

  test('shows its status, and its records decoded', async () => {
    await eventually(async () => {
      const { code, stdout } = await run('capture', 'status', '--json');
      const [view] = JSON.parse(stdout) as [Record<string, unknown>];
      expect(view).toMatchObject({
        name: 'capture',
        database: 'SHOP',
        processes: 2,
        healthy: true,
        live: { state: 'streaming', lease: 'active', source: { severity: 'ok' } },
      });
      expect(code).toBe(0);
    }, PATIENCE);
    const key = JSON.stringify({ CODE: 'A1' });
    const [text, tail, from] = await Promise.all([
      run('capture', 'status'),
      run('topics', 'tail', 'dbo.ITEM', '--key', key, '--json'),
      run('topics', 'tail', 'dbo.QUIET', '--from', `lsn:${since.slice(0, 20)}`, '--json'),
    ]);
    expect(text.stdout).toMatch(/dbo\.STOCK +streaming +dbo_STOCK/);
    expect(JSON.parse(tail.stdout.split('\n')[0]!)).toMatchObject({
      topic: `${given.topicPrefix}.SHOP.dbo.ITEM`,
      value: { op: 'r', after: { PRICE: '922337203685477.5807', BIG: '-9223372036854775808' } },
    });
    for (const line of from.stdout.trim().split('\n')) {
      expect((JSON.parse(line) as { position: string }).position >= since.slice(0, 20)).toBe(true);
    }
  });

  test('a process that hangs is replaced, and stands by when it wakes up; one that is killed is replaced by it', async () => {
    let working = true;
    let n = 0;
    const worker = (async () => {
      while (working) await work(env.shop, n++);
    })();
    active.command.signal('SIGSTOP');
    await becomes(standby, { state: 'streaming', lease: 'active' });
    active.command.signal('SIGCONT');
    await becomes(active, { state: 'standby', lease: 'standby' });
    expect(await standby.status()).toMatchObject({ lease: 'active' });
    await drained();
    standby.command.signal('SIGKILL');
    await becomes(active, { state: 'streaming', lease: 'active' });
    working = false;
    await worker;
    await drained();
    await expectExactHistory(env, given.topicPrefix, since);
    await expectSameStock(env, given.topicPrefix);
    expect(active.command.stderr).toContain('lease_lost');
  });

  test('shows a revoked login and goes on by itself when it is given back', async () => {
    await env.shop.batch('ALTER LOGIN reader DISABLE');
    for (const [session] of await env.shop.rows(
      "SELECT s.session_id FROM sys.dm_exec_sessions AS s WHERE s.login_name = N'reader'",
    ))
      await env.shop.batch(`KILL ${String(session)}`);
    await becomes(active, { state: 'waiting', source: { state: 'login_refused', severity: 'critical' } });
    expect(await active.metrics()).toContain('state="login_refused",severity="critical"} 1');
    const status = await run('capture', 'status');
    expect(status).toMatchObject({ code: 4, stdout: expect.stringContaining('source login_refused') });
    await env.shop.batch('ALTER LOGIN reader ENABLE');
    await becomes(active, { state: 'streaming' });
    expect(active.command.stderr).not.toContain(given.source.password);
  });
});
