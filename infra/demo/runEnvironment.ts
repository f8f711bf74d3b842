import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { startStack } from '#infra/stack/stack.ts';
import type { Stack } from '#infra/stack/types.ts';
import { CommandsClient, StorefrontClient } from './runClients.ts';
import { prepareDatabase } from './runDatabase.ts';
import { RoleProcess, residentBytes } from './runProcesses.ts';
import { type OwnerPool, openOwnerPool } from './runSql.ts';
import { HOOKS_PATH, JWKS_PATH, ShopServer } from './shop/shopServer.ts';
import type { DemoShop } from './shops.ts';

const ROLES = ['capture', 'consumers', 'commands', 'storefront'] as const;
export type DemoRole = (typeof ROLES)[number];

export interface DemoEnvironmentOptions {
  readonly shop: DemoShop;
  readonly dataDir: string | undefined;
  readonly products: number;
  readonly logLevel: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** An order of the demo's account. */
export interface OwnOrder {
  readonly orderId: string;
  readonly status: string;
  readonly lines?: readonly unknown[];
}

/** A finished step of the set-up and how long it took, ms. */
export interface Phase {
  readonly name: string;
  readonly ms: number;
}

/** Everything the demo starts: the stack, the legacy database, the four roles as processes of their own, and the shop's page. */
export class DemoEnvironment {
  readonly phases: Phase[] = [];
  readonly processes = new Map<DemoRole, RoleProcess>();
  readonly opsUrls = new Map<DemoRole, string>();
  readonly #options: DemoEnvironmentOptions;
  readonly #logDir = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  #stack: Stack | undefined;
  #owner: OwnerPool | undefined;
  #shopServer: ShopServer | undefined;
  #shopPort = 0;
  #storefrontUrl = '';
  #commandsUrl = '';
  #key = '';
  #sourceRows = 0;
  readonly #peaks = new Map<string, number>();

  constructor(options: DemoEnvironmentOptions) {
    this.#options = options;
  }

  get sourceRows(): number {
    return this.#sourceRows;
  }
  get logDir(): string {
    return this.#logDir;
  }
  /** Shell assignments of this run's variables, readable by this user only and removed at the end. */
  get envFile(): string {
    return join(this.#logDir, 'env');
  }
  get shopUrl(): string {
    return this.#shopServer?.url ?? '';
  }
  /** The first page of the account's orders, as the shop's page shows them. */
  async ownOrders(): Promise<readonly OwnOrder[]> {
    const answer = await fetch(`${this.shopUrl}/api/orders`, { signal: AbortSignal.timeout(5000) });
    return ((await answer.json()) as { items?: readonly OwnOrder[] }).items ?? [];
  }
  /** What the shop was told of an order by webhooks: types of events and the status each brought. */
  orderNews(orderId: string): readonly string[] {
    return (this.#shopServer?.inbox?.news(orderId) ?? []).map(({ type, status }) => `${type} ${status}`);
  }
  get storefront(): StorefrontClient {
    return new StorefrontClient(this.#storefrontUrl);
  }
  get commands(): CommandsClient {
    return new CommandsClient(this.#commandsUrl, this.#key);
  }
  /** A pool of the database's owner, for everything that plays the legacy system. */
  get owner(): OwnerPool {
    return required(this.#owner, 'database connection');
  }
  /** The environment a role process gets: addresses, ports and secrets of this run. */
  env: Record<string, string> = {};

  /** Starts everything; each step's time is kept in `phases`. */
  async start(): Promise<void> {
    const { progress } = this.#options;
    await this.#phase('stack', async () => {
      const { log, signal } = this.#options;
      this.#stack = await startStack({
        parts: ['kafka', 'elasticsearch', 'registry', 'redis', 'sqlserver'],
        log,
        signal,
        progress,
      });
    });
    await this.#prepareSecretsAndPorts();
    await this.#phase('load', () => this.#prepareDatabase());
    progress('starting capture, consumers, command API and storefront API');
    await this.#phase('start', () => this.#startRoles());
    await this.#startShop();
  }

  /** The operations endpoint's facts about a role; throws while it does not answer. */
  async status(role: DemoRole): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.opsUrls.get(role)}/status`, { signal: AbortSignal.timeout(5000) });
    return (await response.json()) as Record<string, unknown>;
  }

  /** Remembers the largest resident size of every process so far. */
  async sampleMemory(): Promise<void> {
    for (const process of this.processes.values()) await process.sampleMemory();
    for (const { name, pid } of this.#stack?.processes ?? []) {
      this.#peaks.set(name, Math.max(this.#peaks.get(name) ?? 0, await residentBytes(pid)));
    }
  }

  memory(): { name: string; peakBytes: number; restarts?: number }[] {
    const roles = [...this.processes.values()].map((p) => ({
      name: p.role,
      peakBytes: p.peakMemoryBytes,
      restarts: p.restarts,
    }));
    return [...roles, ...[...this.#peaks].map(([name, peakBytes]) => ({ name, peakBytes }))];
  }

  /** Stops everything in reverse order; may be called after a failed start. Logs are kept only when asked, the variables never. */
  async stop(keepLogs = false): Promise<void> {
    await this.#shopServer?.stop();
    await Promise.all([...this.processes.values()].map((process) => process.stop()));
    await this.#owner?.close();
    await this.#stack?.stop();
    await rm(keepLogs ? this.envFile : this.#logDir, { recursive: true, force: true });
  }

  async #phase(name: string, work: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    await work();
    this.phases.push({ name, ms: performance.now() - startedAt });
    this.#options.signal.throwIfAborted();
  }

  async #prepareSecretsAndPorts(): Promise<void> {
    const { key, entry } = await createKey({
      id: 'demo-shop',
      scopes: ['orders:write', 'orders:cancel', 'orders:change', 'stock:read'],
    });
    this.#key = key;
    const [commandsPort, storefrontPort, shopPort] = await freePorts(3);
    this.#shopPort = shopPort!;
    const shopUrl = `http://127.0.0.1:${shopPort}`;
    this.#commandsUrl = `http://127.0.0.1:${commandsPort}`;
    this.#storefrontUrl = `http://127.0.0.1:${storefrontPort}`;
    this.env = {
      ...required(this.#stack, 'stack').env(),
      SLUICE_SQL_CAPTURE_PASSWORD: password(),
      SLUICE_SQL_COMMANDS_PASSWORD: password(),
      SLUICE_COMMANDS_PORT: String(commandsPort),
      SLUICE_STOREFRONT_PORT: String(storefrontPort),
      SLUICE_COMMANDS_KEYS: JSON.stringify([entry]),
      SLUICE_SHOP_JWKS_URL: `${shopUrl}${JWKS_PATH}`,
      SLUICE_SHOP_HOOKS_URL: `${shopUrl}${HOOKS_PATH}`,
      SLUICE_SHOP_HOOKS_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    };
    const quoted = Object.entries(this.env).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    writeFileSync(this.envFile, quoted.join(''), { mode: 0o600 });
  }

  async #prepareDatabase(): Promise<void> {
    const { shop, dataDir, products, signal, progress } = this.#options;
    const server = required(required(this.#stack, 'stack').addresses.sqlserver, 'SQL Server address');
    const script = await openOwnerPool({ ...server, connections: 1 });
    try {
      this.#sourceRows = await prepareDatabase({
        shop,
        owner: script,
        capturePassword: this.env['SLUICE_SQL_CAPTURE_PASSWORD']!,
        commandsPassword: this.env['SLUICE_SQL_COMMANDS_PASSWORD']!,
        dataDir,
        products,
        signal,
        progress,
      });
    } finally {
      await script.close();
    }
    this.#owner = await openOwnerPool({ ...server, database: shop.database, connections: 6 });
  }

  async #startRoles(): Promise<void> {
    const { shop, logLevel, log } = this.#options;
    const opsPorts = await freePorts(ROLES.length);
    for (const [i, role] of ROLES.entries()) {
      const opsPort = opsPorts[i];
      this.opsUrls.set(role, `http://127.0.0.1:${opsPort}`);
      const env = { ...this.env, SLUICE_OPS_PORT: String(opsPort) };
      this.processes.set(
        role,
        new RoleProcess({ role, configPath: shop.configPath, env, logDir: this.#logDir, logLevel, log }),
      );
    }
    await Promise.all([...this.processes.values()].map((process) => process.start()));
  }

  async #startShop(): Promise<void> {
    const { shop, log } = this.#options;
    const { title, tagline, currency, locale, deliveryLocations } = shop;
    this.#shopServer = new ShopServer({
      storefrontUrl: this.#storefrontUrl,
      commandsUrl: this.#commandsUrl,
      commandsKey: this.#key,
      customerId: shop.demoCustomerId,
      port: this.#shopPort,
      webhookSecret: this.env['SLUICE_SHOP_HOOKS_SECRET']!,
      shop: { title, tagline, currency, locale, deliveryLocations, locations: await shop.locationNames(this.owner) },
      log,
    });
    await this.#shopServer.start();
  }
}

/** A password SQL Server's policy accepts: mixed case, digits and a sign. */
function password(): string {
  return `Aa1!${randomBytes(18).toString('base64url')}`;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new SluiceError('INTERNAL', `The demo has no ${what} yet.`);
  return value;
}
