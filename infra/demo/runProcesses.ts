import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';

const SLUICE = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
/** Pause before a process that ended by itself is started again, ms. */
const RESTART_PAUSE_MS = 300;
/** How long a process may take to say that it is ready, ms: a cold start on a busy two-core machine takes up to 20 s. */
const READY_TIMEOUT_MS = 90_000;
/** How long a process may take to stop cleanly before it is killed, ms. */
const STOP_TIMEOUT_MS = 20_000;

export interface RoleProcessOptions {
  readonly role: string;
  readonly configPath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logDir: string;
  readonly logLevel: string;
  readonly log: Logger;
}

/**
 * One `sluice up --role …` as a process of its own. When it ends without having been asked to, it is started again: that is all a
 * supervisor has to do, since every role resumes by itself. It ends with this process, also when this process is killed.
 */
export class RoleProcess {
  readonly role: string;
  readonly #options: RoleProcessOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #restarts = 0;
  #peakMemoryBytes = 0;
  #ready: Promise<void> = Promise.resolve();

  constructor(options: RoleProcessOptions) {
    this.role = options.role;
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get logFile(): string {
    return join(this.#options.logDir, `${this.role}.log`);
  }
  /** Largest resident size seen by `sampleMemory`, bytes. */
  get peakMemoryBytes(): number {
    return this.#peakMemoryBytes;
  }

  /** Resolves when the role is ready. */
  async start(): Promise<void> {
    this.#ready = this.#launch();
    await this.#ready;
  }

  /** Resolves when the present incarnation is ready. */
  async whenReady(): Promise<void> {
    await this.#ready;
  }

  /** Ends it the hard way, as a power cut would; it is then started again. */
  async killHard(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(deadline);
  }

  /** Notes the resident size now (Linux; elsewhere it stays 0). */
  async sampleMemory(): Promise<void> {
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, await residentBytes(this.pid));
  }

  async #launch(): Promise<void> {
    const { role, configPath, env, logLevel } = this.#options;
    const args = [SLUICE, 'up', '--role', role, '--config', configPath, '--log-level', logLevel, '--exit-with-stdin'];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.pipe(createWriteStream(this.logFile, { flags: 'a' }));
    child.once('exit', (code, signal) => this.#onExit(code, signal));
    await this.#firstReadyLine(child);
  }

  async #firstReadyLine(child: ChildProcess): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.#failure(`was not ready after ${READY_TIMEOUT_MS / 1000} s`)),
        READY_TIMEOUT_MS,
      );
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(this.#failure(`ended with ${signal ?? `code ${code}`} before it was ready`));
      });
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (!line.includes('"event":"ready"')) return;
        clearTimeout(timer);
        resolve();
      });
    });
    await ready;
  }

  #failure(what: string): SluiceError {
    return new SluiceError('DEMO_PROCESS_FAILED', `The ${this.role} process ${what}; its log is ${this.logFile}.`);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping) return;
    this.#restarts++;
    this.#options.log.warn({ event: 'role_process_ended', role: this.role, code, signal, restarts: this.#restarts });
    this.#ready = new Promise<void>((resolve) => setTimeout(resolve, RESTART_PAUSE_MS)).then(() =>
      this.#stopping ? undefined : this.#launch(),
    );
    this.#ready.catch(() => undefined);
  }
}

/** Resident size of a process in bytes; 0 where /proc does not tell. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
