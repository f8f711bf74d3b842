import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ForeignProgram } from '../../contract/clients/foreignProgram.ts';

/** A capture program under test: a process of its own that understands `start PREFIX TABLES`, `stop`, and says `acked N`. */
export interface Subject {
  readonly name: string;
  readonly pid: number;
  /** Captures the tables (`dbo.X`) from scratch, snapshot included, into topics with this prefix. */
  start(prefix: string, tables: readonly string[]): void;
  /** Ends that capture; the process stays. */
  stop(): Promise<void>;
  /** Holds it where it is, and lets it go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Changes stored in Kafka since the start; 0 after a stop. */
  readonly acked: number;
  /** Resolves when at least this many are stored. */
  untilAcked(changes: number): Promise<void>;
  end(): Promise<void>;
}

/** Where the servers are; passed to the programs by environment. */
export interface BenchServers {
  readonly sqlPort: number;
  readonly sqlPassword: string;
  readonly database: string;
  readonly brokers: readonly string[];
  /** The registry's Confluent-compatible base address. */
  readonly registry: string;
}

const PATIENCE_MS = 120_000;

/** Runs this project's capture. `nodeArgs` go to node, for profiles. */
export function sluiceSubject(servers: BenchServers, nodeArgs: readonly string[] = []): Subject {
  const main = fileURLToPath(new URL('./sluiceProgram.ts', import.meta.url));
  return new ChildSubject('Sluice', { command: process.execPath, args: [...nodeArgs, main] }, servers, 'messages');
}

/** Runs Debezium's engine; `classPath` as `prepareDebezium` gives it. */
export function debeziumSubject(servers: BenchServers, program: ForeignProgram, queryMode: string): Subject {
  const source = fileURLToPath(new URL('./DebeziumBench.java', import.meta.url));
  const args = [...program.args.slice(0, -1), source];
  return new ChildSubject('Debezium', { ...program, args, env: { BENCH_QUERY_MODE: queryMode } }, servers, 'signals');
}

class ChildSubject implements Subject {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #pauseBy: 'messages' | 'signals';
  readonly #waiting = new Set<() => void>();
  #acked = 0;
  #said = new Map<string, number>();
  #ended: string | undefined;

  constructor(name: string, program: ForeignProgram, servers: BenchServers, pauseBy: 'messages' | 'signals') {
    this.name = name;
    this.#pauseBy = pauseBy;
    this.#child = spawn(program.command, [...program.args], {
      env: { ...process.env, ...program.env, ...environment(servers) },
      stdio: ['pipe', 'pipe', process.env['BENCH_VERBOSE'] ? 'inherit' : 'ignore'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#heard(line));
    void once(this.#child, 'exit').then(([code, signal]) => {
      this.#ended = `${name} ended with ${code ?? signal}`;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get acked(): number {
    return this.#acked;
  }

  start(prefix: string, tables: readonly string[]): void {
    this.#acked = 0;
    this.#say(`start ${prefix} ${tables.join(',')}`);
  }

  async stop(): Promise<void> {
    await this.#ask('stop', 'stopped');
    this.#acked = 0;
  }

  async pause(): Promise<void> {
    if (this.#pauseBy === 'messages') await this.#ask('pause', 'paused');
    else this.#child.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    if (this.#pauseBy === 'messages') await this.#ask('resume', 'resumed');
    else this.#child.kill('SIGCONT');
  }

  async untilAcked(changes: number): Promise<void> {
    await this.#until(() => this.#acked >= changes);
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGCONT');
    this.#child.stdin!.end();
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(stuck);
  }

  async #ask(word: string, answer: string): Promise<void> {
    const before = this.#said.get(answer) ?? 0;
    this.#say(word);
    await this.#until(() => (this.#said.get(answer) ?? 0) > before);
  }

  #say(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  #heard(line: string): void {
    const [word = '', number] = line.split(' ');
    if (word === 'acked') this.#acked = Number(number);
    else this.#said.set(word, (this.#said.get(word) ?? 0) + 1);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (condition()) resolve();
      else if (this.#ended) reject(new Error(this.#ended));
    };
    const late = setTimeout(
      () => reject(new Error(`${this.name}: nothing more after ${PATIENCE_MS} ms, ${this.#acked} acked`)),
      PATIENCE_MS,
    );
    this.#waiting.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }
}

function environment(servers: BenchServers): Record<string, string> {
  return {
    BENCH_SQL_PORT: String(servers.sqlPort),
    BENCH_SQL_PASSWORD: servers.sqlPassword,
    BENCH_SQL_DATABASE: servers.database,
    BENCH_BROKERS: servers.brokers.join(','),
    BENCH_REGISTRY: new URL(servers.registry).origin,
    BENCH_CCOMPAT: servers.registry,
  };
}

/** Lets the kernel count the peak of this process' memory anew (proc_pid_clear_refs(5)). */
export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Without /proc the peak is that of the whole life, or unknown.
  }
}

/** Most memory the process has held since the last reset, bytes; NaN where there is no /proc. */
export function peakBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) * 1024 : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
