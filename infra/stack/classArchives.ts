import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbort } from '#infra/runtime/errors.ts';
import { ensureFolder, type Waiting } from './cacheEntry.ts';
import type { Jdk } from './jdk.ts';
import { formatKafka, KAFKA_JVM_FLAGS, kafkaProperties, kafkaSpec, single } from './local/kafka.ts';
import { REGISTRY_JVM_FLAGS, registrySpec } from './local/registry.ts';
import { freePorts } from './ports.ts';
import { ServerProcess, type ServerSpec } from './serverProcess.ts';
import type { Versions } from './versions.ts';

/**
 * Java class data archives (JDK documentation, "Class Data Sharing"): the classes of one run, laid out for the next ones to map. A broker
 * with one is ready in half the time. A server runs without one as well, so nothing here fails a start.
 */
export interface Archives {
  readonly kafka?: string;
  readonly registry?: string;
}

export interface ArchiveOptions extends Waiting {
  readonly jdk: Jdk;
  readonly versions: Versions;
  readonly kafkaFolder: string | undefined;
  readonly registryFolder: string | undefined;
}

const FILE = 'classes.jsa';
/** Writing the archive at exit takes a few seconds. */
const DUMP_TIMEOUT_MS = 60_000;

/** Makes the archives that are not there yet, each by one run of its server. */
export async function prepareArchives(options: ArchiveOptions): Promise<Archives> {
  const { jdk, versions, kafkaFolder, registryFolder } = options;
  const kafka =
    kafkaFolder &&
    (await ensureArchive(`kafka-${versions.kafka}`, [kafkaFolder, ...KAFKA_JVM_FLAGS], options, (dir, flags) =>
      kafkaTraining(jdk, kafkaFolder, dir, flags),
    ));
  const registry =
    registryFolder &&
    (await ensureArchive(
      `registry-${versions.registry}`,
      [registryFolder, ...REGISTRY_JVM_FLAGS],
      options,
      (dir, flags) => registryTraining(jdk, registryFolder, dir, flags),
    ));
  return { ...(kafka && { kafka }), ...(registry && { registry }) };
}

type Training = (dir: string, flags: readonly string[]) => Promise<ServerSpec>;

/** An archive fits exactly one Java, class path and set of flags, so all of them are in the folder's name. */
async function ensureArchive(
  server: string,
  inputs: readonly string[],
  options: ArchiveOptions,
  training: Training,
): Promise<string | undefined> {
  const { jdk, progress, signal } = options;
  const facts = [jdk.home, jdk.version, ...inputs].join('\0');
  const key = createHash('sha256').update(facts).digest('hex').slice(0, 12);
  const folder = await ensureFolder(`${server}-archive-${key}`, options, async (staging) => {
    progress?.(`preparing ${server.replace('-', ' ')} for quick starts …`);
    const dir = join(staging, 'training');
    mkdirSync(dir);
    try {
      const written = join(dir, FILE);
      await runOnce(await training(dir, [`-XX:ArchiveClassesAtExit=${written}`]), signal);
      if (existsSync(written)) renameSync(written, join(staging, FILE));
    } catch (error) {
      if (isAbort(error)) throw error;
      progress?.(`${server.replace('-', ' ')} will start without a class archive`);
    }
    rmSync(dir, { recursive: true, force: true });
  });
  const file = join(folder, FILE);
  return existsSync(file) ? file : undefined;
}

async function runOnce(spec: ServerSpec, signal: AbortSignal | undefined): Promise<void> {
  const server = await ServerProcess.spawn({ ...spec, stopTimeoutMs: DUMP_TIMEOUT_MS });
  try {
    await server.waitReady(signal);
  } finally {
    await server.stop();
  }
}

async function kafkaTraining(jdk: Jdk, folder: string, dir: string, flags: readonly string[]): Promise<ServerSpec> {
  const [brokerPort = 0, controllerPort = 0] = await freePorts(2);
  const data = join(dir, 'data');
  mkdirSync(data);
  const file = join(dir, 'server.properties');
  writeFileSync(file, kafkaProperties(single(data, brokerPort, controllerPort)));
  await formatKafka(jdk.home, folder, file, undefined, undefined);
  return kafkaSpec({ javaHome: jdk.home, folder, dir, brokerPort, flags });
}

async function registryTraining(jdk: Jdk, folder: string, dir: string, flags: readonly string[]): Promise<ServerSpec> {
  const [port = 0, managementPort = 0] = await freePorts(2);
  return registrySpec({ javaHome: jdk.home, folder, dir, port, managementPort, flags });
}
