import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { eventually } from '#test/support/eventually.ts';
import { type KafkaCluster, startKafkaCluster } from '#test/support/kafka/cluster.ts';
import { captureThrough } from './capture/chaosRun.ts';
import { type ChaosSource, startChaosSource } from './capture/chaosSource.ts';
import { type Doorway, doorwayTo } from './capture/doorway.ts';
import { isClean } from './capture/truth.ts';

/**
 * What a capture has to bear, each with the same end: it goes on by itself and the topic holds each change once. One broker, so that its end is the
 * end of Kafka. One line a case; exit code 1 when one ends otherwise. Arguments: names of cases (default all).
 */
interface Stage {
  readonly cluster: KafkaCluster;
  readonly source: ChaosSource;
  readonly registry: Doorway;
}

const CASES: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  /** Longer than a Kafka transaction may stay open. */
  'broker down for a minute': async ({ cluster }) => {
    await delay(3000);
    await cluster.nodes[0]!.signal('SIGKILL');
    await delay(65_000);
    await cluster.nodes[0]!.start();
    await delay(5000);
  },
  /** At full speed a transaction is open nearly all the time; the broker loses it with its memory. */
  'broker killed in the middle of transactions': async ({ cluster }) => {
    for (const pauseMs of [1700, 2300, 3100, 2600]) {
      await delay(pauseMs);
      await cluster.nodes[0]!.signal('SIGKILL');
      await cluster.nodes[0]!.start();
    }
    await delay(3000);
  },
  /** A capture that runs does not need the registry; one that has to begin anew does. */
  'registry down, and the broker gone meanwhile': async ({ cluster, registry }) => {
    await delay(2000);
    await registry.shut();
    await delay(3000);
    await cluster.nodes[0]!.signal('SIGKILL');
    await cluster.nodes[0]!.start();
    await delay(10_000);
    await registry.open();
    await delay(3000);
  },
  'sessions killed by the source again and again': async ({ source }) => {
    for (let round = 0; round < 40; round++) {
      const sessions = await source.db.rows(
        "SELECT s.session_id FROM sys.dm_exec_sessions AS s WHERE s.program_name = 'sluice'",
      );
      for (const [id] of sessions) await source.db.batch(`KILL ${Number(id)}`).catch(() => undefined);
      await delay(400);
    }
    await delay(2000);
  },
};

async function run(name: string, stage: Stage, trouble: (stage: Stage) => Promise<void>): Promise<void> {
  const registryUrl = `http://127.0.0.1:${stage.registry.port}/apis/ccompat/v7`;
  const result = await captureThrough(stage.cluster, stage.source, registryUrl, () => trouble(stage));
  process.stdout.write(`${JSON.stringify({ case: name, ...result })}\n`);
  if (!isClean(result)) process.exitCode = 1;
}

/**
 * The broker's disk is full: it stops serving its log folder and ends, as Kafka does; with room again and a new start everything goes on. A small
 * file system in memory is that disk, which takes root.
 */
async function diskFull(stage: Omit<Stage, 'cluster'>): Promise<void> {
  const name = 'disk of the broker full';
  const disk = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-disk-')));
  const mount = (...options: string[]): void => void execFileSync('mount', options, { stdio: 'ignore' });
  try {
    mount('-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', disk);
  } catch {
    process.stdout.write(`${JSON.stringify({ case: name, left: 'no file system can be mounted here' })}\n`);
    rmSync(disk, { recursive: true, force: true });
    return;
  }
  const cluster = await startKafkaCluster({ brokers: 1, dataDirs: new Map([[1, join(disk, 'data')]]) });
  try {
    await run(name, { ...stage, cluster }, async () => {
      await delay(3000);
      fill(join(disk, 'filler'));
      await eventually(
        () => {
          if (cluster.nodes[0]!.running) throw new Error('the broker still runs on a full disk');
        },
        { timeoutMs: 90_000, everyMs: 500 },
      );
      await delay(10_000);
      rmSync(join(disk, 'filler'));
      await cluster.nodes[0]!.start();
      await delay(5000);
    });
  } finally {
    await cluster.stop();
    execFileSync('umount', [disk], { stdio: 'ignore' });
    rmSync(disk, { recursive: true, force: true });
  }
}

/** Writes until there is no room. */
function fill(file: string): void {
  const block = Buffer.alloc(1 << 20);
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part));
const stack = await startStack({ parts: ['registry'], log: createLogger('hardship', 'warn'), provider: 'local' });
const source = await startChaosSource();
const registry = await doorwayTo(Number(new URL(stack.addresses.registry!.url).port));
const cluster = await startKafkaCluster({ brokers: 1 });
try {
  for (const [name, trouble] of Object.entries(CASES)) {
    if (isWanted(name)) await run(name, { cluster, source, registry }, trouble);
  }
  if (isWanted('disk of the broker full')) await diskFull({ source, registry });
} finally {
  await registry.shut();
  await cluster.stop();
  await source.stop();
  await stack.stop();
}
