import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '#test/support/eventually.ts';
import type { DebeziumProgram } from './debeziumRun.ts';

/** A record as the connector would write it to Kafka. */
export interface RawRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Values as text. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Debezium's connector with an Avro converter, in a process of its own (DebeziumAvro.java). */
export class DebeziumAvro {
  readonly records: RawRecord[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = '';

  /** `registryUrl`: the Confluent-compatible address; `settings`: the connector's own. */
  constructor(
    program: DebeziumProgram,
    registryUrl: string,
    password: string,
    settings: Readonly<Record<string, string>>,
  ) {
    const core = registryUrl.replace(/\/ccompat\/v\d+\/?$/, '/registry/v2');
    const flags = program.args.slice(0, -1);
    const args = [...flags, join(import.meta.dirname, 'DebeziumAvro.java'), core];
    const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    this.#child = spawn(program.command, [...args, ...given], { env: { ...process.env, CLIENT_PASSWORD: password } });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-6000);
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.records.push(parsed(line)));
    this.#ended = once(this.#child, 'close');
  }

  /** Waits for the records. Rejects with the connector's last words. */
  async until(condition: (records: readonly RawRecord[]) => boolean, timeoutMs: number): Promise<void> {
    await eventually(
      () => {
        if (condition(this.records)) return;
        throw new Error(`the connector has not come so far (${this.records.length} records): ${this.#said}`);
      },
      { timeoutMs: this.#child.exitCode === null ? timeoutMs : 0, everyMs: 100 },
    );
  }

  async stop(): Promise<void> {
    this.#child.stdin!.end();
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#ended;
    clearTimeout(stuck);
  }
}

function parsed(line: string): RawRecord {
  const [topic, key, value, headers] = line.split('\t') as [string, string, string, string];
  const bytes = (text: string): Buffer | null => (text === '-' ? null : Buffer.from(text, 'base64'));
  const pairs = headers.split(',').filter((pair) => pair !== '');
  return {
    topic,
    key: bytes(key),
    value: bytes(value),
    headers: Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at), Buffer.from(pair.slice(at + 1), 'base64').toString()];
      }),
    ),
  };
}
