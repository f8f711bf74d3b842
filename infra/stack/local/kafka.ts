import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { runCommand } from '../command.ts';
import { classPath } from '../components.ts';
import type { ServerSpec } from '../serverProcess.ts';
import type { StackAddresses } from '../types.ts';
import type { LocalContext } from './context.ts';
import { brokerIsAlive } from './kafkaProbe.ts';

/** Any 16 bytes in base64url do; the first character must not be a dash, which the format tool takes for an option. */
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qk';

/** Small heap, serial collector and the first compiler only: a broker on a developer's machine is mostly idle. */
export const KAFKA_JVM_FLAGS = [
  '-Xms96m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
];

/** One broker of a cluster whose brokers are controllers too. */
export interface KafkaNodeSettings {
  /** From 1 on; the node of `controllerPorts[nodeId - 1]`. */
  readonly nodeId: number;
  readonly dataDir: string;
  readonly brokerPort: number;
  /** Every node's, in the order of their ids. */
  readonly controllerPorts: readonly number[];
  /** More settings, or others in place of ours. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Processes that are broker and controller at once. With several of them everything is kept on all and a write needs all but one. Few partitions
 * for the internal topics, which makes the first group and transaction quick.
 */
export function kafkaProperties({ nodeId, dataDir, brokerPort, controllerPorts, settings }: KafkaNodeSettings): string {
  const replicas = controllerPorts.length;
  const needed = Math.max(1, replicas - 1);
  const lines: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': controllerPorts.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${brokerPort},CONTROLLER://127.0.0.1:${controllerPorts[nodeId - 1]}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDir,
    'auto.create.topics.enable': false,
    ...(replicas > 1 && { 'default.replication.factor': replicas, 'min.insync.replicas': needed }),
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': needed,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': needed,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'log.cleaner.threads': 1,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.replica.fetchers': 1,
    'num.recovery.threads.per.data.dir': 1,
    ...settings,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A cluster of one. */
export function single(dataDir: string, brokerPort: number, controllerPort: number): KafkaNodeSettings {
  return { nodeId: 1, dataDir, brokerPort, controllerPorts: [controllerPort] };
}

export async function startKafka(context: LocalContext): Promise<StackAddresses> {
  const { dir, installation } = context;
  const folder = installation.kafkaFolder!;
  const dataDir = join(dir, 'data');
  const file = join(dir, 'server.properties');
  mkdirSync(dataDir, { recursive: true });
  const archive = installation.archives.kafka;
  const build = ([broker = 0, controller = 0]: readonly number[]): ServerSpec => {
    writeFileSync(file, kafkaProperties(single(dataDir, broker, controller)));
    return kafkaSpec({
      javaHome: installation.jdk.home,
      folder,
      dir,
      brokerPort: broker,
      flags: archive ? [`-XX:SharedArchiveFile=${archive}`] : [],
    });
  };
  if (!existsSync(join(dataDir, 'meta.properties'))) await format(context, file, dataDir);
  const { ports } = await context.launch(2, build);
  return { kafka: { brokers: [`127.0.0.1:${ports[0]}`] } };
}

export interface KafkaSpecOptions {
  readonly javaHome: string;
  readonly folder: string;
  readonly dir: string;
  readonly brokerPort: number;
  readonly flags: readonly string[];
}

/** How to run the broker whose properties file is in `dir`. */
export function kafkaSpec({ javaHome, folder, dir, brokerPort, flags }: KafkaSpecOptions): ServerSpec {
  return {
    name: 'kafka',
    command: join(javaHome, 'bin/java'),
    args: [...KAFKA_JVM_FLAGS, ...flags, '-cp', classPath(folder), 'kafka.Kafka', join(dir, 'server.properties')],
    cwd: dir,
    logFile: join(dir, 'kafka.log'),
    ready: (signal) => brokerIsAlive(brokerPort, signal),
  };
}

/** Gives an empty data folder its cluster id, which KRaft wants before the first start. */
export async function formatKafka(
  javaHome: string,
  folder: string,
  propertiesFile: string,
  archive: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const shared = archive ? [`-XX:SharedArchiveFile=${archive}`] : [];
  const args = [...KAFKA_JVM_FLAGS, ...shared, '-cp', classPath(folder), 'kafka.tools.StorageTool', 'format'];
  const all = [...args, '-t', CLUSTER_ID, '-c', propertiesFile];
  const { code, output } = await runCommand(join(javaHome, 'bin/java'), all, signal ? { signal } : {});
  if (code === 0) return;
  const message = `Kafka's storage tool could not format the data folder named in ${propertiesFile} (exit code ${code ?? 'none'}): ${output.trim().slice(0, 600)}`;
  throw new SluiceError('STACK_SERVER_FAILED', message, { context: { server: 'kafka' } });
}

async function format({ installation, signal }: LocalContext, file: string, dataDir: string): Promise<void> {
  // The tool reads only the data folder and the id of the node; the ports are chosen when the broker starts.
  writeFileSync(file, kafkaProperties(single(dataDir, 19_092, 19_093)));
  await formatKafka(installation.jdk.home, installation.kafkaFolder!, file, installation.archives.kafka, signal);
}
