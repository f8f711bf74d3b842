import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';

const MAIN = fileURLToPath(new URL('../../../infra/standin/main.ts', import.meta.url));
const PASSWORD = 'Str0ng!Passw0rd';

/** The capture job's interval of both servers. */
export const CAPTURE_INTERVAL_MS = 50;

/** A server under test: a process of its own, with a database `shop`. */
export interface ServerUnderTest {
  readonly name: string;
  readonly port: number;
  readonly password: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the stand-in. `nodeArgs` go to node itself, for profiles. */
export async function startStandin(nodeArgs: readonly string[]): Promise<ServerUnderTest> {
  const args = ['--database', 'shop', '--capture-interval', String(CAPTURE_INTERVAL_MS), '--tls', 'off'];
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    env: { ...process.env, STANDIN_SA_PASSWORD: PASSWORD },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { port } = JSON.parse(await firstLine(child)) as { port: number };
  return { name: 'stand-in', port, password: PASSWORD, pid: child.pid!, stop: () => stop(child) };
}

/** Starts the prototype that lies in `folder` as TypeScript: a copy without its types, in a folder of its own, with a certificate beside it. */
export async function startPrototype(folder: string): Promise<ServerUnderTest> {
  const copy = await mkdtemp(join(tmpdir(), 'standin-prototype-'));
  await writeFile(join(copy, 'package.json'), '{"type":"module"}');
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ts')) continue;
    const code = stripTypeScriptTypes(await readFile(join(folder, file), 'utf8'), { mode: 'transform' });
    await writeFile(join(copy, file.replace(/\.ts$/, '.js')), code);
  }
  const { key, cert } = createSelfSigned('localhost', new Date());
  await mkdir(join(copy, 'tls'));
  await writeFile(join(copy, 'tls', 'key.pem'), key);
  await writeFile(join(copy, 'tls', 'cert.pem'), cert);
  const port = await freePort();
  const child = spawn(process.execPath, ['standin.js'], {
    cwd: copy,
    env: { ...process.env, PORT: String(port), CAPTURE_MS: String(CAPTURE_INTERVAL_MS) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstLine(child);
  const end = async (): Promise<void> => {
    await stop(child);
    await rm(copy, { recursive: true, force: true });
  };
  return { name: 'prototype', port, password: PASSWORD, pid: child.pid!, stop: end };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code} before it listened`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => {});
  return line;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
