import { OpsEndpoint, toJson } from '#infra/ops/endpoint.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { Lifecycle } from '#infra/runtime/lifecycle.ts';
import { createLogger, type LogLevel } from '#infra/runtime/logger.ts';
import { addProcessMetrics, createMetrics } from '#infra/runtime/metrics.ts';
import { print } from '../output.ts';
import type { RoleContext, RoleName, RoleParts } from '../roles/role.ts';

export interface UpOptions {
  readonly config: string;
  readonly role: readonly RoleName[];
  readonly logLevel: LogLevel;
  /** Stop when standard input ends, so that nothing outlives a parent that was killed. */
  readonly exitWithStdin: boolean;
}

/** How long a clean stop may take once the parent is gone, ms: its servers went with it, so there may be nobody left to say goodbye to. */
const ORPHAN_STOP_TIMEOUT_MS = 3000;

/** Roles are loaded when asked for, so that a process holds only the code and connections of its own. */
const COMPOSE: Record<RoleName, () => Promise<(context: RoleContext) => Promise<RoleParts>>> = {
  capture: async () => (await import('../roles/capture.ts')).composeCapture,
  consumers: async () => (await import('../roles/consumers.ts')).composeConsumers,
  commands: async () => (await import('../roles/commands.ts')).composeCommands,
  storefront: async () => (await import('../roles/storefront.ts')).composeStorefront,
};

/**
 * Runs one or more roles in this process until it is told to stop. Prints one JSON line on standard output when ready.
 * @returns the exit code of the process.
 */
export async function up(options: UpOptions): Promise<number> {
  const config = await loadConfig(options.config);
  const log = createLogger(`sluice-${options.role.join('+')}`, options.logLevel);
  const metrics = createMetrics();
  addProcessMetrics(metrics);
  const lifecycle = new Lifecycle({ log });
  const status: Record<string, () => unknown> = { roles: () => options.role };
  const ops = new OpsEndpoint({ ...config.ops.http, metrics, ready: () => lifecycle.ready, status });
  lifecycle.add(ops);
  for (const role of options.role) {
    const compose = await COMPOSE[role]();
    const parts = await compose({ config, log, metrics, signal: lifecycle.signal });
    for (const component of parts.components) lifecycle.add(component);
    Object.assign(status, parts.status);
  }
  if (options.exitWithStdin) process.stdin.resume().once('close', () => stopOrphan(lifecycle));
  const code = await lifecycle.run(() => {
    log.info({ event: 'process_ready', roles: options.role, ops: ops.url });
    print(toJson({ event: 'ready', roles: options.role, ops: ops.url, pid: process.pid }));
  });
  process.stdin.destroy();
  return code;
}

function stopOrphan(lifecycle: Lifecycle): void {
  lifecycle.stop();
  setTimeout(() => process.exit(1), ORPHAN_STOP_TIMEOUT_MS).unref();
}
