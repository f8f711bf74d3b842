import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
export const CONFIG = fileURLToPath(new URL('./shop.config.ts', import.meta.url));

/** Pause before a process that ended is started again, ms. */
const RESTART_PAUSE_MS = 300;
/** How long a process that was asked to end may take, ms; one that takes longer is counted as unwilling. */
const STOP_TIMEOUT_MS = 25_000;

export type Role = 'capture' | 'consumers' | 'storefront';

/** The end of a process that nobody had asked for. */
export interface Death {
  readonly process: string;
  readonly how: string;
  /** Last line of its log at the level of an error. */
  readonly said: string;
}

/** One `sluice up --role …`, started again whenever it ends, as any supervisor does. */
export class Supervised {
  readonly name: string;
  readonly deaths: Death[] = [];
  readonly #role: Role;
  readonly #log: WriteStream;
  #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #wanted = false;
  #expected = false;
  #stopped = false;
  #lastError = '';
  #ops: string | undefined;
  #ready: Promise<void> = Promise.resolve();

  constructor(name: string, role: Role, environment: Readonly<Record<string, string>>, logDir: string) {
    this.name = name;
    this.#role = role;
    this.#environment = environment;
    this.#log = createWriteStream(join(logDir, `${name}.log`), { flags: 'a' });
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
  /** Address of its endpoint for operators; undefined until it is ready. */
  get ops(): string | undefined {
    return this.#ops;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it if it does not run; resolves at once. `environment` replaces what it was started with before. */
  start(environment?: Readonly<Record<string, string>>): void {
    if (environment !== undefined) this.#environment = environment;
    this.#wanted = true;
    if (!this.running) this.#launch();
  }

  /** Resolves when the present process said that it is ready. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** kill -9; it is started again. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    this.#expected = true;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    this.#stopped = true;
    child.kill('SIGSTOP');
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } finally {
      child.kill('SIGCONT');
      this.#stopped = false;
    }
  }

  /** Asks it to end, which it must do by itself with exit code 0 in good time. */
  async end(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined || !this.running) return;
    if (this.#stopped) child.kill('SIGCONT');
    this.#expected = true;
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const [code, signal] = await ended;
    clearTimeout(late);
    // One that has not got as far as minding signals ends by the signal itself.
    if (code !== 0 && signal !== 'SIGTERM')
      this.deaths.push({
        process: this.name,
        how: `asked to end, ended with ${signal ?? `code ${code}`}`,
        said: this.#lastError,
      });
  }

  #launch(): void {
    const args = [MAIN, 'up', '--role', this.#role, '--config', CONFIG, '--log-level', 'info', '--exit-with-stdin'];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...this.#environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#expected = false;
    this.#lastError = '';
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#log.write(`${line}\n`);
      if (/"level":(50|60|"error"|"fatal")/u.test(line) || !line.startsWith('{')) this.#lastError = line.slice(0, 400);
    });
    const ready = Promise.withResolvers<void>();
    this.#ready = ready.promise;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.includes('"event":"ready"')) return;
      this.#ops = (JSON.parse(line) as { readonly ops: string }).ops;
      ready.resolve();
    });
    child.once('exit', (code, signal) => {
      ready.resolve();
      this.#log.write(`${JSON.stringify({ event: 'ended', at: new Date().toISOString(), code, signal })}\n`);
      if (!this.#expected)
        this.deaths.push({ process: this.name, how: `ended with ${signal ?? `code ${code}`}`, said: this.#lastError });
      if (this.#wanted) setTimeout(() => this.#wanted && !this.running && this.#launch(), RESTART_PAUSE_MS);
    });
  }
}
