import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { RoleProcess } from '#infra/demo/runProcesses.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

const STANDIN = fileURLToPath(new URL('../../../infra/standin/main.ts', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../support/configs/commands.config.ts', import.meta.url));
const SA_PASSWORD = 'Str0ng!Passw0rd';

export interface PlaceOptions {
  /** API processes. */
  readonly processes: number;
  /** Kafka for the queue; none: no queue. */
  readonly brokers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A database server with its data on disk and several API processes over one shop in it, all to be killed and started again. */
export class Place {
  readonly folder: string;
  readonly saPassword = SA_PASSWORD;
  readonly key: string;
  readonly urls: readonly string[];
  readonly apis: readonly RoleProcess[];
  shop: CommandShop;
  readonly #port: number;
  #standin: ChildProcess;

  private constructor(parts: {
    folder: string;
    key: string;
    urls: readonly string[];
    apis: readonly RoleProcess[];
    shop: CommandShop;
    port: number;
    standin: ChildProcess;
  }) {
    this.folder = parts.folder;
    this.key = parts.key;
    this.urls = parts.urls;
    this.apis = parts.apis;
    this.shop = parts.shop;
    this.#port = parts.port;
    this.#standin = parts.standin;
  }

  static async open(options: PlaceOptions): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'commands-'));
    const [port = 0, ...apiPorts] = await freePorts(1 + options.processes);
    const standin = await startStandin(folder, port);
    const shop = await createCommandShop({ port, saPassword: SA_PASSWORD }, 'epos');
    const { key, entry } = await createKey({ id: 'load', scopes: SCOPES });
    const env = {
      SLUICE_SQL_PORT: String(port),
      SLUICE_SQL_ENCRYPT: 'false',
      COMMANDS_DATABASE: shop.name,
      COMMANDS_PASSWORD: shop.commandOptions.password,
      COMMANDS_KEYS: JSON.stringify([entry]),
      COMMANDS_PREFIX: shop.name,
      ...(options.brokers === undefined ? {} : { SLUICE_KAFKA_BROKERS: options.brokers.join(',') }),
      ...options.env,
    };
    const apis = apiPorts.map(
      (apiPort, i) =>
        new RoleProcess({
          role: 'commands',
          configPath: CONFIG,
          env: { ...env, COMMANDS_PORT: String(apiPort) },
          logDir: join(folder, `api${i}`),
          logLevel: 'warn',
          log: silentLogger,
        }),
    );
    const urls = apiPorts.map((apiPort) => `http://127.0.0.1:${apiPort}`);
    const place = new Place({ folder, key, urls, apis, shop, port, standin });
    await Promise.all(apis.map((api) => api.start()));
    return place;
  }

  /** Ends the database server the hard way. */
  async killDatabase(): Promise<void> {
    const ended = once(this.#standin, 'exit');
    this.#standin.kill('SIGKILL');
    await ended;
  }

  async startDatabase(): Promise<void> {
    this.#standin = await startStandin(this.folder, this.#port);
  }

  async close(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.stop()));
    await this.shop.close();
    const ended = once(this.#standin, 'exit');
    this.#standin.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function startStandin(folder: string, port: number): Promise<ChildProcess> {
  const args = [STANDIN, '--port', String(port), '--data', join(folder, 'data'), '--capture-interval', '1000'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, STANDIN_SA_PASSWORD: SA_PASSWORD },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout! }), 'line');
  return child;
}
