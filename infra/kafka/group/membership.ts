import type { Clock } from '#infra/runtime/clock.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { kafkaErrorName } from '../kafkajsErrors.ts';
import type { InternalCluster } from '../kafkajsInternals.ts';
import { topicPartitions } from '../kafkajsReader.ts';
import { type Assignment, deal, difference, placeOf } from './assignor.ts';
import { type GroupCoordinator, isCoordinatorAway } from './coordinator.ts';
import {
  decodeAssignment,
  decodeSubscription,
  EXCLUSIVE_PROTOCOL_NAME,
  encodeAssignment,
  encodeSubscription,
  PROTOCOL_NAME,
} from './protocol.ts';

/** How the member's work follows its membership. */
export interface MembershipHooks {
  /** What it handles now. */
  owned(): Assignment;
  /** Partitions its process has in other groups. */
  load(): number;
  /** The new whole, without anything that was revoked before. */
  assigned(assignment: Assignment): void;
  /** Lets go of partitions in order: ends what is in hand or gives it up, and commits. */
  revoked(assignment: Assignment): Promise<void>;
  /** The group went on without this member: it owns nothing any more and may not commit. */
  lost(): void;
}

export interface MembershipOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly exclusive: boolean;
  readonly sessionTimeoutMs: number;
  /** Requests that wait for others go over connections of their own. */
  readonly cluster: InternalCluster;
  readonly coordinator: GroupCoordinator;
  readonly hooks: MembershipHooks;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who this member is; commits carry it. */
export interface Credentials {
  readonly memberId: string;
  readonly generation: number;
}

/** How soon a member learns that the group deals anew: the longest pause of partitions whose owner leaves in order. */
const HEARTBEAT_INTERVAL_MS = 300;
/** While partitions change hands, so that the second step follows the first at once. */
const HANDOVER_HEARTBEAT_MS = 40;
const HANDOVER_WINDOW_MS = 3000;
/** How long the others may take to join again; handlers are not waited for, so it is only a hung process that needs it. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** The leader looks for partitions that were added this often. */
const PARTITION_CHECK_MS = 60_000;
const [PAUSE_MS, MAX_PAUSE_MS] = [50, 2000];

const REJOIN = ['REBALANCE_IN_PROGRESS'];
const LOST = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'];
/** Members of another protocol are in the group still; they have to go first. */
const OTHERS = 'INCONSISTENT_GROUP_PROTOCOL';

/**
 * One membership in a consumer group: joins, deals when it is the leader, heartbeats, and joins again when the group says so. What the
 * member owns it goes on handling meanwhile; only what it is told to hand over stops.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #first = Promise.withResolvers<void>();
  #memberId = '';
  #generation = -1;
  #credentials: Credentials | null = null;
  /** Partition counts the group was dealt with, when this member leads it. */
  #dealtCounts: ReadonlyMap<string, number> | null = null;
  #checkedAtMs = 0;
  #hurryUntilMs = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#first.promise.catch(() => undefined);
  }

  /** Null while the group does not count on this member. */
  get credentials(): Credentials | null {
    return this.#credentials;
  }

  /** Resolves after the first assignment. */
  get joined(): Promise<void> {
    return this.#first.promise;
  }

  /** Stays in the group until the signal fires. Brokers that do not answer are asked for ever. @throws SluiceError when the group refuses for good */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, groupId } = this.#options;
    let join = true;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (join) {
          join = await this.#join();
          if (!join) this.#first.resolve();
        } else {
          await clock.sleep(clock.now() < this.#hurryUntilMs ? HANDOVER_HEARTBEAT_MS : HEARTBEAT_INTERVAL_MS, signal);
          join = await this.#beat();
        }
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const name = kafkaErrorName(error);
        if (REJOIN.includes(name)) {
          join = true;
          continue;
        }
        if (LOST.includes(name)) this.#lose(name);
        else if (name !== OTHERS && !isPassing(error)) throw error;
        join = join || LOST.includes(name);
        if (++failures % 20 === 1) log.info({ event: 'group_not_reached', groupId, error: String(error) });
        await clock.sleep(Math.min(MAX_PAUSE_MS, PAUSE_MS * failures), signal).catch(() => undefined);
      }
    }
  }

  /** Says that this member goes, so that the others need not wait for it. */
  async leave(coordinator: GroupCoordinator): Promise<void> {
    const { groupId } = this.#options;
    const memberId = this.#memberId;
    this.#credentials = null;
    if (memberId === '') return;
    this.#memberId = '';
    await coordinator.ask(`leaving group ${groupId}`, (broker) => broker.leaveGroup({ groupId, memberId }));
  }

  async #beat(): Promise<boolean> {
    const { groupId, coordinator } = this.#options;
    const { memberId, generation } = this.#credentials!;
    await coordinator.ask(`the heartbeat in group ${groupId}`, (broker) =>
      broker.heartbeat({ groupId, memberId, groupGenerationId: generation }),
    );
    return this.#partitionsWereAdded();
  }

  /** Joins and takes the assignment; true when partitions were handed over, so that the group must deal again. */
  async #join(): Promise<boolean> {
    const { groupId, coordinator, hooks, log } = this.#options;
    const joined = await coordinator.ask(`joining group ${groupId}`, (broker) => broker.joinGroup(this.#request()));
    this.#memberId = joined.memberId;
    const leads = joined.leaderId === joined.memberId;
    if (!leads) this.#dealtCounts = null;
    const groupAssignment = leads ? await this.#deal(joined.members) : [];
    const { memberAssignment } = await coordinator.ask(`taking the assignment of group ${groupId}`, (broker) =>
      broker.syncGroup({ groupId, memberId: joined.memberId, generationId: joined.generationId, groupAssignment }),
    );
    const { assignment, handover } = decodeAssignment(memberAssignment);
    this.#generation = joined.generationId;
    this.#credentials = { memberId: joined.memberId, generation: joined.generationId };
    this.#hurryUntilMs = handover ? this.#options.clock.now() + HANDOVER_WINDOW_MS : 0;
    const revoked = difference(hooks.owned(), assignment);
    log.info({
      event: 'group_assigned',
      groupId,
      generation: joined.generationId,
      leads,
      partitions: countOf(assignment),
      gained: listed(difference(assignment, hooks.owned())),
      revoked: listed(revoked),
      handover,
    });
    if (revoked.size > 0) await hooks.revoked(revoked);
    hooks.assigned(assignment);
    return revoked.size > 0;
  }

  #request() {
    const { groupId, topics, exclusive, sessionTimeoutMs, hooks } = this.#options;
    const owned = hooks.owned();
    const metadata = encodeSubscription({ topics, owned, generation: this.#generation, load: hooks.load() });
    return {
      groupId,
      memberId: this.#memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
      groupProtocols: [{ name: exclusive ? EXCLUSIVE_PROTOCOL_NAME : PROTOCOL_NAME, metadata }],
    };
  }

  async #deal(members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]) {
    const claims = members.map((m) => decodeSubscription(m.memberId, m.memberMetadata));
    const counts = await this.#counts(new Set(claims.flatMap(({ topics }) => topics)));
    const { assignments, handover } = deal(claims, counts, this.#options.exclusive);
    this.#dealtCounts = counts;
    this.#checkedAtMs = this.#options.clock.now();
    return [...assignments].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: encodeAssignment({ assignment, handover }),
    }));
  }

  /** Partitions of each topic; one that is not there is left out. */
  async #counts(topics: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const { cluster } = this.#options;
    // A topic that was deleted makes the whole refresh fail; what is known of the others is good enough until it is made again.
    await cluster.refreshMetadata().catch(() => undefined);
    const counts = new Map<string, number>();
    for (const topic of topics) {
      const partitions = await topicPartitions(cluster, topic);
      if (partitions) counts.set(topic, partitions.length);
    }
    return counts;
  }

  /** Looks now and then, as the leader; others hear of it when the leader joins again. */
  async #partitionsWereAdded(): Promise<boolean> {
    const { clock } = this.#options;
    if (!this.#dealtCounts || clock.now() - this.#checkedAtMs < PARTITION_CHECK_MS) return false;
    this.#checkedAtMs = clock.now();
    const known = this.#dealtCounts;
    const counts = await this.#counts(known.keys()).catch(() => known);
    return [...counts].some(([topic, count]) => count > known.get(topic)!);
  }

  #lose(reason: string): void {
    const { log, groupId, hooks } = this.#options;
    log.warn({ event: 'group_membership_lost', groupId, reason });
    this.#credentials = null;
    this.#generation = -1;
    this.#memberId = '';
    hooks.lost();
  }
}

/** Worth another try, with the coordinator that is found then. */
function isPassing(error: unknown): boolean {
  return isRetriable(error) || isCoordinatorAway(error);
}

const MOST_LISTED = 100;

/** Places of a log line, not more than a reader wants to see. */
function listed(assignment: Assignment): string[] {
  return [...assignment].flatMap(([topic, list]) => list.map((p) => placeOf(topic, p))).slice(0, MOST_LISTED);
}

function countOf(assignment: Assignment): number {
  return [...assignment.values()].reduce((sum, list) => sum + list.length, 0);
}
