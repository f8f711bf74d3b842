import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '#infra/runtime/errors.ts';
import { cacheFolder } from './cacheFolder.ts';
import { groupMembers, sendSignal } from './processGroup.ts';

/** How to start a server and to tell that it is ready. */
export interface ServerSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives standard output and error; begun anew at each start. */
  readonly logFile: string;
  /** Runs the server as this user and group, for servers that refuse root. */
  readonly userId?: number | undefined;
  /** Resolves true when the server does its work; asked again and again. May throw as long as it does not. */
  ready(signal: AbortSignal): Promise<boolean>;
  /** Default 120 seconds. */
  readonly readyTimeoutMs?: number;
  /** How long the server may take to end by itself. Default 10 seconds. */
  readonly stopTimeoutMs?: number;
}

const POLL_MS = 50;
const SHOWN_LOG_LINES = 8;
const SHOWN_LOG_CHARS = 1200;

/** Said by Java, Redis and Node alike when a port was taken between its choice and its use. */
const PORT_TAKEN = /address already in use|EADDRINUSE|BindException|failed to bind/i;

/** A running server in a process group of its own, so that Ctrl-C in a terminal reaches only us and the whole group can be ended. */
export class ServerProcess {
  readonly spec: ServerSpec;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #exitText: string | undefined;

  private constructor(spec: ServerSpec, child: ChildProcess, pid: number) {
    this.spec = spec;
    this.#child = child;
    this.pid = pid;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exitText = signal ? `ended by ${signal}` : `ended with code ${code}`;
        resolve(this.#exitText);
      });
    });
  }

  /** Spawns the server; does not wait for it to be ready. */
  static async spawn(spec: ServerSpec): Promise<ServerProcess> {
    const log = openSync(spec.logFile, 'w');
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: { ...process.env, ...spec.env },
        stdio: ['ignore', log, log],
        detached: true,
        ...(spec.userId !== undefined && { uid: spec.userId, gid: spec.userId }),
      });
      const pid = await spawned(child, spec);
      return new ServerProcess(spec, child, pid);
    } finally {
      closeSync(log);
    }
  }

  /** Resolves when the server has ended. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  get running(): boolean {
    return this.#exitText === undefined;
  }

  /** All processes of the server, the leader first. */
  members(): number[] {
    return [this.pid, ...groupMembers(this.pid).filter((pid) => pid !== this.pid)];
  }

  /** Resolves when the server is ready. Throws STACK_SERVER_FAILED as soon as it has ended, or at the time-out. */
  async waitReady(signal?: AbortSignal): Promise<void> {
    const timeoutMs = this.spec.readyTimeoutMs ?? 120_000;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#exitText) throw this.#failure(`${this.#exitText} before it was ready`);
      const asked = AbortSignal.any([AbortSignal.timeout(5_000), ...(signal ? [signal] : [])]);
      if (await this.spec.ready(asked).catch(() => false)) return;
      if (Date.now() > deadline) throw this.#failure(`was not ready after ${timeoutMs / 1000} s`);
      await Promise.race([delay(POLL_MS), this.#exited]);
    }
  }

  /** True when the log says that a port was taken by somebody else. */
  portWasTaken(): boolean {
    return PORT_TAKEN.test(logTail(this.spec.logFile, 200));
  }

  /** Asks the server to end, waits, and ends its whole group the hard way if need be. */
  async stop(): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM');
    const timer = new AbortController();
    const late = delay(this.spec.stopTimeoutMs ?? 10_000, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.#exited, late]);
    timer.abort();
    if (sendSignal(-this.pid, 'SIGKILL')) await this.#exited;
  }

  #failure(what: string): SluiceError {
    const lines = logTail(this.spec.logFile, SHOWN_LOG_LINES);
    const message = `${this.spec.name} ${what}. Its last log lines:\n${lines}\n(whole log: ${keepLog(this.spec)})`;
    return new SluiceError('STACK_SERVER_FAILED', message, { context: { server: this.spec.name } });
  }
}

/** The folder of a stack goes when it cannot start, so the log is copied to where a person can still read it. */
function keepLog({ name, logFile }: ServerSpec): string {
  const kept = join(cacheFolder(), 'logs', `${name}.log`);
  try {
    mkdirSync(dirname(kept), { recursive: true });
    copyFileSync(logFile, kept);
    return kept;
  } catch {
    return logFile;
  }
}

function spawned(child: ChildProcess, spec: ServerSpec): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('spawn', () => resolve(child.pid!));
  child.once('error', (cause) => {
    const message = `${spec.name} could not be started: ${spec.command} answered ${(cause as NodeJS.ErrnoException).code ?? 'an error'}.`;
    reject(new SluiceError('STACK_SERVER_FAILED', message, { cause, context: { server: spec.name } }));
  });
  return promise;
}

/** The last lines of a log without the frames of Java stacks; empty when there is no log. */
function logTail(path: string, lines: number): string {
  try {
    const all = readFileSync(path, 'utf8').split('\n');
    const said = all.filter((line) => line.trim() !== '' && !/^\s+(at |\.\.\. \d+ more)/.test(line));
    return said
      .slice(-lines)
      .join('\n')
      .slice(-SHOWN_LOG_CHARS * Math.max(1, lines / SHOWN_LOG_LINES));
  } catch {
    return '';
  }
}
