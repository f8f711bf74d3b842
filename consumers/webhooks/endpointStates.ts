import { KeyedSender } from '#consumers/runner/sender.ts';
import type { IncomingMessage, KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { stateTopic } from './webhookTypes.ts';

/** Whether an endpoint gets anything, since when, and who said so. */
export interface EndpointState {
  readonly state: 'enabled' | 'disabled';
  /** `new`, `gone` (410), `failing`, or what a person gave. */
  readonly reason: string;
  /** ISO 8601 moment of this state. */
  readonly at: string;
  /** Account of the person, or `sluice`. */
  readonly by: string;
  /** ISO 8601: events of changes committed before this are not for the endpoint. */
  readonly since: string;
}

/** How soon a process learns that an endpoint was enabled or disabled elsewhere. */
const TAIL_MS = 1000;
const PARTITION = 0;

/** The states of all endpoints, kept in a compacted topic, followed by every process. */
export class EndpointStates {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #sender: KeyedSender;
  readonly #clock: Clock;
  readonly #states = new Map<string, EndpointState>();
  #next: PartitionOffsets | 'beginning' = 'beginning';

  constructor(kafka: KafkaClient, groupPrefix: string, clock: Clock = systemClock) {
    this.#kafka = kafka;
    this.#topic = stateTopic(groupPrefix);
    this.#sender = new KeyedSender(kafka);
    this.#clock = clock;
  }

  /** Reads what there is; endpoints that are new begin enabled, with the events from now on. */
  async open(names: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.read(signal);
    const at = new Date(this.#clock.now()).toISOString();
    for (const name of names)
      if (!this.#states.has(name))
        await this.set(name, { state: 'enabled', reason: 'new', at, by: 'sluice', since: at }, signal);
  }

  get(name: string): EndpointState | undefined {
    return this.#states.get(name);
  }

  /** Resolves when the state is stored; this process goes by it at once, others within a second. */
  async set(name: string, state: EndpointState, signal?: AbortSignal): Promise<void> {
    const message = { key: Buffer.from(name), value: Buffer.from(JSON.stringify(state)) };
    await this.#sender.send(this.#topic, [message], signal);
    this.#states.set(name, state);
  }

  /** Takes in what others wrote since the last look. */
  async read(signal?: AbortSignal): Promise<void> {
    this.#next = await this.#kafka.readTopic({
      topic: this.#topic,
      partitions: [PARTITION],
      from: this.#next,
      onBatch: ({ messages }) => {
        for (const message of messages) this.#take(message);
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Follows the topic until the signal fires; an error ends it and is for the caller to judge. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(TAIL_MS, signal);
      await this.read(signal);
    }
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }

  #take({ key, value }: IncomingMessage): void {
    if (key === null) return;
    if (value === null) this.#states.delete(key.toString());
    else this.#states.set(key.toString(), JSON.parse(value.toString('utf8')) as EndpointState);
  }
}
