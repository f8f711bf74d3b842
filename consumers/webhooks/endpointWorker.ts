import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { WebhookEndpoint } from '#infra/runtime/config/webhooks.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Circuit } from './circuit.ts';
import type { DeliveryLog } from './deliveryLog.ts';
import type { DeliveryMarks, Health } from './deliveryMarks.ts';
import type { EndpointStates } from './endpointStates.ts';
import { type Attempt, type HttpSender, isDelivered } from './httpAttempt.ts';
import { Limiter } from './limiter.ts';
import type { Parked, ParkedPartition } from './parked.ts';
import { retryPauseMs } from './retryTimes.ts';
import type { WebhookMetrics } from './webhookMetrics.ts';
import { type Delivery, wants } from './webhookTypes.ts';

const HOUR_MS = 3_600_000;
/** RFC 9110 §15.5.11: the receiver wants nothing more, for good. */
const GONE = 410;

export interface EndpointWorkerOptions {
  readonly endpoint: WebhookEndpoint;
  readonly http: Pick<HttpSender, 'attempt'>;
  readonly states: Pick<EndpointStates, 'get' | 'set'>;
  readonly marks: DeliveryMarks;
  readonly deliveryLog: Pick<DeliveryLog, 'add'>;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** What one attempt to deliver means: success, another try later, giving up, or the end of the endpoint. */
export class EndpointWorker {
  readonly circuit: Circuit;
  readonly limit: Limiter;
  readonly #options: EndpointWorkerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(options: EndpointWorkerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.circuit = new Circuit(options.endpoint.maxRetrySeconds * 1000);
    this.limit = new Limiter(options.endpoint.concurrency);
  }

  get isDisabled(): boolean {
    return this.#state?.state !== 'enabled';
  }

  /** Moment of the present state, ms since 1970. */
  get stateSinceMs(): number {
    return Date.parse(this.#state?.at ?? '') || 0;
  }

  /** Whether the endpoint is to get it: it asked for such events, and the change was committed after it began. */
  isFor({ event, replay }: Delivery): boolean {
    const { endpoint } = this.#options;
    if (!wants(endpoint, event.type)) return false;
    return replay !== null || event.at >= (this.#state?.since ?? '');
  }

  /** Tries a message for the first time; it is parked when that fails. */
  async first(delivery: Delivery, parked: ParkedPartition, signal: AbortSignal): Promise<void> {
    if (await this.#options.marks.isDone(delivery)) return;
    await this.limit.run(async () => {
      signal.throwIfAborted();
      await this.#try({ ...delivery, attempts: 0, failedSinceMs: null, nextAtMs: 0 }, parked, signal);
    });
  }

  /** Tries a parked message again. */
  async again(message: Parked, parked: ParkedPartition, signal: AbortSignal): Promise<void> {
    if (!parked.has(message)) return;
    if (await this.#options.marks.isDone(message)) return parked.settle(message, signal);
    await this.limit.run(async () => {
      signal.throwIfAborted();
      if (!this.isDisabled && parked.has(message)) await this.#try(message, parked, signal);
    });
  }

  async #try(message: Parked, parked: ParkedPartition, signal: AbortSignal): Promise<void> {
    const { http, marks } = this.#options;
    const attempt = await http.attempt(message.event, this.#clock.now());
    const nowMs = this.#clock.now();
    const isDone = isDelivered(attempt);
    this.#count(message, attempt, nowMs);
    // The mark first: between here and what follows the process may be killed.
    if (isDone) await marks.done(message);
    const health = await marks.record(isDone, nowMs);
    if (isDone) {
      this.circuit.succeeded();
      this.#tell(message, attempt, nowMs, 'delivered');
      if (parked.has(message)) await parked.settle(message, signal);
      return;
    }
    this.circuit.failed(nowMs);
    await this.#failed(message, attempt, nowMs, parked, signal);
    await this.#maybeDisable(attempt, health, nowMs, signal);
  }

  async #failed(
    message: Parked,
    attempt: Attempt,
    nowMs: number,
    parked: ParkedPartition,
    signal: AbortSignal,
  ): Promise<void> {
    const { endpoint, metrics, log } = this.#options;
    const failedSinceMs = message.failedSinceMs ?? nowMs;
    // An endpoint that takes nothing at all is not a reason to give up single messages: it will be disabled, and they wait.
    const triedForMs = nowMs - Math.max(failedSinceMs, this.stateSinceMs);
    if (triedForMs >= endpoint.retryHours * HOUR_MS && !this.circuit.isOpen) {
      this.#tell(message, attempt, nowMs, 'given-up');
      metrics.givenUp.inc({ endpoint: endpoint.name });
      log.warn({ event: 'webhook_given_up', endpoint: endpoint.name, id: message.event.id, status: attempt.status });
      if (parked.has(message)) await parked.settle(message, signal);
      return;
    }
    const attempts = message.attempts + 1;
    const nextAtMs = nowMs + retryPauseMs(endpoint, attempts, attempt.retryAfterMs, this.#random);
    this.#tell(message, attempt, nowMs, 'failed', nextAtMs);
    await parked.put({ ...message, attempts, failedSinceMs, nextAtMs }, signal);
  }

  async #maybeDisable(attempt: Attempt, health: Health, nowMs: number, signal: AbortSignal): Promise<void> {
    const { failures, hours } = this.#options.endpoint.disableAfter;
    if (attempt.status === GONE) return this.#disable('gone', nowMs, signal);
    const failingMs = nowMs - Math.max(health.failingSinceMs ?? nowMs, this.stateSinceMs);
    if (health.failures >= failures && failingMs >= hours * HOUR_MS) await this.#disable('failing', nowMs, signal);
  }

  async #disable(reason: string, nowMs: number, signal: AbortSignal): Promise<void> {
    const { endpoint, states, log, deliveryLog } = this.#options;
    if (this.isDisabled) return;
    const at = new Date(nowMs).toISOString();
    const since = this.#state?.since ?? at;
    await states.set(endpoint.name, { state: 'disabled', reason, at, by: 'sluice', since }, signal);
    deliveryLog.add({ at, endpoint: endpoint.name, outcome: 'disabled', reason, by: 'sluice' });
    log.error({ event: 'webhook_endpoint_disabled', endpoint: endpoint.name, reason });
  }

  #count({ event }: Parked, attempt: Attempt, nowMs: number): void {
    const { endpoint, metrics } = this.#options;
    const labels = { endpoint: endpoint.name };
    metrics.attempts.inc({ ...labels, outcome: isDelivered(attempt) ? 'delivered' : 'failed' });
    metrics.attemptSeconds.observe(labels, attempt.ms / 1000);
    if (isDelivered(attempt))
      metrics.commitToDelivered.observe(labels, Math.max(0, nowMs - Date.parse(event.at)) / 1000);
  }

  #tell(
    { event, attempts }: Parked,
    { status, ms, error }: Attempt,
    nowMs: number,
    outcome: 'delivered' | 'failed' | 'given-up',
    nextAtMs?: number,
  ): void {
    this.#options.deliveryLog.add({
      at: new Date(nowMs).toISOString(),
      endpoint: this.#options.endpoint.name,
      outcome,
      event: event.id,
      type: event.type,
      key: event.key,
      attempt: attempts + 1,
      status,
      ms,
      error,
      ...(nextAtMs === undefined ? {} : { retryAt: new Date(nextAtMs).toISOString() }),
    });
  }

  get #state() {
    return this.#options.states.get(this.#options.endpoint.name);
  }
}
