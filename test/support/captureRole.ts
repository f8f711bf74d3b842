import { fileURLToPath } from 'node:url';
import type { CaptureSetup } from './captureProcess.ts';
import { eventually } from './eventually.ts';
import { SluiceCommand } from './sluice.ts';

const CONFIG = fileURLToPath(new URL('./configs/shop.config.ts', import.meta.url));

/** Environment of shop.config.ts for this setup. */
export function shopEnvironment(setup: CaptureSetup): Readonly<Record<string, string>> {
  return {
    SLUICE_CONFIG: CONFIG,
    SLUICE_SQL_PORT: String(setup.source.port),
    SHOP_USER: setup.source.user,
    SHOP_PASSWORD: setup.source.password,
    SHOP_TABLES: setup.tables.join(','),
    SHOP_PREFIX: setup.topicPrefix,
    SLUICE_KAFKA_BROKERS: setup.brokers.join(','),
    SLUICE_REGISTRY_URL: setup.registryUrl,
  };
}

/** The parts of GET /status that tests look at. */
export interface RoleStatus {
  readonly state: string;
  readonly lease: string;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly source: { readonly state: string; readonly severity: string; readonly remedy: string };
}

/** `sluice up --role capture` as a process of its own. */
export class CaptureRole {
  readonly command: SluiceCommand;
  #ops: string | undefined;

  constructor(environment: Readonly<Record<string, string>>) {
    this.command = new SluiceCommand(['up', '--role', 'capture'], environment);
  }

  /** Address of its endpoint for operators, once it is ready. */
  async ops(): Promise<string> {
    this.#ops ??= await eventually(
      () => (JSON.parse(this.command.stdout.split('\n')[0]!) as { readonly ops: string }).ops,
      { timeoutMs: 60_000 },
    );
    return this.#ops;
  }

  async status(): Promise<RoleStatus> {
    const response = await fetch(`${await this.ops()}/status`, { signal: AbortSignal.timeout(2000) });
    return ((await response.json()) as { readonly capture: RoleStatus }).capture;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${await this.ops()}/metrics`)).text();
  }

  async end(): Promise<number | null> {
    this.command.signal('SIGTERM');
    return (await this.command.finished()).code;
  }
}
