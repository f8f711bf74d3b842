const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * 32-bit MurmurHash2 as Kafka's Java client uses it for keys.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 (documented as the default partitioner's hash).
 */
function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let h = SEED ^ length;
  let i = 0;
  for (const last = length - 3; i < last; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length & 3;
  if (rest === 3) h ^= bytes[i + 2]! << 16;
  if (rest >= 2) h ^= bytes[i + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ bytes[i]!, M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h;
}

/** The partition Kafka's Java producer would choose for this key: the same key always lands in the same partition of `count`. */
export function partitionFor(key: Uint8Array, count: number): number {
  return (murmur2(key) & 0x7fffffff) % count;
}
