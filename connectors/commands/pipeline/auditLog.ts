import type { HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Counter, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';
import type { Caller } from './caller.ts';
import type { Door } from './types.ts';

/** What is known of a request when it is decided; a refused one may not have got far. */
export interface AuditedRequest {
  readonly door: Door;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly caller?: Caller | undefined;
  readonly key?: string | undefined;
  readonly commandId?: string | undefined;
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
  readonly #outcomes: Counter<'command' | 'outcome' | 'door'>;
  readonly #latency: Histogram<'command'>;
  readonly #counts = new Map<string, number>();
  readonly #noted = new WeakSet<HttpProblem>();

  constructor(log: Logger, metrics: Registry) {
    this.#log = log;
    this.#outcomes = new Counter({
      name: 'sluice_commands_total',
      help: 'Commands by use case, door and outcome: done, replayed, queued or the code of the problem.',
      labelNames: ['command', 'outcome', 'door'],
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

  /** `command`: its name, or `-` when the request got to none. `outcome`: done, replayed, queued or a problem's code. */
  decided(command: string, request: AuditedRequest, outcome: string, latencyMs: number): void {
    this.#outcomes.inc({ command, outcome, door: request.door });
    this.#latency.observe({ command }, latencyMs / 1000);
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    this.#log.info({
      event: 'command_decided',
      command,
      outcome,
      door: request.door,
      requestId: request.requestId,
      traceId: request.traceparent?.split('-')[1],
      caller: request.caller?.id,
      credential: request.caller && `${request.caller.credential.kind}:${request.caller.credential.name}`,
      idempotencyKey: request.key,
      commandId: request.commandId,
      latencyMs,
    });
  }

  /** A refusal, counted once however many hands it passes through. */
  refused(command: string, request: AuditedRequest, problem: HttpProblem, latencyMs: number): HttpProblem {
    this.#noted.add(problem);
    this.decided(command, request, problem.kind.code, latencyMs);
    return problem;
  }

  wasNoted(problem: HttpProblem): boolean {
    return this.#noted.has(problem);
  }

  /** Decisions since the start, by outcome. */
  counts(): CommandCounts {
    return Object.fromEntries(this.#counts);
  }
}
