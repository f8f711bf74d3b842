/** topic → partitions, as a member owns or is given them. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

/** A member of a group as it describes itself when it joins. */
export interface MemberClaim {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** What it goes on handling while the group deals anew. */
  readonly owned: Assignment;
  /** The generation `owned` was given in; -1 for none. */
  readonly generation: number;
  /** Partitions its process has in other groups. */
  readonly load: number;
}

export interface Dealt {
  /** Everything each member may have from now on. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Some partitions are held back until their owner has let go of them: it joins again at once, and they are dealt then. */
  readonly handover: boolean;
}

/**
 * Deals partitions to the members of a group: evenly per topic and in all (a difference of at most one for members with the same topics),
 * moving as few as that takes. A partition that changes hands is given to nobody until its owner has let go of it, so the owner goes on
 * undisturbed with all it keeps. Every leader finds the same. Source of the two steps: KIP-429, "Kafka Consumer Incremental Rebalance".
 * @param partitions number of partitions of each topic; topics that are missing are not dealt
 * @param exclusive one member gets everything, whoever has it already before others
 */
export function deal(
  members: readonly MemberClaim[],
  partitions: ReadonlyMap<string, number>,
  exclusive = false,
): Dealt {
  const owners = currentOwners(members, partitions);
  const targets = exclusive ? dealToOne(members, partitions) : dealEvenly(members, partitions, owners);
  const dealt = new Map<string, Map<string, number[]>>(members.map(({ memberId }) => [memberId, new Map()]));
  let handover = false;
  for (const [place, target] of targets) {
    const owner = owners.get(place);
    if (owner !== undefined && owner !== target) {
      handover = true;
      continue;
    }
    const [topic, partition] = parsePlace(place);
    const mine = dealt.get(target)!;
    const list = mine.get(topic);
    if (list) list.push(partition);
    else mine.set(topic, [partition]);
  }
  for (const mine of dealt.values()) for (const list of mine.values()) list.sort((a, b) => a - b);
  return { assignments: dealt, handover };
}

/** topic/partition as one text. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function parsePlace(place: string): [string, number] {
  const slash = place.lastIndexOf('/');
  return [place.slice(0, slash), Number(place.slice(slash + 1))];
}

/** place → member that owns it. A claim of an older generation is one the group has not confirmed since, so a newer one wins over it. */
function currentOwners(
  members: readonly MemberClaim[],
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> {
  const owners = new Map<string, MemberClaim>();
  for (const member of members) {
    for (const [topic, list] of member.owned) {
      if (!member.topics.includes(topic)) continue;
      for (const partition of list) {
        if (partition >= (partitions.get(topic) ?? 0)) continue;
        const other = owners.get(placeOf(topic, partition));
        if (other === undefined || wins(member, other)) owners.set(placeOf(topic, partition), member);
      }
    }
  }
  return new Map([...owners].map(([place, { memberId }]) => [place, memberId]));
}

function wins(a: MemberClaim, b: MemberClaim): boolean {
  return a.generation === b.generation ? a.memberId < b.memberId : a.generation > b.generation;
}

/** The member that has it already, so that a newcomer waits instead of taking over; else the smallest id. */
function dealToOne(
  members: readonly MemberClaim[],
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> {
  const claiming = members.filter(({ owned }) => owned.size > 0);
  const [owner] = (claiming.length > 0 ? claiming : members).toSorted((a, b) => (wins(a, b) ? -1 : 1));
  const targets = new Map<string, string>();
  if (owner === undefined) return targets;
  for (const [topic, count] of partitions)
    for (let partition = 0; partition < count; partition++) targets.set(placeOf(topic, partition), owner.memberId);
  return targets;
}

/** A member while one topic after the other is dealt. */
interface Share {
  readonly member: MemberClaim;
  total: number;
}

/**
 * Topic by topic: each subscriber gets the same number, and the rest goes to those with the fewest so far, then to those that have more of
 * the topic already, then to the processes with the least in other groups. Dealing again what was dealt changes nothing.
 */
function dealEvenly(
  members: readonly MemberClaim[],
  partitions: ReadonlyMap<string, number>,
  owners: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const shares: Share[] = members.map((member) => ({ member, total: 0 }));
  const targets = new Map<string, string>();
  for (const topic of [...partitions.keys()].sort()) {
    const subscribed = shares.filter(({ member }) => member.topics.includes(topic));
    if (subscribed.length === 0) continue;
    dealTopic(topic, partitions.get(topic)!, subscribed, owners, targets);
  }
  return targets;
}

function dealTopic(
  topic: string,
  count: number,
  subscribed: readonly Share[],
  owners: ReadonlyMap<string, string>,
  targets: Map<string, string>,
): void {
  const owned = new Map<string, number[]>(subscribed.map(({ member }) => [member.memberId, []]));
  const free: number[] = [];
  for (let partition = 0; partition < count; partition++) {
    const list = owned.get(owners.get(placeOf(topic, partition)) ?? '');
    (list ?? free).push(partition);
  }
  const has = ({ member }: Share): number => owned.get(member.memberId)!.length;
  const order = subscribed.toSorted(
    (a, b) =>
      a.total - b.total ||
      has(b) - has(a) ||
      a.member.load - b.member.load ||
      (a.member.memberId < b.member.memberId ? -1 : 1),
  );
  const base = Math.floor(count / subscribed.length);
  const quota = (i: number): number => base + (i < count % subscribed.length ? 1 : 0);
  for (const [i, share] of order.entries()) free.push(...owned.get(share.member.memberId)!.splice(quota(i)));
  free.sort((a, b) => a - b);
  for (const [i, share] of order.entries()) {
    const list = owned.get(share.member.memberId)!;
    list.push(...free.splice(0, quota(i) - list.length));
    for (const partition of list) targets.set(placeOf(topic, partition), share.member.memberId);
    share.total += list.length;
  }
}

/** What is in `a` and not in `b`. */
export function difference(a: Assignment, b: Assignment): Assignment {
  const left = new Map<string, readonly number[]>();
  for (const [topic, list] of a) {
    const rest = list.filter((partition) => !b.get(topic)?.includes(partition));
    if (rest.length > 0) left.set(topic, rest);
  }
  return left;
}
