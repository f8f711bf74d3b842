import { randomUUID } from 'node:crypto';
import { KeyedSender } from '#consumers/runner/sender.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { DeliveryLog } from './deliveryLog.ts';
import { EndpointStates } from './endpointStates.ts';
import { eventsTopic, ONLY_HEADER, REPLAY_HEADER, type WebhookEvent } from './webhookTypes.ts';

/** Which kept events are meant: by id, or by when their changes were committed (half-open, ms since 1970). */
export interface EventFilter {
  readonly ids?: readonly string[];
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** How far the clocks of database and brokers may be apart. */
const CLOCKS_MS = 600_000;
/** Events sent in one go. */
const AT_ONCE = 500;

/** What an operator does with webhooks. One instance a command; not for parallel use. */
export class WebhookDesk {
  readonly states: EndpointStates;
  readonly #kafka: KafkaClient;
  readonly #groupPrefix: string;
  readonly #sender: KeyedSender;
  readonly #log: DeliveryLog;

  constructor(kafka: KafkaClient, groupPrefix: string) {
    this.#kafka = kafka;
    this.#groupPrefix = groupPrefix;
    this.states = new EndpointStates(kafka, groupPrefix);
    this.#sender = new KeyedSender(kafka);
    this.#log = new DeliveryLog(kafka, groupPrefix);
  }

  /** Each kept event that fits, once, a batch at a time in the order it was made; what was sent again on request is left out. */
  async events(
    filter: EventFilter,
    onEvents: (events: readonly WebhookEvent[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const topic = eventsTopic(this.#groupPrefix);
    const seen = new Set<string>();
    const fits = (event: WebhookEvent): boolean => {
      const ms = Date.parse(event.at);
      if (filter.ids !== undefined && !filter.ids.includes(event.id)) return false;
      return ms >= (filter.fromMs ?? 0) && ms < (filter.toMs ?? Number.POSITIVE_INFINITY);
    };
    try {
      // An event is stored after its change was committed, so nothing that fits lies before this, give or take the clocks.
      const from =
        filter.fromMs === undefined
          ? 'beginning'
          : await this.#kafka.offsetsByTimestamp(topic, filter.fromMs - CLOCKS_MS);
      await this.#kafka.readTopic({
        topic,
        from,
        signal,
        onBatch: async ({ messages }) => {
          const events: WebhookEvent[] = [];
          for (const { value, headers } of messages) {
            if (value === null || headers[REPLAY_HEADER] !== undefined) continue;
            const event = JSON.parse(value.toString('utf8')) as WebhookEvent;
            if (!fits(event) || seen.has(event.id)) continue;
            seen.add(event.id);
            events.push(event);
          }
          if (events.length > 0) await onEvents(events);
        },
      });
    } catch (error) {
      if (!hasCode(error, 'KAFKA_TOPIC_MISSING')) throw error;
    }
  }

  /** Has the events delivered to this endpoint once more, with the ids they had. Gives how many. */
  async replay(endpoint: string, filter: EventFilter, signal: AbortSignal): Promise<number> {
    const replay = randomUUID();
    let sent = 0;
    await this.events(
      filter,
      async (events) => {
        for (let start = 0; start < events.length; start += AT_ONCE) {
          const messages = events.slice(start, start + AT_ONCE).map((event) => ({
            key: Buffer.from(event.key),
            value: Buffer.from(JSON.stringify(event)),
            headers: { [REPLAY_HEADER]: replay, [ONLY_HEADER]: endpoint },
          }));
          await this.#sender.send(eventsTopic(this.#groupPrefix), messages, signal);
        }
        sent += events.length;
      },
      signal,
    );
    return sent;
  }

  /**
   * Lets the endpoint get its events again: those that wait, or with `skip` only those of changes from now on.
   * @throws WEBHOOK_ENDPOINT_UNKNOWN when no process has ever run with it
   */
  async enable(
    name: string,
    options: { by: string; reason: string; skip: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const at = new Date().toISOString();
    const since = options.skip ? at : (await this.#known(name, signal)).since;
    await this.states.set(name, { state: 'enabled', reason: options.reason, at, by: options.by, since }, signal);
    this.#log.add({ at, endpoint: name, outcome: 'enabled', reason: options.reason, by: options.by });
    await this.#log.flush(signal);
  }

  /** Lets the endpoint get nothing until it is enabled; its events wait. @throws WEBHOOK_ENDPOINT_UNKNOWN */
  async disable(name: string, options: { by: string; reason: string }, signal: AbortSignal): Promise<void> {
    const { since } = await this.#known(name, signal);
    const at = new Date().toISOString();
    await this.states.set(name, { state: 'disabled', reason: options.reason, at, by: options.by, since }, signal);
    this.#log.add({ at, endpoint: name, outcome: 'disabled', reason: options.reason, by: options.by });
    await this.#log.flush(signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.states.close(), this.#sender.close(), this.#log.close()]);
  }

  async #known(name: string, signal: AbortSignal) {
    await this.states.read(signal).catch((error: unknown) => {
      if (!hasCode(error, 'KAFKA_TOPIC_MISSING')) throw error;
    });
    const state = this.states.get(name);
    if (state !== undefined) return state;
    throw new SluiceError(
      'WEBHOOK_ENDPOINT_UNKNOWN',
      `Endpoint ${name} has not been seen by any running consumers: expected a state in the topic, found none.`,
    );
  }
}
