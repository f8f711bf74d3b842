import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../infra/standin/main.ts', import.meta.url));

/** A stand-in that listens, as a process of its own. */
export interface StandinProcess {
  readonly port: number;
  readonly saPassword: string;
  readonly pid: number;
  /** Ends it by SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
}

export interface StandinSetup {
  /** Texts of init scripts, run as sa in order. */
  readonly scripts?: readonly string[];
  readonly args?: readonly string[];
}

export interface StandinExit {
  readonly code: number | null;
  readonly stderr: string;
}

const SA_PASSWORD = 'Str0ng!Passw0rd';

/** Starts a stand-in and waits until it listens. Rejects with its last words when it ends before. */
export async function startStandin(setup: StandinSetup = {}): Promise<StandinProcess> {
  const { child, cleanUp, exited } = await launch(setup);
  const lines = createInterface({ input: child.stdout! });
  const port = await new Promise<number>((resolve, reject) => {
    lines.once('line', (line) => resolve((JSON.parse(line) as { port: number }).port));
    void exited.then(({ code, stderr }) => reject(new Error(`the stand-in ended with ${code}: ${stderr}`)));
  });
  return {
    port,
    saPassword: SA_PASSWORD,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      const { code } = await exited;
      await cleanUp();
      return code;
    },
  };
}

/** Runs a stand-in that is expected to end by itself. */
export async function runStandin(setup: StandinSetup): Promise<StandinExit> {
  const { cleanUp, exited } = await launch(setup);
  const exit = await exited;
  await cleanUp();
  return exit;
}

async function launch(
  setup: StandinSetup,
): Promise<{ child: ChildProcess; cleanUp: () => Promise<void>; exited: Promise<StandinExit> }> {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  const inits: string[] = [];
  for (const [i, text] of (setup.scripts ?? []).entries()) {
    const file = join(folder, `init${i + 1}.sql`);
    await writeFile(file, text);
    inits.push('--init', file);
  }
  const child = spawn(process.execPath, [MAIN, ...inits, ...(setup.args ?? [])], {
    env: { ...process.env, STANDIN_SA_PASSWORD: SA_PASSWORD },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-10_000);
  });
  const exited = new Promise<StandinExit>((resolve) => child.once('close', (code) => resolve({ code, stderr })));
  return { child, exited, cleanUp: () => rm(folder, { recursive: true, force: true }) };
}
