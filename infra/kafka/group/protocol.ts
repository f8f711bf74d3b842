import type { Assignment, MemberClaim } from './assignor.ts';

/** What the group's members must share to be in one group; shown by tools as the group's assignor. */
export const PROTOCOL_NAME = 'sluice-cooperative';
export const EXCLUSIVE_PROTOCOL_NAME = 'sluice-exclusive';

/**
 * Subscription version 2: version, topics, user data, owned partitions, generation. Assignment version 0 and later: version, partitions, user
 * data. Kafka's own format, so that foreign tools show topics and partitions. Source: Kafka's ConsumerProtocolSubscription.json and
 * ConsumerProtocolAssignment.json, KIP-429 and KIP-792.
 */
const VERSION = 2;
const OWNED_SINCE = 1;
const GENERATION_SINCE = 2;

export function encodeSubscription(claim: Omit<MemberClaim, 'memberId'>): Buffer {
  const out = new Writer().int16(VERSION).int32(claim.topics.length);
  for (const topic of claim.topics) out.text(topic);
  return out.json({ load: claim.load }).assignment(claim.owned).int32(claim.generation).bytes();
}

/** A member of another make, or of an older version, claims nothing. */
export function decodeSubscription(memberId: string, metadata: Buffer): MemberClaim {
  const input = new Reader(metadata);
  const version = input.int16();
  const topics = Array.from({ length: input.int32() }, () => input.text());
  const { load } = input.json();
  const owned: Assignment = version >= OWNED_SINCE ? input.assignment() : new Map();
  const generation = version >= GENERATION_SINCE ? input.int32() : -1;
  return { memberId, topics, owned, generation, load: typeof load === 'number' ? load : 0 };
}

export interface GivenAssignment {
  readonly assignment: Assignment;
  /** The group will deal again at once: ask often. */
  readonly handover: boolean;
}

export function encodeAssignment({ assignment, handover }: GivenAssignment): Buffer {
  return new Writer().int16(VERSION).assignment(assignment).json({ handover }).bytes();
}

/** An empty answer is one without partitions. */
export function decodeAssignment(bytes: Buffer): GivenAssignment {
  if (bytes.length === 0) return { assignment: new Map(), handover: false };
  const input = new Reader(bytes);
  input.int16();
  return { assignment: input.assignment(), handover: input.json()['handover'] === true };
}

class Writer {
  readonly #parts: Buffer[] = [];

  int16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeInt16BE(value);
    this.#parts.push(part);
    return this;
  }

  int32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  text(value: string): this {
    const part = Buffer.from(value);
    this.int16(part.length).#parts.push(part);
    return this;
  }

  json(value: object): this {
    const part = Buffer.from(JSON.stringify(value));
    this.int32(part.length).#parts.push(part);
    return this;
  }

  assignment(assignment: Assignment): this {
    this.int32(assignment.size);
    for (const [topic, partitions] of assignment) {
      this.text(topic).int32(partitions.length);
      for (const partition of partitions) this.int32(partition);
    }
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  text(): string {
    return this.#take(this.int16());
  }

  /** User data of other makes is not ours to understand: an empty object. */
  json(): Readonly<Record<string, unknown>> {
    const text = this.#take(Math.max(0, this.int32()));
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }

  assignment(): Assignment {
    const topics = new Map<string, number[]>();
    for (let left = this.int32(); left > 0; left--) {
      const topic = this.text();
      topics.set(
        topic,
        Array.from({ length: this.int32() }, () => this.int32()),
      );
    }
    return topics;
  }

  #take(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}
