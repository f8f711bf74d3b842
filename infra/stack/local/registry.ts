import { join } from 'node:path';
import { registryJar } from '../components.ts';
import { requireBackward } from '../registryConfig.ts';
import type { ServerSpec } from '../serverProcess.ts';
import type { StackAddresses } from '../types.ts';
import type { LocalContext } from './context.ts';

/** Path of the interface that Confluent's clients speak. */
const CONFLUENT_PATH = '/apis/ccompat/v7';

export const REGISTRY_JVM_FLAGS = ['-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

export async function startRegistry(context: LocalContext): Promise<StackAddresses> {
  const { dir, installation, signal } = context;
  const archive = installation.archives.registry;
  const { ports } = await context.launch(2, ([port = 0, managementPort = 0]) =>
    registrySpec({
      javaHome: installation.jdk.home,
      folder: installation.registryFolder!,
      dir,
      port,
      managementPort,
      flags: archive ? [`-XX:SharedArchiveFile=${archive}`] : [],
    }),
  );
  const url = `http://127.0.0.1:${ports[0]}${CONFLUENT_PATH}`;
  await requireBackward(url, signal);
  return { registry: { url } };
}

export interface RegistrySpecOptions {
  readonly javaHome: string;
  readonly folder: string;
  readonly dir: string;
  readonly port: number;
  /** Apicurio 3 serves its health and metrics apart; by default on every interface, port 9000. */
  readonly managementPort: number;
  readonly flags: readonly string[];
}

/** How to run Apicurio with its data in files of `dir`. */
export function registrySpec({ javaHome, folder, dir, port, managementPort, flags }: RegistrySpecOptions): ServerSpec {
  const settings = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': port,
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': managementPort,
    'quarkus.http.access-log.enabled': false,
    'quarkus.otel.sdk.disabled': true,
    'quarkus.log.level': 'WARN',
    'quarkus.log.category."io.apicurio".level': 'WARN',
    // Apicurio 3 and 2 have different names for the same.
    'apicurio.datasource.url': `jdbc:h2:file:${join(dir, 'data')}`,
    REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(dir, 'data')}`,
  };
  const options = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  return {
    name: 'registry',
    command: join(javaHome, 'bin/java'),
    args: [...REGISTRY_JVM_FLAGS, ...flags, ...options, '-jar', registryJar(folder)],
    cwd: dir,
    logFile: join(dir, 'registry.log'),
    ready: async (signal) => {
      const answer = await fetch(`http://127.0.0.1:${port}${CONFLUENT_PATH}/subjects`, { signal });
      await answer.body?.cancel();
      return answer.ok;
    },
  };
}
