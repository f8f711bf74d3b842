import type { Config } from '#infra/runtime/config/config.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Registry } from '#infra/runtime/metrics.ts';

/** The parts of Sluice that run as processes of their own; one process may hold several. */
export const ROLE_NAMES = ['capture', 'consumers', 'commands', 'storefront'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

/** What every role is composed from. */
export interface RoleContext {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Fires when the process was asked to stop. */
  readonly signal: AbortSignal;
}

/** A role's components, in start order, and what it tells at GET /status: a name to a function that gives a JSON-able value. */
export interface RoleParts {
  readonly components: readonly Component[];
  readonly status: Readonly<Record<string, () => unknown>>;
}
