import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { describeError, errorFields, hasCode, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { ConsumerGroup, KafkaClient } from './types.ts';

/** `standby`: another process has the work, or the group was not reached yet. `active`: the work is ours. */
export type LeaseState = 'standby' | 'active';

export interface LeaseOptions {
  readonly kafka: KafkaClient;
  /** The consumer group whose one owner holds the lease: the same for all processes that compete. */
  readonly groupId: string;
  /** A topic of one partition, created when missing. It stays empty; several leases may share it. */
  readonly topic: string;
  readonly replicationFactor: number;
  /** After this long without a sign of life the holder counts as dead, ms. Default 6000, the least brokers accept unless told otherwise. */
  readonly sessionTimeoutMs?: number;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Told at each change, and once at the start. */
  readonly onChange?: (state: LeaseState) => void;
  /** Told why the group cannot be reached; null when it can again. */
  readonly onTrouble?: (reason: string | null) => void;
}

const LEASE_SESSION_TIMEOUT_MS = 6000;
/** Longest wait of an empty fetch: the group is heard from at least this often. */
const FETCH_WAIT_MS = 500;
/** Before joining again after a failure, or after being fenced: time for the others to go first. */
const REJOIN_PAUSE_MS = 1000;

/** Why the signal of the work fires when the lease was lost. */
class LeaseLost extends Error {
  override readonly name = 'AbortError';
}

/**
 * Runs `work` while this process holds the lease, and again each time it gets it back, until the signal fires, the work ends by itself or
 * it fails. Its signal fires when the lease is lost; a holder that was paused learns of it only when it wakes up, so whatever the work
 * writes must be fenced besides (a transactional id does that): KAFKA_FENCED from the work means that the lease is gone, not that the work
 * has failed.
 * @throws what the work throws while the lease is held, except KAFKA_FENCED
 */
export async function runWithLease(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log, onChange, clock = systemClock } = options;
  onChange?.('standby');
  while (!signal.aborted) {
    const membership = new Membership(options);
    try {
      await membership.join(signal);
      if (await holdInTurns(membership, options, work, signal)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof MembershipFailed)) throw error;
      log.warn({ event: 'lease_membership_failed', group: options.groupId, ...errorFields(error.cause) });
      options.onTrouble?.(describeError(error.cause));
    } finally {
      await membership.leave();
    }
    await clock.sleep(REJOIN_PAUSE_MS, signal).catch(() => undefined);
  }
}

/** Works whenever the lease is held; true when the work ended by itself, false when this process should join anew. */
async function holdInTurns(
  membership: Membership,
  { log, onChange, groupId }: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const held = await membership.held(signal);
    log.info({ event: 'lease_acquired', group: groupId });
    onChange?.('active');
    let fenced = false;
    try {
      await work(AbortSignal.any([signal, held]));
      if (!held.aborted) return true;
    } catch (error) {
      fenced = hasCode(error, 'KAFKA_FENCED');
      if (!held.aborted && !fenced) throw error;
    }
    if (signal.aborted) return true;
    onChange?.('standby');
    log.warn({ event: 'lease_lost', group: groupId, fenced });
    // Fenced, yet the group has not said so: somebody else works. Leaving lets the group decide afresh.
    if (fenced && !held.aborted) return false;
  }
}

class MembershipFailed extends Error {}

/** One membership in the group; its own end (lost connection, crashed consumer) shows as MembershipFailed. */
class Membership {
  readonly #options: LeaseOptions;
  readonly #failed = Promise.withResolvers<never>();
  #group: ConsumerGroup | undefined;
  #held: AbortController | null = null;
  #change = Promise.withResolvers<void>();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
  }

  async join(signal: AbortSignal): Promise<void> {
    const { kafka, topic, groupId, replicationFactor, onTrouble } = this.#options;
    try {
      await kafka.ensureTopics([{ topic, partitions: 1, replicationFactor }]);
      this.#group = kafka.consumerGroup({
        groupId,
        topics: [topic],
        fromBeginning: false,
        exclusive: true,
        sessionTimeoutMs: this.#options.sessionTimeoutMs ?? LEASE_SESSION_TIMEOUT_MS,
        maxWaitMs: FETCH_WAIT_MS,
        onBatch: () => Promise.resolve(),
        onAssigned: (assignment) => this.#assigned((assignment.get(topic)?.length ?? 0) > 0),
      });
      this.#group.failed.catch((error: unknown) => this.#fail(error));
      await this.#group.start(signal);
      onTrouble?.(null);
    } catch (error) {
      if (signal.aborted || !mayPass(error)) throw error;
      throw new MembershipFailed('not joined', { cause: error });
    }
  }

  /** Resolves when the lease is held, with a signal that fires when it is lost. */
  async held(signal: AbortSignal): Promise<AbortSignal> {
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!this.#held) await Promise.race([this.#change.promise, this.#failed.promise, stopped.promise]);
      signal.throwIfAborted();
      return this.#held.signal;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async leave(): Promise<void> {
    this.#lose();
    await this.#group?.stop();
  }

  #assigned(owner: boolean): void {
    if (owner === (this.#held !== null)) return;
    if (owner) this.#held = new AbortController();
    else this.#lose();
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #lose(): void {
    this.#held?.abort(new LeaseLost('the lease was lost'));
    this.#held = null;
  }

  #fail(error: unknown): void {
    this.#failed.reject(new MembershipFailed('left the group', { cause: error }));
    this.#lose();
  }
}

const PASSING: readonly string[] = ['KAFKA_CONSUMER_CRASHED', 'KAFKA_REQUEST_FAILED', 'KAFKA_TOPIC_MISSING'];

/**
 * Whether joining may work later: everything but a topic that is not what it should be, or a client that cannot work. A topic that was
 * made this moment may be missing still: a broker that has just started tells so.
 */
function mayPass(error: unknown): boolean {
  if (isRetriable(error)) return true;
  return error instanceof SluiceError && PASSING.includes(error.code);
}
