import { describe, expect, test } from 'vitest';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { CaptureRole, shopEnvironment } from '#test/support/captureRole.ts';
import { eventually } from '#test/support/eventually.ts';
import { sluice } from '#test/support/sluice.ts';

const env = useCaptureShop();
const SECRET = 'Planted;Secret=7"\'\\';
/** Parts of the secret that would give it away even if it were quoted, encoded or cut. */
const TRACES = ['Planted', 'Secret=7', Buffer.from(SECRET).toString('base64'), encodeURIComponent(SECRET)];
/** A row's value; rows are no log lines either. */
const ROW_VALUE = '922337203685477.5807';

function expectClean(what: string, text: string): void {
  for (const trace of [...TRACES, ROW_VALUE]) expect(text.includes(trace), `${what} holds ${trace}`).toBe(false);
}

describe('secrets and rows', () => {
  const environment = (change: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
    ...shopEnvironment(env.setup()),
    SHOP_PASSWORD: SECRET,
    SLUICE_LOG_LEVEL: 'debug',
    ...change,
  });

  test.each([
    ['a wrong password', {}],
    ['a server that is away', { SLUICE_SQL_PORT: '9' }],
    ['a server that does not prove who it is', { SLUICE_SQL_ENCRYPT: 'true', SLUICE_SQL_TRUST_CERTIFICATE: 'false' }],
  ])('never show in log, output or error with %s', async (what, change) => {
    const values = environment(change);
    const role = new CaptureRole(values);
    const [check] = await Promise.all([
      sluice(['check'], values),
      eventually(() => expect(role.command.stderr).toMatch(/capture_failed|capture_interrupted/), {
        timeoutMs: 60_000,
      }),
    ]);
    const status = await role.status().then(JSON.stringify, () => '');
    await role.end();
    expect(check.code).toBe(4);
    const seen = role.command.stdout + role.command.stderr + status;
    expectClean(what, seen + check.stdout + check.stderr);
  });

  test('never show while a table is read and its capture fails', async () => {
    const values = environment({ SHOP_PASSWORD: env.setup().source.password });
    const role = new CaptureRole(values);
    await eventually(async () => expect((await role.status()).state).toBe('streaming'), { timeoutMs: 60_000 });
    await env.shop.batch('REVOKE SELECT ON dbo.ITEM FROM reader; REVOKE SELECT ON SCHEMA::cdc FROM reader');
    await eventually(async () => expect((await role.status()).lastError).toContain('SQL_PERMISSION_DENIED'), {
      timeoutMs: 60_000,
    });
    expect(await role.status()).toMatchObject({ source: { state: 'rights_revoked', severity: 'critical' } });
    await env.shop.batch('GRANT SELECT ON dbo.ITEM TO reader; GRANT SELECT ON SCHEMA::cdc TO reader');
    await eventually(async () => expect((await role.status()).state).toBe('streaming'), { timeoutMs: 60_000 });
    const seen = JSON.stringify(await role.status());
    await role.end();
    const text = role.command.stdout + role.command.stderr + seen;
    expect(text.includes(env.setup().source.password)).toBe(false);
    expectClean('a revoked right', text);
  });
});
