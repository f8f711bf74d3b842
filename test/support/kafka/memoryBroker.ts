import type { TopicSpec } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { MemoryGroupMember } from './memoryGroup.ts';
import { type MemoryPartition, MemoryTopic } from './memoryTopic.ts';

/** What a group knows: who is in it and what it has committed (topic/partition → next offset). */
export interface MemoryGroupState {
  readonly members: MemoryGroupMember[];
  readonly committed: Map<string, bigint>;
  generation: number;
}

/** Who may write under a transactional id, and the transaction that is open. */
export interface MemoryTransactionalId {
  epoch: number;
  open: {
    readonly state: { kind: 'committed' | 'open' | 'aborted' | 'marker' };
    readonly partitions: Set<MemoryPartition>;
  } | null;
}

/** The state behind in-memory clients that belong together: several clients of one broker see the same topics and groups. */
export class MemoryBroker {
  readonly topics = new Map<string, MemoryTopic>();
  readonly #groups = new Map<string, MemoryGroupState>();
  readonly #transactionalIds = new Map<string, MemoryTransactionalId>();

  topic(name: string): MemoryTopic {
    const topic = this.topics.get(name);
    if (!topic) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${name} does not exist`);
    return topic;
  }

  partition(topic: string, partition: number): MemoryPartition {
    const found = this.topic(topic).partitions[partition];
    if (!found) throw new SluiceError('KAFKA_REQUEST_FAILED', `Topic ${topic} has no partition ${partition}`);
    return found;
  }

  ensure(spec: TopicSpec): void {
    const found = this.topics.get(spec.topic);
    if (!found) {
      this.topics.set(spec.topic, new MemoryTopic(spec.topic, spec.partitions, spec.config ?? {}));
      return;
    }
    const wanted = spec.config?.['cleanup.policy'];
    const policy = found.config['cleanup.policy'] ?? 'delete';
    if (found.partitions.length < spec.partitions || (wanted !== undefined && wanted !== policy)) {
      throw new SluiceError(
        'KAFKA_TOPIC_MISMATCH',
        `Topic ${spec.topic}: expected ${spec.partitions} partitions and cleanup.policy ${wanted ?? 'any'}, found ${found.partitions.length} and ${policy}`,
      );
    }
  }

  group(groupId: string): MemoryGroupState {
    let group = this.#groups.get(groupId);
    if (!group) {
      group = { members: [], committed: new Map(), generation: 0 };
      this.#groups.set(groupId, group);
    }
    return group;
  }

  transactionalId(id: string): MemoryTransactionalId {
    let state = this.#transactionalIds.get(id);
    if (!state) {
      state = { epoch: 0, open: null };
      this.#transactionalIds.set(id, state);
    }
    return state;
  }

  /** Ends the open transaction of an id, writing a marker to each of its partitions. */
  endTransaction(state: MemoryTransactionalId, outcome: 'committed' | 'aborted', nowMs: number): void {
    const open = state.open;
    if (!open) return;
    state.open = null;
    open.state.kind = outcome;
    for (const partition of open.partitions) partition.appendMarker(nowMs);
  }
}
