import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { cachedFor, maven, requireJdk } from '../clients/foreignProgram.ts';
import { EventLog } from './eventLog.ts';
import { type EventCounts, type Image, mixedChanges } from './mixedChanges.ts';

export type QueryMode = 'function' | 'direct';
export type IsolationMode = 'snapshot' | 'repeatable_read';

export interface DebeziumCase {
  readonly isolation: IsolationMode;
  readonly queryMode: QueryMode;
  /** Stop changing once at least this many changes are committed. */
  readonly changes: number;
  readonly seed: number;
  /** How long the events may take to arrive. */
  readonly timeoutMs: number;
}

/** What the connector said and what the model says it had to say. */
export interface DebeziumResult {
  readonly seen: EventLog;
  readonly expected: {
    readonly snapshotRows: number;
    readonly counts: EventCounts;
    readonly images: ReadonlyMap<string, Image>;
  };
  readonly changes: number;
  readonly changingMs: number;
  /** From the first change until the last event. */
  readonly streamingMs: number;
}

/** Where the Java class path and program are. */
export interface DebeziumProgram {
  readonly command: string;
  readonly args: readonly string[];
}

const FOLDER = import.meta.dirname;
/** The last row of all: when its event is there, all others are, and none may follow. */
const LAST_KEY = 2_000_000_000;

/** Fetches the connector named in pom.xml. Throws `Unavailable`. */
export async function prepareDebezium(): Promise<DebeziumProgram> {
  const jdk = requireJdk(17);
  const pom = join(FOLDER, 'pom.xml');
  const folder = await cachedFor('debezium', [pom], (staging) =>
    maven(jdk, ['-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${staging}`]),
  );
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  const classPath = jars.map((name) => join(folder, name)).join(process.platform === 'win32' ? ';' : ':');
  return {
    command: join(jdk.home, 'bin/java'),
    args: [
      '-Xmx512m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      classPath,
      join(FOLDER, 'DebeziumRun.java'),
    ],
  };
}

/** A stand-in of its own, filled, captured by the connector while random transactions run. Rejects when the events do not come. */
export async function runDebezium(program: DebeziumProgram, setup: DebeziumCase): Promise<DebeziumResult> {
  const model = mixedChanges(setup.seed);
  const standin = await startStandin({ scripts: [readFileSync(join(FOLDER, 'depot.sql'), 'utf8')] });
  const database = await openDatabase(
    databaseOptions(standin, 'Depot', { connectTimeoutMs: 15_000, requestTimeoutMs: 120_000 }),
  );
  try {
    await database.batch(model.initial);
    const connector = startConnector(program, setup, standin);
    try {
      await connector.until((seen) => seen.snapshotRows >= model.initialRows, setup.timeoutMs);
      const startedMs = Date.now();
      while (model.changes < setup.changes) await database.batch(model.nextBatch());
      await database.batch(`INSERT INTO dbo.Move VALUES (${LAST_KEY}, 0, 0)`);
      const changingMs = Date.now() - startedMs;
      await connector.until((seen) => seen.images.has(`Move:${LAST_KEY}`), setup.timeoutMs);
      const expected = { snapshotRows: model.initialRows, ...withLastRow(model.counts, model.images) };
      return {
        seen: connector.seen,
        expected,
        changes: model.changes,
        changingMs,
        streamingMs: Date.now() - startedMs,
      };
    } finally {
      await connector.stop();
    }
  } finally {
    await database.close();
    await standin.stop();
  }
}

function withLastRow(
  counts: EventCounts,
  images: ReadonlyMap<string, Image>,
): Pick<DebeziumResult['expected'], 'counts' | 'images'> {
  const row = { MoveId: LAST_KEY, ItemId: 0, Quantity: 0 };
  return {
    counts: { ...counts, 'Move:c': (counts['Move:c'] ?? 0) + 1 },
    images: new Map([...images, [`Move:${LAST_KEY}`, row]]),
  };
}

interface Connector {
  readonly seen: EventLog;
  until(condition: (seen: EventLog) => boolean, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
}

function startConnector(program: DebeziumProgram, setup: DebeziumCase, standin: StandinProcess): Connector {
  const args = [...program.args, String(standin.port), setup.isolation, setup.queryMode, 'dbo.Item,dbo.Move'];
  const child = spawn(program.command, args, { env: { ...process.env, CLIENT_PASSWORD: standin.saPassword } });
  const seen = new EventLog();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-6000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => seen.add(line));
  const ended = once(child, 'close');
  return {
    seen,
    async until(condition, timeoutMs) {
      await eventually(
        () => {
          if (condition(seen)) return;
          const state = `${seen.snapshotRows} snapshot rows, ${JSON.stringify(seen.counts)}`;
          throw new Error(`the connector has not come so far (${state}): ${stderr}`);
        },
        { timeoutMs: child.exitCode === null ? timeoutMs : 0, everyMs: 100 },
      );
    },
    async stop() {
      child.stdin.end();
      const stuck = AbortSignal.timeout(20_000);
      stuck.addEventListener('abort', () => child.kill('SIGKILL'));
      await ended;
    },
  };
}
