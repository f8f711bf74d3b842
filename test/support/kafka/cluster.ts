import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, type Installation } from '#infra/stack/install.ts';
import { formatKafka, kafkaProperties, kafkaSpec } from '#infra/stack/local/kafka.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { sendSignal } from '#infra/stack/processGroup.ts';
import { ServerProcess, type ServerSpec } from '#infra/stack/serverProcess.ts';
import { Watchdog } from '#infra/stack/watchdog.ts';

/** One broker of the cluster; it can be hurt and started again on its ports with its data. */
export interface KafkaNode {
  /** From 1 on. */
  readonly id: number;
  readonly address: string;
  /** Folder of its data. */
  readonly dataDir: string;
  readonly pid: number;
  readonly running: boolean;
  /** SIGSTOP and SIGCONT return at once; after any other signal it waits for the end of the process. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Starts it again after its end and waits until it serves. */
  start(): Promise<void>;
}

/** Brokers on this machine that replicate to each other. */
export interface KafkaCluster {
  readonly nodes: readonly KafkaNode[];
  readonly addresses: string[];
  stop(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** How many; 3 by default. Every topic of Kafka's own is kept on all of them, and a write needs all but one. */
  readonly brokers?: number;
  readonly heapMb?: number;
  /** More settings, or others in place of ours, for every broker. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Where one broker keeps its data, when it shall not be in the cluster's temporary folder. Must exist and be empty. */
  readonly dataDirs?: ReadonlyMap<number, string>;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Starts a Kafka cluster of real brokers in a temporary folder, apart from any stack: for tests that kill brokers. When the caller is killed
 * the brokers end by themselves. @throws SluiceError with a STACK_ code; nothing is left running then
 */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const installation = await ensureInstalled({ ...options, parts: ['kafka'] });
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-kafka-')));
  const watchdog = new Watchdog([dir]);
  const count = options.brokers ?? 3;
  const ports = await freePorts(count * 2);
  const nodes = Array.from(
    { length: count },
    (_, i) => new LocalNode(i + 1, { installation, dir, ports, watchdog, ...options }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.end()));
    watchdog.done();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await Promise.all(nodes.map((node) => node.format()));
    // A broker is ready only when most of them are there, so none is waited for alone.
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, addresses: nodes.map((node) => node.address), stop };
}

interface NodeContext extends KafkaClusterOptions {
  readonly installation: Installation;
  readonly dir: string;
  /** Broker ports first, then controller ports. */
  readonly ports: readonly number[];
  readonly watchdog: Watchdog;
}

class LocalNode implements KafkaNode {
  readonly id: number;
  readonly address: string;
  readonly dataDir: string;
  readonly #context: NodeContext;
  readonly #dir: string;
  readonly #file: string;
  readonly #spec: ServerSpec;
  #server: ServerProcess | undefined;

  constructor(id: number, context: NodeContext) {
    const { ports, installation, dir, settings, heapMb = 256 } = context;
    const count = ports.length / 2;
    const brokerPort = ports[id - 1]!;
    this.id = id;
    this.address = `127.0.0.1:${brokerPort}`;
    this.#context = context;
    this.#dir = join(dir, `broker-${id}`);
    this.dataDir = context.dataDirs?.get(id) ?? join(this.#dir, 'data');
    this.#file = join(this.#dir, 'server.properties');
    mkdirSync(this.dataDir, { recursive: true });
    mkdirSync(this.#dir, { recursive: true });
    const node = { nodeId: id, dataDir: this.dataDir, brokerPort, controllerPorts: ports.slice(count) };
    writeFileSync(this.#file, kafkaProperties({ ...node, ...(settings && { settings }) }));
    const archive = installation.archives.kafka;
    this.#spec = kafkaSpec({
      javaHome: installation.jdk.home,
      folder: installation.kafkaFolder!,
      dir: this.#dir,
      brokerPort,
      flags: [`-Xmx${heapMb}m`, ...(archive ? [`-XX:SharedArchiveFile=${archive}`] : [])],
    });
  }

  get pid(): number {
    return this.#server!.pid;
  }

  get running(): boolean {
    return this.#server?.running ?? false;
  }

  async format(): Promise<void> {
    const { installation, signal } = this.#context;
    const { jdk, kafkaFolder, archives } = installation;
    await formatKafka(jdk.home, kafkaFolder!, this.#file, archives.kafka, signal);
  }

  async start(): Promise<void> {
    if (this.running) return;
    const { watchdog, signal } = this.#context;
    const server = await ServerProcess.spawn(this.#spec);
    this.#server = server;
    watchdog.watch(server.pid);
    void server.exited.then(() => watchdog.drop(server.pid));
    await server.waitReady(signal);
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    const server = this.#server!;
    sendSignal(-server.pid, name);
    if (name !== 'SIGSTOP' && name !== 'SIGCONT') await server.exited;
  }

  /** Ends it for good; a stopped one is killed. */
  async end(): Promise<void> {
    if (this.running) await this.signal('SIGKILL');
  }
}
