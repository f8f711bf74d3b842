import { randomBytes } from 'node:crypto';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type ContainerSpec, containerSpecs } from './containerSpecs.ts';
import { envOf } from './env.ts';
import { freePorts } from './ports.ts';
import { requireBackward } from './registryConfig.ts';
import type { Part, Stack, StackAddresses, StartStackOptions } from './types.ts';

/** The first start fetches images. */
const START_TIMEOUT_MS = 10 * 60_000;

/**
 * Starts the parts as containers of the official images, a real SQL Server among them. They keep nothing over a restart, so `dataDir` is
 * refused. Should this process be killed, the library's own helper container ends them.
 */
export async function startContainers(options: StartStackOptions): Promise<Stack> {
  if (options.dataDir) {
    const message = `Containers keep no data over restarts, but the data folder ${options.dataDir} was asked for.`;
    throw new SluiceError('STACK_CONTAINERS_FAILED', message, {
      hint: 'Leave the data folder out, set SLUICE_STACK=local, or use `docker compose -f infra/compose.yaml up` with SLUICE_STACK=external.',
    });
  }
  const host = (await getContainerRuntimeClient()).info.containerRuntime.host;
  const [kafkaPort = 0] = await freePorts(1);
  const specs = containerSpecs({ host, kafkaPort, saPassword: `Sa1!${randomBytes(12).toString('base64url')}` });
  const started: StartedTestContainer[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((container) => container.stop()));
  };
  const results = await Promise.allSettled(
    options.parts.map((part) => startOne(part, specs[part], options, (container) => started.push(container))),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed || options.signal?.aborted) {
    await stopAll();
    options.signal?.throwIfAborted();
    throw failed?.reason;
  }
  const addresses: StackAddresses = Object.assign({}, ...results.map((r) => (r.status === 'fulfilled' ? r.value : {})));
  return { provider: 'containers', addresses, processes: [], env: () => envOf(addresses), stop: stopAll };
}

async function startOne(
  part: Part,
  spec: ContainerSpec,
  { progress, signal }: StartStackOptions,
  onStarted: (container: StartedTestContainer) => void,
): Promise<StackAddresses> {
  signal?.throwIfAborted();
  const startedMs = Date.now();
  const { ready, port, hostPort } = spec;
  const container = new GenericContainer(spec.image)
    .withEnvironment({ ...spec.environment })
    .withExposedPorts(hostPort === undefined ? port : { container: port, host: hostPort })
    .withWaitStrategy('path' in ready ? Wait.forHttp(ready.path, port) : Wait.forLogMessage(ready.logText))
    .withStartupTimeout(START_TIMEOUT_MS);
  try {
    const running = await (spec.command ? container.withCommand([...spec.command]) : container).start();
    onStarted(running);
    const addresses = spec.addresses(running.getHost(), running.getMappedPort(port));
    if (addresses.registry) await requireBackward(addresses.registry.url, signal);
    progress?.(`${part} is ready in a container (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    return addresses;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The container of ${part} (${spec.image}) could not be started: ${reason}`;
    throw new SluiceError('STACK_CONTAINERS_FAILED', message, { cause, context: { part } });
  }
}
