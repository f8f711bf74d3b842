import fc from 'fast-check';
import { packet } from '../../unit/infra/standin/tds/rawClient.ts';

/** What happens to one packet of a conversation, and to the bytes after it. */
export interface Damage {
  /** The start of an encrypted connection instead of a plain one. */
  readonly encrypted: boolean;
  /** How many packets go through unharmed. */
  readonly stage: number;
  readonly how: 'random' | 'truncate' | 'flip' | 'length' | 'header' | 'repeat' | 'insert' | 'swap';
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Lengths that parsers trust at their peril. */
const HOSTILE = [0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

export const damage: fc.Arbitrary<Damage> = fc.record({
  encrypted: fc.nat(4).map((n) => n === 0),
  stage: fc.nat(9),
  how: fc.constantFrom('random', 'truncate', 'flip', 'length', 'header', 'repeat', 'insert', 'swap'),
  at: fc.nat(4000),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ minLength: 200, maxLength: 3000 }),
    fc.constantFrom(...HOSTILE).map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    }),
  ),
});

/** The damaged packet's bytes. */
export function damaged(original: Buffer, { how, at, bytes }: Damage): Buffer {
  const place = 8 + (original.length > 8 ? at % (original.length - 8) : 0);
  const copy = Buffer.from(original);
  switch (how) {
    case 'random':
      return Buffer.from(bytes);
    case 'truncate':
      // Cut short, yet the header says that this is all.
      return packet(original[0]!, original.subarray(8, place));
    case 'flip':
      for (const [i, byte] of bytes.subarray(0, 8).entries()) copy[(place + i * 3) % copy.length]! ^= byte;
      return copy;
    case 'length':
      Buffer.from(bytes.subarray(0, 8)).copy(copy, place);
      return copy;
    case 'header':
      Buffer.from(bytes.subarray(0, 8)).copy(copy, at % 8);
      return copy;
    case 'repeat':
      return packet(
        original[0]!,
        Buffer.concat([original.subarray(8), original.subarray(place), original.subarray(8)]),
      );
    case 'insert':
      return packet(original[0]!, Buffer.concat([original.subarray(8, place), bytes, original.subarray(place)]));
    case 'swap':
      // The body of one kind of request under the type of another.
      return packet([1, 3, 6, 7, 14, 16, 18][at % 7]!, original.subarray(8));
  }
}
