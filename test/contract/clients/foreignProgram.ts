import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder } from '#infra/stack/cacheEntry.ts';
import { onPath, runCommand } from '#infra/stack/command.ts';
import { findJdk, type Jdk } from '#infra/stack/jdk.ts';
import { findMaven } from '#infra/stack/maven.ts';

/** Why a client cannot be tried on this machine: a toolchain that is not installed, or a registry that does not answer. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** How to start a foreign program; the caller adds its arguments. */
export interface ForeignProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a foreign program to its end, with `input` as its standard input. Rejects when it cannot be started. */
export function runProgram(program: ForeignProgram, args: readonly string[], input = ''): Promise<ProgramResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const child = spawn(program.command, [...program.args, ...args], { env: { ...process.env, ...program.env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined); // A program that ends early does not read its input.
  child.stdin.end(input);
  child.once('error', reject);
  child.once('close', (code) => resolve({ code, stdout, stderr }));
  return promise;
}

/** The program on PATH. Throws `Unavailable` naming what to install. */
export function requireOnPath(name: string, remedy: string): string {
  const path = onPath(name);
  if (path === undefined) throw new Unavailable(`${name} was not found on PATH: ${remedy}`);
  return path;
}

/** A JDK of at least `major`. Throws `Unavailable`. */
export function requireJdk(major: number): Jdk {
  const jdk = orUnavailable(() => findJdk());
  if (jdk.major < major) throw new Unavailable(`Java ${major} or newer is needed, found ${jdk.version}`);
  return jdk;
}

/** Runs Maven with the user's own settings, in a folder where it may leave files. Throws `Unavailable` when there is none or it fails. */
export async function maven(jdk: Jdk, args: readonly string[], cwd?: string): Promise<void> {
  const mvn = orUnavailable(() => findMaven());
  await fetching(mvn, ['-q', '-B', '-ntp', '-Dstyle.color=never', ...args], { JAVA_HOME: jdk.home }, cwd);
}

/** Runs a registry's client. Throws `Unavailable` with its first complaint. */
export async function fetching(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<void> {
  const { code, output } = await runCommand(command, args, { env: { ...process.env, ...env }, ...(cwd && { cwd }) });
  if (code === 0) return;
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const complaint = lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  throw new Unavailable(`${command.split('/').at(-1)} could not fetch it: ${complaint.trim().slice(0, 300)}`);
}

/** A folder of the cache, filled once per name and per content of `sources`. */
export function cachedFor(
  name: string,
  sources: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(readFileSync(file));
  const suffix = sources.length === 0 ? '' : `-${hash.digest('hex').slice(0, 12)}`;
  return ensureFolder(`client-${name}${suffix}`, {}, fill);
}

/** A file beside the client tests. */
export function besideClients(...parts: readonly string[]): string {
  return join(import.meta.dirname, ...parts);
}

function orUnavailable<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw new Unavailable((error as Error).message);
  }
}
