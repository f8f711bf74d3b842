import { asKafkaError, kafkaErrorName } from '../kafkajsErrors.ts';
import type { InternalBroker, InternalCluster } from '../kafkajsInternals.ts';

/** Errors after which the group's coordinator has to be looked up again. */
const MOVED =
  /NOT_COORDINATOR_FOR_GROUP|GROUP_COORDINATOR_NOT_AVAILABLE|GROUP_LOAD_IN_PROGRESS|KafkaJSConnection|KafkaJSBrokerNotFound|KafkaJSRequestTimeout|KafkaJSGroupCoordinatorNotFound/;

/** Whether a request may work later, with the coordinator that is found then. */
export function isCoordinatorAway(error: unknown): boolean {
  return MOVED.test(kafkaErrorName(error));
}

/** The broker that leads a group: looked up when first needed, and again after it has moved or cannot be reached. */
export class GroupCoordinator {
  readonly #cluster: InternalCluster;
  readonly #groupId: string;
  #nodeId: string | null = null;

  constructor(cluster: InternalCluster, groupId: string) {
    this.#cluster = cluster;
    this.#groupId = groupId;
  }

  /** Sends one request. @throws SluiceError as toKafkaError has it, with the library's error as its cause */
  ask<T>(what: string, request: (broker: InternalBroker) => Promise<T>): Promise<T> {
    return asKafkaError(what, async () => {
      try {
        this.#nodeId ??= await this.#find();
        return await request(await this.#cluster.findBroker({ nodeId: this.#nodeId }));
      } catch (error) {
        if (isCoordinatorAway(error)) await this.#forget();
        throw error;
      }
    });
  }

  async #find(): Promise<string> {
    const { coordinator } = await this.#cluster.findGroupCoordinatorMetadata({
      groupId: this.#groupId,
      coordinatorType: 0,
    });
    return String(coordinator.nodeId);
  }

  async #forget(): Promise<void> {
    this.#nodeId = null;
    await this.#cluster.refreshMetadata().catch(() => undefined);
  }
}
