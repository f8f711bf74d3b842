import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#infra/runtime/logger.ts';
import { ensureInstalled, type Installation } from '#infra/stack/install.ts';
import type { LocalStarter } from '#infra/stack/local/context.ts';
import { startElasticsearch } from '#infra/stack/local/elasticsearch.ts';
import { startKafka } from '#infra/stack/local/kafka.ts';
import { startRedis } from '#infra/stack/local/redis.ts';
import { startRegistry } from '#infra/stack/local/registry.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { sendSignal } from '#infra/stack/processGroup.ts';
import { ServerProcess, type ServerSpec } from '#infra/stack/serverProcess.ts';
import type { StackAddresses } from '#infra/stack/types.ts';
import { Watchdog } from '#infra/stack/watchdog.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

/** One real server that can be hurt and started again on its ports with its data. */
export class BreakableServer {
  readonly name: string;
  /** Holds its data, configuration and log. */
  readonly dir: string;
  readonly #watchdog: Watchdog;
  #spec: ServerSpec | undefined;
  #server: ServerProcess | undefined;

  constructor(name: string, dir: string, watchdog: Watchdog) {
    this.name = name;
    this.dir = join(dir, name);
    this.#watchdog = watchdog;
    mkdirSync(this.dir, { recursive: true });
  }

  get running(): boolean {
    return this.#server?.running ?? false;
  }

  /** The first start; ports and command are kept for the later ones. */
  open(starter: LocalStarter, installation: Installation): Promise<StackAddresses> {
    return starter({
      installation,
      dir: this.dir,
      log: silentLogger,
      launch: async (portCount, build) => {
        const ports = await freePorts(portCount);
        this.#spec = build(ports);
        await this.start();
        return { server: this.#server!, ports };
      },
    });
  }

  /** Starts it if it is not running and waits until it serves. */
  async start(): Promise<void> {
    if (this.running) return;
    const server = await ServerProcess.spawn(this.#spec!);
    this.#server = server;
    this.#watchdog.watch(server.pid);
    void server.exited.then(() => this.#watchdog.drop(server.pid));
    await server.waitReady();
  }

  /** SIGSTOP and SIGCONT return at once; after any other signal it waits for the end of the process. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const server = this.#server!;
    if (!server.running) return;
    if (name === 'SIGTERM') return server.stop();
    sendSignal(-server.pid, name);
    if (name !== 'SIGSTOP' && name !== 'SIGCONT') await server.exited;
  }
}

/** Where a shop's servers are. */
export interface Site {
  readonly addresses: StackAddresses;
  readonly standin: StandinProcess;
}

/** Real servers for one run of schedules; nothing of them is shared with anybody. */
export interface Servers extends Site {
  readonly kafka: BreakableServer;
  readonly registry: BreakableServer;
  readonly redis: BreakableServer;
  readonly elasticsearch: BreakableServer;
  stop(): Promise<void>;
}

const STARTERS = {
  kafka: startKafka,
  registry: startRegistry,
  redis: startRedis,
  elasticsearch: startElasticsearch,
} as const;

/** Starts Kafka, registry, Redis, Elasticsearch and the SQL Server stand-in in a temporary folder that goes with them. */
export async function startServers(): Promise<Servers> {
  const names = ['kafka', 'registry', 'redis', 'elasticsearch'] as const;
  const installation = await ensureInstalled({ parts: names });
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-readmodels-')));
  const watchdog = new Watchdog([dir]);
  const servers = {
    kafka: new BreakableServer('kafka', dir, watchdog),
    registry: new BreakableServer('registry', dir, watchdog),
    redis: new BreakableServer('redis', dir, watchdog),
    elasticsearch: new BreakableServer('elasticsearch', dir, watchdog),
  };
  const standing: { standin?: StandinProcess } = {};
  const stop = async (): Promise<void> => {
    await Promise.all([...names.map((name) => servers[name].signal('SIGKILL')), standing.standin?.stop()]);
    watchdog.done();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const opened = await Promise.all([
      ...names.map((name) => servers[name].open(STARTERS[name], installation)),
      startStandin({ args: ['--capture-interval', '50', '--tls', 'off'] }).then((standin): StackAddresses => {
        standing.standin = standin;
        return {};
      }),
    ]);
    const addresses: StackAddresses = Object.assign({}, ...opened);
    return { ...servers, standin: standing.standin!, addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
