import sql from 'mssql';
import { afterEach } from 'vitest';
import { type Listener, listen } from '#infra/standin/tds/listener.ts';
import type { TlsMode } from '#infra/standin/tds/prelogin.ts';
import { createServerContext } from '#infra/standin/tls/serverContext.ts';
import { createFakeEngine, type FakeEngine, type FakeScript, PASSWORD } from './fakeEngine.ts';

const listeners: Listener[] = [];
const pools: sql.ConnectionPool[] = [];
/** Log lines of the running test. */
export const logged: string[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  for (const listener of listeners.splice(0)) await listener.close();
  logged.splice(0);
});

/** Listens with a fake engine until the test ends. */
export async function start(
  script: FakeScript = {},
  tls: TlsMode = 'off',
): Promise<{ engine: FakeEngine; port: number }> {
  const engine = createFakeEngine(script);
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    tls,
    secureContext: tls === 'off' ? null : createServerContext(),
    maxMessageBytes: 16 * 1024 * 1024,
    loginTimeoutMs: 10_000,
    log: (level, event, facts) => {
      if (level !== 'debug') logged.push(`${event} ${JSON.stringify(facts)}`);
    },
    openSession: engine.openSession,
  });
  listeners.push(listener);
  return { engine, port: listener.port };
}

export type Options = Partial<sql.config> & { encrypt?: boolean };

/** A pool of the driver, closed when the test ends. */
export async function connect(port: number, { encrypt = false, ...config }: Options = {}): Promise<sql.ConnectionPool> {
  const pool = new sql.ConnectionPool({
    server: '127.0.0.1',
    port,
    user: 'sa',
    password: PASSWORD,
    ...config,
    options: { encrypt, trustServerCertificate: true, ...config.options },
    pool: { max: 2, min: 0 },
  });
  pool.on('error', () => {});
  await pool.connect();
  pools.push(pool);
  return pool;
}
