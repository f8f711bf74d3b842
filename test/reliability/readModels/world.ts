import { mkdirSync } from 'node:fs';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { consumerGroups } from '#infra/cli/consumerGroups.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { describeDifference } from '#infra/ops/verify/report.ts';
import { verifyCopies } from '#infra/ops/verify/verifyCopies.ts';
import type { JoinedRows } from '#infra/runtime/config/catalog.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Finished, SluiceCommand } from '#test/support/sluice.ts';
import { type Doorway, doorwayTo } from '../capture/doorway.ts';
import { judgeCopies } from './judge.ts';
import { CONFIG, type Death, Supervised } from './roles.ts';
import type { Servers, Site } from './servers.ts';
import { shopScript } from './shopTables.ts';

/** How long the copies may take to be right again after the last trouble, ms. */
const CONVERGE_MS = 300_000;

/** One shop with its own database, topics, groups, keys and indexes, and the processes that serve it. */
export class World<S extends Site = Servers> {
  readonly id: string;
  readonly servers: S;
  readonly db: Database;
  readonly kafka: KafkaClient;
  readonly capture: Supervised;
  readonly storefront: Supervised;
  readonly storefrontUrl: string;
  readonly registry: Doorway;
  readonly logDir: string;
  /** Version of the documents' projection that the consumers run. */
  version = 1;
  readonly #consumers = new Map<number, Supervised>();
  readonly #gone: Supervised[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  #consumerCount = 0;
  #closed = false;

  private constructor(id: string, servers: S, db: Database, registry: Doorway, port: number, logDir: string) {
    this.id = id;
    this.servers = servers;
    this.db = db;
    this.registry = registry;
    this.logDir = logDir;
    this.storefrontUrl = `http://127.0.0.1:${port}`;
    const { kafka, elasticsearch, redis } = servers.addresses;
    this.#environment = {
      RM_ID: id,
      RM_INDEX_PREFIX: `${id.toLowerCase()}-`,
      RM_KEY_PREFIX: `${id}:`,
      RM_PASSWORD: servers.standin.saPassword,
      RM_STOREFRONT_PORT: String(port),
      SLUICE_SQL_HOST: '127.0.0.1',
      SLUICE_SQL_PORT: String(servers.standin.port),
      SLUICE_KAFKA_BROKERS: kafka!.brokers.join(','),
      SLUICE_REGISTRY_URL: `http://127.0.0.1:${registry.port}${new URL(servers.addresses.registry!.url).pathname}`,
      SLUICE_ELASTICSEARCH_URL: elasticsearch!.url,
      SLUICE_REDIS_URL: redis!.url,
    };
    this.kafka = createKafkaClient({ brokers: kafka!.brokers, clientId: `harness-${id}` }, silentLogger);
    this.capture = new Supervised('capture', 'capture', this.environment(), logDir);
    this.storefront = new Supervised('storefront', 'storefront', this.environment(), logDir);
  }

  /** Makes the database and starts capture, storefront and this many consumers. */
  static async open<S extends Site>(id: string, servers: S, consumers: number, logDir: string): Promise<World<S>> {
    mkdirSync(logDir, { recursive: true });
    const source = {
      server: '127.0.0.1',
      port: servers.standin.port,
      user: 'sa',
      password: servers.standin.saPassword,
      encrypt: false,
      trustServerCertificate: true,
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 60_000,
      applicationName: 'legacy till',
    };
    const setup = await openDatabase({ ...source, database: 'master', maxConnections: 1 });
    try {
      for (const batch of shopScript(id)) await setup.batch(batch);
    } finally {
      await setup.close();
    }
    const db = await openDatabase({ ...source, database: id });
    const registry = await doorwayTo(Number(new URL(servers.addresses.registry!.url).port));
    const [port] = await freePorts(1);
    const world = new World(id, servers, db, registry, port!, logDir);
    world.capture.start();
    world.storefront.start();
    for (let i = 0; i < consumers; i++) world.addConsumer();
    return world;
  }

  environment(version = this.version): Readonly<Record<string, string>> {
    return { ...this.#environment, RM_VERSION: String(version) };
  }

  get consumers(): readonly Supervised[] {
    return [...this.#consumers.values()];
  }

  addConsumer(version = this.version): Supervised {
    const number = ++this.#consumerCount;
    const consumer = new Supervised(`consumers-${number}`, 'consumers', this.environment(version), this.logDir);
    this.#consumers.set(number, consumer);
    consumer.start();
    return consumer;
  }

  async removeConsumer(consumer: Supervised): Promise<void> {
    for (const [number, known] of this.#consumers) if (known === consumer) this.#consumers.delete(number);
    this.#gone.push(consumer);
    await consumer.end();
  }

  /** Ends that nobody asked for, of every process there was. */
  get deaths(): readonly Death[] {
    return [this.capture, this.storefront, ...this.#consumers.values(), ...this.#gone].flatMap(({ deaths }) => deaths);
  }

  /** Runs a `sluice` command with this shop's configuration. */
  async sluice(args: readonly string[], version = this.version): Promise<Finished> {
    return this.command(args, version).finished();
  }

  command(args: readonly string[], version = this.version): SluiceCommand {
    return new SluiceCommand([...args, '--config', CONFIG], this.environment(version));
  }

  /** A request to Elasticsearch itself. */
  async elastic<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.#environment['SLUICE_ELASTICSEARCH_URL']}${path}`, {
      method,
      signal: AbortSignal.timeout(15_000),
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  get indexPattern(): string {
    return `${this.#environment['RM_INDEX_PREFIX']}product-*`;
  }

  /** Resolves when nothing is left to read in any group, twice in a row; `isCaptured` tells whether capture has passed the last change. */
  async inSync(isCaptured: () => Promise<boolean>): Promise<void> {
    await eventually(
      async () => {
        if (!(await isCaptured())) throw new Error('the last change has not come through yet');
        for (let look = 0; look < 2; look++) {
          const behind = await this.#behind();
          if (behind.length > 0) throw new Error(`still to be read: ${behind.join(', ')}`);
        }
      },
      { timeoutMs: CONVERGE_MS, everyMs: 300 },
    );
  }

  async #behind(): Promise<string[]> {
    const config = await this.config();
    const known = new Set(await this.kafka.listTopics());
    const behind: string[] = [];
    for (const { groupId, topics } of consumerGroups(config)) {
      const present = [...topics, `${this.id}.redeliveries`].filter((topic) => known.has(topic));
      const committed = await this.kafka.committedOffsets(groupId, present);
      for (const topic of present) {
        let lag = 0n;
        for (const [partition, { begin, end }] of await this.kafka.topicOffsets(topic)) {
          const next = committed.get(topic)?.get(partition) ?? begin;
          if (end > next) lag += end - (next < begin ? begin : next);
        }
        if (lag > 0n) behind.push(`${groupId}: ${lag} of ${topic}`);
      }
    }
    return behind;
  }

  async config() {
    Object.assign(process.env, this.environment());
    const config = await loadConfig(CONFIG);
    // The module of the configuration is loaded once, so it has the version of the first time in it.
    const { version } = this;
    const documents = config.catalog.documents.map((definition) => ({
      ...definition,
      version,
      project: (rows: JoinedRows) => ({ ...definition.project(rows), shape: version }),
    }));
    return { ...config, catalog: { ...config.catalog, documents } };
  }

  /** Compares every copy with the source, which must be quiet; gives the differences, one line each. */
  async differences(): Promise<string[]> {
    return judgeCopies(this.db, await this.config(), this.version);
  }

  /** What `sluice verify` finds, on a source that may be busy: one line for each difference, and whether all could be decided. */
  async verified(): Promise<{ readonly outcome: string; readonly found: readonly string[] }> {
    const report = await verifyCopies({
      config: await this.config(),
      kafka: this.kafka,
      log: silentLogger,
      rowsPerSecond: null,
      signal: AbortSignal.timeout(CONVERGE_MS),
    });
    const undecided = report.undecided.map(({ what, id, why }) => `${what} ${id} undecided: ${why}`);
    return {
      outcome: report.outcome,
      found: [...report.differences.map(describeDifference), ...undecided, ...report.notes],
    };
  }

  /** Ends every process and removes what the shop left on the servers. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.capture, this.storefront, ...this.#consumers.values()].map((role) => role.end()));
    const topics = (await this.kafka.listTopics()).filter((topic) => topic.startsWith(`${this.id}.`));
    await this.kafka.deleteTopics(topics).catch(() => undefined);
    await this.kafka.close();
    await this.registry.shut();
    await this.db.close();
    for (const { index } of await this.elastic<{ index: string }[]>(
      'GET',
      `/_cat/indices/${this.indexPattern}?format=json`,
    ).catch(() => []))
      await this.elastic('DELETE', `/${index}`).catch(() => undefined);
  }
}
