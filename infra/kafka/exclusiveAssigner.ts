import type { PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from './kafkajs.ts';

const NAME = 'SluiceExclusive';
const VERSION = 1;
const CLAIM = Buffer.from('held');
const NO_CLAIM = Buffer.alloc(0);

/** A member of the group as the leader sees it. */
interface Candidate {
  readonly memberId: string;
  readonly claims: boolean;
}

/**
 * Who gets everything: the member that has it already, so that a newcomer waits instead of taking over. With no claim (or, after a
 * mishap, several) the smallest id among them decides, which every leader finds alike.
 */
export function chooseOwner(candidates: readonly Candidate[]): string | undefined {
  const claiming = candidates.filter(({ claims }) => claims);
  return (claiming.length > 0 ? claiming : candidates).map(({ memberId }) => memberId).sort()[0];
}

/**
 * An assigner that gives all partitions to one member and keeps them there while it lives. `claims` tells at each join whether this member
 * holds them and has been heard of by the group within the session time-out.
 */
export function exclusiveAssigner(claims: () => boolean): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: claims() ? CLAIM : NO_CLAIM,
      }),
    }),
    assign: async ({ members, topics }) => {
      const owner = chooseOwner(
        members.map(({ memberId, memberMetadata }) => ({
          memberId,
          claims: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData?.equals(CLAIM) ?? false,
        })),
      );
      const all = Object.fromEntries(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map((p) => p.partitionId)]),
      );
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: VERSION,
          assignment: memberId === owner ? all : {},
          userData: NO_CLAIM,
        }),
      }));
    },
  });
}
