import type { Admin } from 'kafkajs';
import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { GroupCoordinator } from './group/coordinator.ts';
import { asKafkaError } from './kafkajsErrors.ts';
import type { PartitionOffsets, TopicSpec } from './types.ts';

/** The library's number for topics in requests about settings. */
const TOPIC_RESOURCE = 2;

/** Settings of an existing topic that must be as wanted, because data would be lost or grow for ever otherwise. */
const CHECKED_SETTINGS = ['cleanup.policy'];

/** See KafkaClient.ensureTopics. */
export async function ensureTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const existing = new Set(await asKafkaError('listing topics', () => admin.listTopics()));
  const missing = specs.filter((spec) => !existing.has(spec.topic));
  if (missing.length > 0) {
    // `false` only says that somebody else created one of them meanwhile; the check below looks at those too.
    await asKafkaError(`creating topics ${missing.map((s) => s.topic).join(', ')}`, () =>
      admin.createTopics({
        waitForLeaders: false,
        topics: missing.map((spec) => ({
          topic: spec.topic,
          numPartitions: spec.partitions,
          replicationFactor: spec.replicationFactor,
          configEntries: Object.entries(spec.config ?? {}).map(([name, value]) => ({ name, value })),
        })),
      }),
    );
    await untilLed(
      admin,
      missing.map((s) => s.topic),
    );
  }
  await checkTopics(
    admin,
    specs.filter((spec) => existing.has(spec.topic)),
  );
}

/** The library's own wait gives up when a broker that has not heard of a new topic yet answers. */
async function untilLed(admin: Admin, topics: string[]): Promise<void> {
  await retry(
    async () => {
      const { topics: found } = await asKafkaError('waiting for leaders', () => admin.fetchTopicMetadata({ topics }));
      if (found.every((t) => t.partitions.every((p) => p.leader >= 0))) return;
      throw new SluiceError('KAFKA_REQUEST_FAILED', `Topics ${topics.join(', ')} have no leaders yet`);
    },
    { attempts: LEADER_ATTEMPTS, baseMs: 20, maxMs: 500, retryIf: () => true },
  );
}

const LEADER_ATTEMPTS = 40;

async function checkTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const names = specs.map((s) => s.topic);
  const { topics } = await asKafkaError('reading topic metadata', () => admin.fetchTopicMetadata({ topics: names }));
  const { resources } = await asKafkaError('reading topic settings', () =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: CHECKED_SETTINGS })),
    }),
  );
  for (const spec of specs) {
    const partitions = topics.find((t) => t.name === spec.topic)?.partitions.length ?? 0;
    const entries = resources.find((r) => r.resourceName === spec.topic)?.configEntries ?? [];
    const wanted: [string, string][] = CHECKED_SETTINGS.flatMap((name) =>
      spec.config?.[name] === undefined ? [] : [[name, spec.config[name]]],
    );
    if (partitions < spec.partitions) mismatch(spec.topic, 'partitions', String(spec.partitions), String(partitions));
    for (const [name, value] of wanted) {
      const found = entries.find((e) => e.configName === name)?.configValue;
      if (found !== undefined && found !== value) mismatch(spec.topic, name, value, found);
    }
  }
}

function mismatch(topic: string, setting: string, expected: string, found: string): never {
  throw new SluiceError('KAFKA_TOPIC_MISMATCH', `Topic ${topic}: ${setting} should be ${expected}, found ${found}`, {
    context: { topic, setting, expected, found },
  });
}

/** With pauses of up to a second: long enough for a coordinator to load. */
const COORDINATOR_ATTEMPTS = 30;

/** See KafkaClient.committedOffsets. One request for the whole group; a topic that does not exist has no commits. */
export async function committedOffsets(
  coordinator: GroupCoordinator,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, PartitionOffsets>> {
  // A broker that has just started answers for seconds that its coordinator is still loading.
  const { responses } = await retry(
    () =>
      coordinator.ask(`reading the offsets of group ${groupId}`, (broker) =>
        broker.offsetFetch({ groupId, topics: ALL_TOPICS }),
      ),
    { attempts: COORDINATOR_ATTEMPTS, maxMs: 1000 },
  );
  const found = new Map(responses.map(({ topic, partitions }) => [topic, partitions]));
  return new Map(
    topics.map((topic) => [
      topic,
      new Map(
        (found.get(topic) ?? []).flatMap(({ partition, offset }) =>
          BigInt(offset) >= 0n ? [[partition, BigInt(offset)] as const] : [],
        ),
      ),
    ]),
  );
}

/** How the library writes the protocol's "all topics" (null). */
const ALL_TOPICS = [] as const;

/** See KafkaClient.groupMembers. */
export async function groupMembers(admin: Admin, groupId: string): Promise<number> {
  const { groups } = await retry(
    () => asKafkaError(`describing group ${groupId}`, () => admin.describeGroups([groupId])),
    { attempts: COORDINATOR_ATTEMPTS, maxMs: 1000 },
  );
  return groups[0]?.members.length ?? 0;
}

/** What a commit says that comes from outside of the group. */
const [NO_GENERATION, NO_MEMBER] = [-1, ''];

/**
 * See KafkaClient.commitOffsets. The library's own setOffsets joins the group with a hidden consumer and waits for its five-second fetch; a
 * commit that names no member does it in one request and is refused while the group has members.
 */
export async function commitOffsets(
  coordinator: GroupCoordinator,
  groupId: string,
  offsets: ReadonlyMap<string, PartitionOffsets>,
): Promise<void> {
  const topics = [...offsets].map(([topic, partitions]) => ({
    topic,
    partitions: [...partitions].map(([partition, offset]) => ({ partition, offset: String(offset) })),
  }));
  if (topics.length === 0) return;
  await retry(
    () =>
      coordinator.ask(`setting the offsets of group ${groupId}`, (broker) =>
        broker.offsetCommit({ groupId, memberId: NO_MEMBER, groupGenerationId: NO_GENERATION, topics }),
      ),
    { attempts: COORDINATOR_ATTEMPTS, maxMs: 1000 },
  );
}
