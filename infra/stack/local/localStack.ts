import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { runFolder } from '../cacheFolder.ts';
import { envOf } from '../env.ts';
import { ensureInstalled, type Installation } from '../install.ts';
import { freePorts } from '../ports.ts';
import { ownIdentity, processMark } from '../processIdentity.mjs';
import { reapAbandoned } from '../reap.ts';
import {
  type RecordedProcess,
  type RunRecord,
  readRecords,
  recordPath,
  removeRecord,
  stateOf,
  writeRecord,
} from '../runRecord.ts';
import { ServerProcess, type ServerSpec } from '../serverProcess.ts';
import type { Part, Stack, StackAddresses, StackProcess, StartStackOptions } from '../types.ts';
import { Watchdog } from '../watchdog.ts';
import type { Launched, LocalStarter } from './context.ts';
import { startElasticsearch } from './elasticsearch.ts';
import { startKafka } from './kafka.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import { startSqlServer } from './sqlserver.ts';

const STARTERS: Readonly<Record<Part, LocalStarter>> = {
  kafka: startKafka,
  elasticsearch: startElasticsearch,
  registry: startRegistry,
  redis: startRedis,
  sqlserver: startSqlServer,
};

/** A port may be taken between its choice and its use; three times in a row is something else. */
const LAUNCH_ATTEMPTS = 3;

/** Starts the parts as processes of this machine. First ends what killed owners have left behind. */
export async function startLocalStack(options: StartStackOptions): Promise<Stack> {
  await reapAbandoned(runFolder(), options.log);
  const installation = await ensureInstalled(options);
  const stack = new LocalStack(options, installation);
  try {
    await stack.start();
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

class LocalStack implements Stack {
  readonly provider = 'local';
  readonly dir: string;
  readonly #options: StartStackOptions;
  readonly #installation: Installation;
  readonly #temporary: boolean;
  readonly #id = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`;
  readonly #startedAt = new Date().toISOString();
  readonly #watchdog: Watchdog;
  readonly #servers = new Set<ServerProcess>();
  #addresses: StackAddresses = {};
  #stopped: Promise<void> | undefined;
  #ready = false;

  constructor(options: StartStackOptions, installation: Installation) {
    this.#options = options;
    this.#installation = installation;
    this.#temporary = options.dataDir === undefined;
    this.dir = options.dataDir ? useDataDir(options.dataDir) : realpathSync(mkdtempSync(join(tmpdir(), 'sluice-')));
    const record = recordPath(runFolder(), this.#id);
    this.#watchdog = new Watchdog(this.#temporary ? [this.dir, record] : [record]);
    this.#record();
  }

  get addresses(): StackAddresses {
    return this.#addresses;
  }

  get processes(): readonly StackProcess[] {
    return [...this.#servers].flatMap(processesOf).map(({ name, pid }) => ({ name, pid }));
  }

  env(): Record<string, string> {
    return envOf(this.#addresses);
  }

  /** All parts at once; the first that fails ends the others. */
  async start(): Promise<void> {
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(this.#options.signal ? [this.#options.signal] : [])]);
    const starts = this.#options.parts.map(async (part) => {
      try {
        return await this.#startPart(part, signal);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    const results = await Promise.allSettled(starts);
    this.#options.signal?.throwIfAborted();
    failed.signal.throwIfAborted();
    for (const result of results)
      if (result.status === 'fulfilled') this.#addresses = { ...this.#addresses, ...result.value };
    this.#ready = true;
    this.#record();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #startPart(part: Part, signal: AbortSignal): Promise<StackAddresses> {
    const startedMs = Date.now();
    const dir = join(this.dir, part);
    mkdirSync(dir, { recursive: true });
    const { log, progress } = this.#options;
    const launch = (count: number, build: (ports: readonly number[]) => ServerSpec) =>
      this.#launch(count, build, signal);
    const addresses = await STARTERS[part]({ installation: this.#installation, dir, log, signal, launch });
    progress?.(`${part} is ready (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    return addresses;
  }

  async #launch(
    portCount: number,
    build: (ports: readonly number[]) => ServerSpec,
    signal: AbortSignal,
  ): Promise<Launched> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const ports = await freePorts(portCount);
      const server = await ServerProcess.spawn(build(ports));
      this.#add(server);
      try {
        await server.waitReady(signal);
        this.#record();
        return { server, ports };
      } catch (error) {
        const retry = attempt < LAUNCH_ATTEMPTS && !server.running && server.portWasTaken();
        await server.stop();
        if (!retry) throw error;
      }
    }
  }

  #add(server: ServerProcess): void {
    this.#servers.add(server);
    this.#watchdog.watch(server.pid);
    this.#record();
    void server.exited.then((how) => {
      if (this.#ready && !this.#stopped) {
        this.#options.log.error({
          event: 'stack_server_ended',
          server: server.spec.name,
          how,
          logFile: server.spec.logFile,
        });
      }
    });
  }

  /** Notes every process that belongs to this stack now. */
  #record(): void {
    if (this.#stopped) return;
    const record: RunRecord = {
      id: this.#id,
      owner: ownIdentity(),
      dir: this.dir,
      temporary: this.#temporary,
      parts: this.#options.parts,
      startedAt: this.#startedAt,
      processes: [...this.#servers].flatMap(processesOf),
      watchdogPid: this.#watchdog.pid,
      ...(this.#ready && { addresses: this.#addresses, env: this.env() }),
    };
    writeRecord(runFolder(), record);
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.stop()));
    this.#servers.clear();
    this.#watchdog.done();
    if (this.#temporary) rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    removeRecord(runFolder(), this.#id);
  }
}

/** A leader with children (Elasticsearch's) only launches the server, which is among the children. */
function processesOf(server: ServerProcess): RecordedProcess[] {
  const members = server.running ? server.members() : [];
  return members.flatMap((pid) => {
    const mark = processMark(pid);
    const name = members.length > 1 && pid === server.pid ? `${server.spec.name}-launcher` : server.spec.name;
    return mark ? [{ name, pid, mark, group: server.pid }] : [];
  });
}

/** Two stacks in one folder would destroy each other's data. */
function useDataDir(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true });
  const dir = realpathSync(resolve(dataDir));
  const user = readRecords(runFolder()).find((record) => record.dir === dir && stateOf(record) === 'running');
  if (!user) return dir;
  const message = `The data folder ${dir} is used by the stack of process ${user.owner.pid}, started ${user.startedAt}.`;
  throw new SluiceError('STACK_DATA_IN_USE', message);
}
