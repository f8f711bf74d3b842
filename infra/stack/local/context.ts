import type { Logger } from '#infra/runtime/logger.ts';
import type { Installation } from '../install.ts';
import type { ServerProcess, ServerSpec } from '../serverProcess.ts';
import type { StackAddresses } from '../types.ts';

/** What the starter of one local server gets. */
export interface LocalContext {
  readonly installation: Installation;
  /** The instance's folder of this server: data, configuration, logs. Exists. */
  readonly dir: string;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /**
   * Spawns a server and waits until it is ready; the process is recorded at once. `build` is called again with other ports when one was
   * taken in the meantime.
   */
  launch(portCount: number, build: (ports: readonly number[]) => ServerSpec): Promise<Launched>;
}

export interface Launched {
  readonly server: ServerProcess;
  readonly ports: readonly number[];
}

/** Starts one server and says where it listens. */
export type LocalStarter = (context: LocalContext) => Promise<StackAddresses>;
