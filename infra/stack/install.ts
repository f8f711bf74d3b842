import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { prepareElasticsearch } from './analysisPlugin.ts';
import { ensureFolder, type Waiting } from './cacheEntry.ts';
import { cacheFolder } from './cacheFolder.ts';
import { type Archives, prepareArchives } from './classArchives.ts';
import { type Component, type ComponentName, componentsFor, redisBinary } from './components.ts';
import { findJdk, type Jdk } from './jdk.ts';
import { runMaven } from './maven.ts';
import { findRedisOnPath, runsHere } from './redisBinary.ts';
import type { Part } from './types.ts';
import { type Versions, versionsFor } from './versions.ts';

/** Everything the local servers are started from; a part that was not asked for is absent. */
export interface Installation {
  readonly jdk: Jdk;
  readonly versions: Versions;
  readonly kafkaFolder?: string;
  readonly elasticsearchHome?: string;
  readonly registryFolder?: string;
  readonly redisServer?: string;
  readonly archives: Archives;
}

export interface InstallOptions extends Waiting {
  readonly parts: readonly Part[];
}

/**
 * Makes sure that all servers of `parts` are in the cache, fetching what is missing. Several copies may run at once: one fetches, the
 * others wait. Whatever was interrupted is begun anew; whatever is complete is never touched again.
 */
export async function ensureInstalled(options: InstallOptions): Promise<Installation> {
  const wants = (part: ComponentName): boolean => options.parts.includes(part);
  const jdk = findJdk();
  const versions = versionsFor(jdk.major);
  const components = componentsFor(versions);
  const redisOnPath = wants('redis') ? await findRedisOnPath() : undefined;
  const fetch = async (name: ComponentName): Promise<string | undefined> =>
    wants(name) ? ensureComponent(components[name], jdk, options) : undefined;

  const kafkaFolder = await fetch('kafka');
  const registryFolder = await fetch('registry');
  const redisServer = redisOnPath ?? (await packagedRedis(wants('redis') ? await fetch('redis') : undefined));
  const plain = await fetch('elasticsearch');
  const elasticsearchHome =
    plain && (await prepareElasticsearch({ plain, version: versions.elasticsearch, jdk, ...options }));
  const archives = await prepareArchives({ jdk, versions, kafkaFolder, registryFolder, ...options });
  return {
    jdk,
    versions,
    archives,
    ...(kafkaFolder && { kafkaFolder }),
    ...(registryFolder && { registryFolder }),
    ...(redisServer && { redisServer }),
    ...(elasticsearchHome && { elasticsearchHome }),
  };
}

async function ensureComponent(component: Component, jdk: Jdk, options: InstallOptions): Promise<string> {
  return ensureFolder(component.folder, options, async (staging) => {
    const startedMs = Date.now();
    options.progress?.(`fetching ${component.title} …`);
    const repository = join(cacheFolder(), 'maven');
    const properties = { ...component.properties, target: staging, 'maven.repo.local': repository };
    await runMaven({
      goal: component.goal,
      properties,
      javaHome: jdk.home,
      ...(options.signal && { signal: options.signal }),
    });
    if (component.archiveFolder) rmSync(join(repository, component.archiveFolder), { recursive: true, force: true });
    options.progress?.(`fetched ${component.title} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  });
}

async function packagedRedis(folder: string | undefined): Promise<string | undefined> {
  if (!folder) return undefined;
  const binary = redisBinary(folder, process.platform, process.arch);
  if (binary && (await runsHere(binary))) return binary;
  const message = `The packaged redis-server does not run on this machine (${process.platform} ${process.arch}${binary ? '' : ', none is packaged for it'}).`;
  const hint =
    'Install redis-server or valkey-server 6.2 or newer (for example `apt-get install redis-server`) so that it is on PATH.';
  throw new SluiceError('STACK_DOWNLOAD_FAILED', message, { hint, retriable: false });
}
