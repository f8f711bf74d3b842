import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type FolderContext, hostContext } from './cacheFolder.ts';
import type { Provider } from './types.ts';

const PROVIDERS: readonly string[] = ['local', 'containers', 'external'] satisfies Provider[];
const PING_TIMEOUT_MS = 1_000;

/** Where a container engine may listen. */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/**
 * SLUICE_STACK when it is set; else (or with `auto`) containers when a container engine answers within a second, and processes of this
 * machine when none does.
 */
export async function chooseProvider(
  context: FolderContext = hostContext(),
  answers: (address: EngineAddress) => Promise<boolean> = enginePing,
): Promise<Provider> {
  const wish = context.env['SLUICE_STACK'] || 'auto';
  if (PROVIDERS.includes(wish)) return wish as Provider;
  if (wish !== 'auto') {
    const message = `SLUICE_STACK is "${wish}": expected local, containers, external or auto.`;
    throw new SluiceError('STACK_CHOICE_INVALID', message);
  }
  const found = await Promise.all(engineAddresses(context).map(answers));
  return found.includes(true) ? 'containers' : 'local';
}

/** DOCKER_HOST alone when it is set; else the usual sockets of Docker, Docker Desktop, Colima and Podman that exist. */
export function engineAddresses({ env, home }: FolderContext): EngineAddress[] {
  const host = env['DOCKER_HOST'];
  if (host?.startsWith('unix://')) return [{ socketPath: host.slice('unix://'.length) }];
  if (host?.startsWith('tcp://')) {
    const url = new URL(host.replace('tcp://', 'http://'));
    return [{ host: url.hostname, port: Number(url.port || 2375) }];
  }
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  const sockets = [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    ...(runtimeDir ? [join(runtimeDir, 'docker.sock'), join(runtimeDir, 'podman/podman.sock')] : []),
  ];
  return sockets.filter((path) => existsSync(path)).map((socketPath) => ({ socketPath }));
}

/** GET /_ping of the Docker Engine API. */
function enginePing(address: EngineAddress): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = request({ ...address, path: '/_ping', timeout: PING_TIMEOUT_MS }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 200);
  });
  asked.once('error', () => resolve(false));
  asked.once('timeout', () => {
    asked.destroy();
    resolve(false);
  });
  asked.end();
  return promise;
}
