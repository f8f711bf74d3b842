import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeError } from '#infra/runtime/errors.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { cacheFolder } from './cacheFolder.ts';
import { sendSignal } from './processGroup.ts';
import { isRunning } from './processIdentity.mjs';
import { startStack } from './stack.ts';
import { readStanding, removeStanding, type StandingStack, writeStanding } from './standingStack.ts';
import { describeStanding } from './standingText.ts';
import { ALL_PARTS, type Part } from './types.ts';

export interface StackUpOptions {
  /** Leaves the stack running in the background and returns when it is ready. */
  readonly detach?: boolean | undefined;
  /** Default: all. */
  readonly parts?: readonly Part[] | undefined;
  /** Keeps the data there; a temporary folder when left out. */
  readonly dataDir?: string | undefined;
}

const DOWN_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** Exit code of `status` when nothing is up: the command worked, what it looked at is not there. */
const NOTHING_UP = 4;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** `sluice stack up`: prints the addresses when the stack is ready and keeps it until SIGINT or SIGTERM. Returns the exit code. */
export async function stackUp(options: StackUpOptions = {}): Promise<number> {
  const standing = readStanding();
  if (standing) {
    say(describeStanding(standing));
    tell(`(it was already up; process ${standing.owner.pid} keeps it)`);
    return 0;
  }
  return options.detach ? upInBackground(options) : upInForeground(options);
}

/** `sluice stack down`: ends the stack that `up` started. */
export async function stackDown(): Promise<number> {
  const standing = readStanding();
  if (!standing) {
    say('no stack is up');
    return 0;
  }
  sendSignal(standing.owner.pid, 'SIGTERM');
  const deadline = Date.now() + DOWN_TIMEOUT_MS;
  while (isRunning(standing.owner) && Date.now() < deadline) await delay(POLL_MS);
  if (isRunning(standing.owner)) {
    tell(`process ${standing.owner.pid} has not ended after ${DOWN_TIMEOUT_MS / 1000} s`);
    return 1;
  }
  say('the stack is down');
  return 0;
}

/** `sluice stack status`: what is up, where, and how big. Exit code 4 when nothing is. */
export async function stackStatus(options: { readonly json?: boolean } = {}): Promise<number> {
  const standing = readStanding();
  if (options.json) say(JSON.stringify(standing ? { up: true, ...standing } : { up: false }, undefined, 2));
  else say(standing ? describeStanding(standing) : 'no stack is up (start one with: sluice stack up --detach)');
  return standing ? 0 : NOTHING_UP;
}

async function upInForeground(options: StackUpOptions): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => {
    // The servers of a process that ends without stopping them are ended by their watchdog.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  try {
    const stack = await startStack({
      parts: options.parts ?? ALL_PARTS,
      ...(options.dataDir && { dataDir: options.dataDir }),
      log: createLogger('stack', 'warn'),
      signal: stop.signal,
      progress: (text) => tell(`stack: ${text}`),
    });
    try {
      say(describeStanding(writeStanding(stack)));
      tell('(Ctrl-C ends it)');
      await aborted(stop.signal);
    } finally {
      await stack.stop();
      removeStanding();
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    tell(describeError(error));
    return 1;
  }
}

/** Keeps the event loop alive until the signal fires; a promise alone does not. */
async function aborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await delay(60_000, undefined, { signal }).catch(() => undefined);
}

/** Runs this file once more, detached, and waits until its stack is ready or it has ended. */
async function upInBackground({ parts, dataDir }: StackUpOptions): Promise<number> {
  const logFile = join(cacheFolder(), 'logs', 'stack-up.log');
  mkdirSync(join(cacheFolder(), 'logs'), { recursive: true });
  const log = openSync(logFile, 'w', 0o600);
  const args = ['up', ...(parts ? ['--parts', parts.join(',')] : []), ...(dataDir ? ['--data-dir', dataDir] : [])];
  const child = spawn(process.execPath, [import.meta.filename, ...args], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let ended = false;
  child.once('error', () => (ended = true));
  child.once('exit', () => (ended = true));
  // Whoever interrupts the waiting does not want the stack.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill('SIGTERM'));
  const relay = newLines(logFile);
  for (;;) {
    for (const line of relay()) if (line.startsWith('stack: ')) tell(line);
    const standing = readStanding();
    if (standing && standing.owner.pid === child.pid) return announce(standing, child);
    if (ended) break;
    await delay(POLL_MS);
  }
  tell(readFileSync(logFile, 'utf8').trim());
  return 1;
}

function announce(standing: StandingStack, child: { unref(): void }): number {
  child.unref();
  say(describeStanding(standing));
  tell('(it runs in the background; `sluice stack down` ends it)');
  return 0;
}

/** A function that returns the whole lines that a file has got since it was last called. */
function newLines(path: string): () => string[] {
  let seen = 0;
  return () => {
    const text = readFileSync(path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(seen, end).split('\n').filter(Boolean);
    seen = end;
    return lines;
  };
}

/** The file as a program: `node infra/stack/cli.ts up [--detach] [--parts kafka,redis] [--data-dir DIR] | down | status [--json]`. */
async function main(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      detach: { type: 'boolean', short: 'd' },
      json: { type: 'boolean' },
      parts: { type: 'string' },
      'data-dir': { type: 'string' },
    },
  });
  const parts = values.parts?.split(',').map(toPart);
  if (positionals[0] === 'up') return stackUp({ detach: values.detach, parts, dataDir: values['data-dir'] });
  if (positionals[0] === 'down') return stackDown();
  if (positionals[0] === 'status') return stackStatus({ json: values.json ?? false });
  tell('usage: cli.ts up [--detach] [--parts kafka,redis,…] [--data-dir DIR] | down | status [--json]');
  return 2;
}

function toPart(name: string): Part {
  const part = ALL_PARTS.find((known) => known === name);
  if (!part) throw new Error(`unknown part "${name}": expected ${ALL_PARTS.join(', ')}`);
  return part;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
