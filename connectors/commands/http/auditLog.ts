import type { Logger } from '#infra/runtime/logger.ts';
import { Counter, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** What is known of a request when it is decided; a refused one may not have got far. */
export interface AuditedRequest {
  readonly caller?: { readonly id: string; readonly prefix: string };
  readonly key?: string;
  readonly commandId?: string;
}

export interface CommandCounts {
  readonly [outcome: string]: number;
}

/**
 * One log line and one count for every decision: who, what, with which key, how it ended, how long it took. Ids only: no body, no name,
 * no address. What took effect is also in storefront.COMMAND_AUDIT, in the transaction that did it.
 */
export class AuditLog {
  readonly #log: Logger;
  readonly #outcomes: Counter<'command' | 'outcome'>;
  readonly #latency: Histogram<'command'>;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger, metrics: Registry) {
    this.#log = log;
    this.#outcomes = new Counter({
      name: 'sluice_commands_total',
      help: 'Commands by use case and outcome: done, replayed or the code of the problem.',
      labelNames: ['command', 'outcome'],
      registers: [metrics],
    });
    this.#latency = new Histogram({
      name: 'sluice_command_duration_seconds',
      help: 'From the first byte read to the answer, whatever it was.',
      labelNames: ['command'],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers: [metrics],
    });
  }

  /** `outcome`: done, replayed or a problem's code. */
  decided(command: string, requestId: string, request: AuditedRequest, outcome: string, latencyMs: number): void {
    this.#outcomes.inc({ command, outcome });
    this.#latency.observe({ command }, latencyMs / 1000);
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    this.#log.info({
      event: 'command_decided',
      command,
      outcome,
      requestId,
      caller: request.caller?.id,
      keyPrefix: request.caller?.prefix,
      idempotencyKey: request.key,
      commandId: request.commandId,
      latencyMs,
    });
  }

  /** Decisions since the start, by outcome. */
  counts(): CommandCounts {
    return Object.fromEntries(this.#counts);
  }
}
