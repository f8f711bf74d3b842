/** Zigzag form of a whole number: 0, -1, 1, -2 … become 0, 1, 2, 3 …; exact up to 2^52. */
export function zigzag(n: number): number {
  return n >= 0 ? n * 2 : -n * 2 - 1;
}

/** Bytes a varint of this unsigned number takes. */
export function varintSize(unsigned: number): number {
  let size = 1;
  for (let u = unsigned; u >= 128; u = Math.floor(u / 128)) size++;
  return size;
}

/** Writes an unsigned number as varint and gives the position after it. */
export function writeVarint(target: Buffer, at: number, unsigned: number): number {
  let p = at;
  let u = unsigned;
  while (u >= 128) {
    if (u < 2_147_483_648) {
      target[p++] = (u & 127) | 128;
      u >>>= 7;
    } else {
      target[p++] = (u % 128) | 128;
      u = Math.floor(u / 128);
    }
  }
  target[p++] = u;
  return p;
}
