import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Versions } from './versions.ts';

/** A server that Maven fetches: how, and where it ends up. */
export interface Component {
  /** For a person: "Kafka 4.4.0". */
  readonly title: string;
  /** Folder inside the cache. */
  readonly folder: string;
  readonly goal: string;
  readonly properties: Readonly<Record<string, string>>;
  /** The part of the Maven repository that holds its archive only, which is not needed once it is unpacked. */
  readonly archiveFolder?: string;
}

export type ComponentName = 'kafka' | 'elasticsearch' | 'registry' | 'redis';

export function componentsFor(versions: Versions): Record<ComponentName, Component> {
  return {
    kafka: {
      title: `Kafka ${versions.kafka}`,
      folder: `kafka-${versions.kafka}`,
      goal: 'dependency:copy-dependencies@kafka',
      properties: { 'kafka.version': versions.kafka },
    },
    elasticsearch: {
      title: `Elasticsearch ${versions.elasticsearch}`,
      folder: `elasticsearch-${versions.elasticsearch}-plain`,
      goal: 'dependency:unpack@elasticsearch',
      properties: { 'elasticsearch.version': versions.elasticsearch },
      archiveFolder: 'org/elasticsearch/distribution',
    },
    registry: {
      title: `Apicurio Registry ${versions.registry}`,
      folder: `registry-${versions.registry}`,
      goal: 'dependency:unpack@registry',
      properties: { 'registry.version': versions.registry },
      archiveFolder: 'io/apicurio/apicurio-registry-app',
    },
    redis: {
      title: `Redis (embedded-redis ${versions.redis})`,
      folder: `redis-${versions.redis}`,
      goal: 'dependency:unpack@redis',
      properties: { 'redis.version': versions.redis },
      archiveFolder: 'com/github/codemonstur',
    },
  };
}

/** The class path of a folder of jars, in one order everywhere, which a class data archive depends on. */
export function classPath(folder: string): string {
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return jars
    .sort()
    .map((name) => join(folder, name))
    .join(':');
}

/** The jar that starts the registry: Apicurio 3 calls it quarkus-run.jar, Apicurio 2 apicurio-…-runner.jar. */
export function registryJar(folder: string): string {
  const name = readdirSync(folder).find((file) => file === 'quarkus-run.jar' || file.endsWith('-runner.jar'));
  return join(folder, name ?? 'quarkus-run.jar');
}

const REDIS_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The packaged redis-server for a platform, newest release of those there; undefined when there is none. */
export function redisBinary(folder: string, platform: string, arch: string): string | undefined {
  const suffix = `-${platform}-${REDIS_ARCHITECTURES[arch] ?? arch}`;
  const names = readdirSync(folder).filter((name) => name.startsWith('redis-server-') && name.endsWith(suffix));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest && join(folder, newest);
}
