import type { Logger } from '#infra/runtime/logger.ts';

/** One server of the stack. With the local provider `sqlserver` is the stand-in, a process of its own. */
export type Part = 'kafka' | 'elasticsearch' | 'registry' | 'redis' | 'sqlserver';

/** Every part, in the order in which they are listed to a person. */
export const ALL_PARTS: readonly Part[] = ['kafka', 'elasticsearch', 'registry', 'redis', 'sqlserver'];

/** Where the servers come from: processes of this machine, containers, or servers that somebody else runs. */
export type Provider = 'local' | 'containers' | 'external';

/** Where each started part listens; a part that was not asked for is absent. Plain JSON. */
export interface StackAddresses {
  readonly kafka?: { readonly brokers: string[] };
  readonly elasticsearch?: { readonly url: string };
  /** The base under which `/subjects` lives, without a slash at the end. */
  readonly registry?: { readonly url: string };
  readonly redis?: { readonly url: string };
  readonly sqlserver?: {
    readonly host: string;
    readonly port: number;
    readonly saPassword: string;
    readonly encrypt: boolean;
    readonly trustServerCertificate: boolean;
  };
}

export interface StackProcess {
  readonly name: string;
  readonly pid: number;
}

/** A running set of servers. */
export interface Stack {
  readonly provider: Provider;
  readonly addresses: StackAddresses;
  /** The processes of this machine that belong to it; empty when there are none of ours. */
  readonly processes: readonly StackProcess[];
  /** The folder with data and logs of each server, if this stack has one. */
  readonly dir?: string;
  /** The environment variables that the demo's configuration reads, as far as they follow from the addresses. */
  env(): Record<string, string>;
  /** Ends every server and removes what was temporary. May be called more than once. */
  stop(): Promise<void>;
}

export interface StartStackOptions {
  readonly parts: readonly Part[];
  /** Keeps the servers' data in this folder over restarts; a temporary folder, removed at stop, when left out. */
  readonly dataDir?: string;
  readonly log: Logger;
  /** Ends a start that is under way and stops what was started. */
  readonly signal?: AbortSignal;
  /** Told one short line per step, for a person who waits. */
  readonly progress?: (text: string) => void;
  /** Overrides the choice made from the environment. */
  readonly provider?: Provider;
}
