import type { CaptureSignal } from '#connectors/capture/control.ts';
import type { CaptureState } from '#connectors/capture/types.ts';
import { positionTopic, readPosition } from '#connectors/publish/positionStore.ts';
import { sendSignal, signalTopicSpec } from '#connectors/publish/signalTopic.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';

/** A capture as it can be reached from outside: by its name and by the group of its lease. */
export interface CaptureAddress {
  readonly name: string;
  readonly database: string;
  readonly transactionalId: string;
}

export interface CaptureControlOptions {
  readonly kafka: KafkaClient;
  readonly topicPrefix: string;
  readonly replicationFactor: number;
  readonly clock?: Clock;
}

/** What is known of a capture without asking its process. */
export interface StoredCapture {
  readonly name: string;
  readonly database: string;
  /** Processes that work on it or stand by. */
  readonly processes: number;
  /** What was stored last; null when it has never run. */
  readonly stored: CaptureState | null;
}

/** What became of a signal. */
export type SignalOutcome =
  | { readonly outcome: 'applied' | 'refused'; readonly offset: string; readonly reason: string | null }
  /** Nobody was there to take it, so it was not sent. */
  | { readonly outcome: 'no_capture' }
  /** It was sent and not taken within the time. */
  | { readonly outcome: 'unanswered'; readonly offset: string };

const ANSWER_EVERY_MS = 200;

/** Looks at captures and talks to them, through Kafka alone. */
export class CaptureControl {
  readonly #options: CaptureControlOptions;
  readonly #clock: Clock;

  constructor(options: CaptureControlOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async look(capture: CaptureAddress, signal: AbortSignal): Promise<StoredCapture> {
    const { name, database, transactionalId } = capture;
    const processes = await this.#options.kafka.groupMembers(transactionalId);
    return { name, database, processes, stored: await this.#stored(name, signal) };
  }

  /** Sends a signal and waits until the capture says what became of it. */
  async send(
    capture: CaptureAddress,
    wanted: CaptureSignal,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<SignalOutcome> {
    const { kafka, topicPrefix, replicationFactor } = this.#options;
    if ((await kafka.groupMembers(capture.transactionalId)) === 0) return { outcome: 'no_capture' };
    await kafka.ensureTopics([signalTopicSpec(topicPrefix, replicationFactor)]);
    const offset = await sendSignal(kafka, topicPrefix, capture.name, wanted);
    const deadlineMs = this.#clock.now() + timeoutMs;
    for (;;) {
      const state = await this.#stored(capture.name, signal);
      const answer = state?.signals?.find((taken) => BigInt(taken.offset) === offset);
      if (answer) return { outcome: answer.outcome, offset: String(offset), reason: answer.reason };
      if (this.#clock.now() >= deadlineMs) return { outcome: 'unanswered', offset: String(offset) };
      await this.#clock.sleep(ANSWER_EVERY_MS, signal);
    }
  }

  async #stored(name: string, signal: AbortSignal): Promise<CaptureState | null> {
    const { kafka, topicPrefix } = this.#options;
    if ((await kafka.partitionCount(positionTopic(topicPrefix))) === null) return null;
    return readPosition(kafka, topicPrefix, name, signal);
  }
}
