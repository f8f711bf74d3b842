/** The library's keeper of producer id, epoch and sequence numbers, as far as it is used here. */
export interface EosManager {
  addPartitionsToTransaction(
    topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[],
  ): Promise<void>;
  acquireBrokerLock: (broker: unknown) => Promise<void>;
  releaseBrokerLock: (broker: unknown) => void;
}

type CreateEosManager = (options: { readonly transactional: boolean; readonly transactionalId?: string }) => EosManager;

/** The newest manager of each transactional id. */
const managers = new Map<string, EosManager>();

/**
 * Wraps the library's factory so that the manager of a transaction can be reached, and takes its lock away: the library lets one request a
 * broker be on its way, because it numbers the messages of a partition when it sends them. Ours sends one request a partition at a time,
 * so the numbers stay in order without it and requests to different partitions can follow each other without waiting.
 */
export function wrapEosManagerFactory(create: CreateEosManager): CreateEosManager {
  return (options) => {
    const manager = create(options);
    if (!options.transactional) return manager;
    manager.acquireBrokerLock = async () => undefined;
    manager.releaseBrokerLock = () => undefined;
    managers.set(options.transactionalId!, manager);
    return manager;
  };
}

/** Adds partitions to the open transaction in one request; without it each first send to a partition makes its own. */
export async function addPartitions(
  transactionalId: string,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<void> {
  const byTopic = new Map<string, { partition: number }[]>();
  for (const { topic, partition } of partitions) {
    const list = byTopic.get(topic);
    if (list) list.push({ partition });
    else byTopic.set(topic, [{ partition }]);
  }
  const topics = [...byTopic].map(([topic, list]) => ({ topic, partitions: list }));
  await managers.get(transactionalId)?.addPartitionsToTransaction(topics);
}

/** Lets go of what was kept for an id. */
export function forgetTransactionalId(transactionalId: string): void {
  managers.delete(transactionalId);
}
