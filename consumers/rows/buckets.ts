/**
 * Every key of ours carries one of 256 hash tags (`{00}` … `{ff}`), chosen by what the key is about. A script call touches one bucket, so it
 * stays within one slot of a Redis cluster, and a batch of thousands of rows still needs only 256 calls. The number is part of the stored
 * layout: changing it means filling the row store again.
 */
export const BUCKET_COUNT = 256;

/** FNV-1a over UTF-16 units, 32 bits, mixed once more: cheap, and even enough. Source: draft-eastlake-fnv, 32-bit constants. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return hash >>> 0;
}

/** The hash tag of a bucket. */
export function bucketTag(bucket: number): string {
  return `{${bucket.toString(16).padStart(2, '0')}}`;
}

/** The hash tag of the bucket a text belongs to. */
export function tagOf(text: string): string {
  return bucketTag(hashOf(text) % BUCKET_COUNT);
}

/** Groups items by bucket, keeping their order inside each. */
export function byBucket<T>(items: readonly T[], textOf: (item: T) => string): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const bucket = hashOf(textOf(item)) % BUCKET_COUNT;
    const group = groups.get(bucket);
    if (group === undefined) groups.set(bucket, [item]);
    else group.push(item);
  }
  return groups;
}
