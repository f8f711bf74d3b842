import { randomInt } from 'node:crypto';

const BITS_AN_ID = 32;
const HASHES = 20;

/**
 * Remembers which ids were seen, in bounded memory (a Bloom filter): an id that was seen is always known again, one that was not seen is taken
 * for seen with a chance of `missChance`. Each filter hashes by a seed of its own, so what one run overlooks the next one finds.
 * Source of the chance: Bloom 1970; (1 − e^(−kn/m))^k.
 */
export class IdFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;
  readonly #seed = randomInt(2 ** 32 - 1);
  #count = 0;

  /** `expected`: about how many ids will be added; `maxBytes`: most memory. */
  constructor(expected: number, maxBytes: number) {
    let bits = 1024;
    while (bits < expected * BITS_AN_ID && bits * 2 <= maxBytes * 8 && bits < 2 ** 31) bits *= 2;
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(id: string): void {
    this.#count += 1;
    this.#each(id, (word, bit) => {
      this.#bits[word]! |= bit;
      return true;
    });
  }

  has(id: string): boolean {
    return this.#each(id, (word, bit) => (this.#bits[word]! & bit) !== 0);
  }

  /** The chance that an id that was never added is taken for a known one. */
  get missChance(): number {
    return (1 - Math.exp((-HASHES * this.#count) / (this.#mask + 1))) ** HASHES;
  }

  /** Calls `visit` with the places of an id until it says false. Source of the places: Kirsch and Mitzenmacher 2006, two hashes make all. */
  #each(id: string, visit: (word: number, bit: number) => boolean): boolean {
    const [first, step] = hashes(id, this.#seed);
    for (let i = 0, place = first; i < HASHES; i++, place = (place + step) >>> 0) {
      const at = place & this.#mask;
      if (!visit(at >>> 5, 1 << (at & 31))) return false;
    }
    return true;
  }
}

/** Two 32-bit hashes of a text; the second is odd. MurmurHash3's steps over UTF-16 units. */
function hashes(text: string, seed: number): [number, number] {
  let a = seed >>> 0;
  let b = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(rotated(a ^ Math.imul(unit, 0xcc9e2d51), 15), 0x1b873593) + 0x52dce729;
    b = Math.imul(rotated(b ^ Math.imul(unit, 0x85ebca6b), 13), 0xc2b2ae35) + 0x38495ab5;
  }
  return [finished(a ^ text.length), finished(b ^ a) | 1];
}

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function finished(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
