/**
 * Every key of ours carries one of 64 hash tags (`{00}` … `{63}`), chosen by what the key is about. A script call touches one bucket, so it
 * stays within one slot of a Redis cluster, and a batch of a thousand rows still needs only 64 calls. The number is part of the stored
 * layout: changing it means filling the row store again.
 */
export const BUCKET_COUNT = 64;

/** FNV-1a over UTF-16 units: cheap, and even enough for 64 buckets. Source: draft-eastlake-fnv, 32-bit constants. */
function bucketOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return (hash >>> 0) % BUCKET_COUNT;
}

/** The hash tag of a bucket. */
export function bucketTag(bucket: number): string {
  return `{${String(bucket).padStart(2, '0')}}`;
}

/** Groups items by bucket, keeping their order inside each. */
export function byBucket<T>(items: readonly T[], textOf: (item: T) => string): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const bucket = bucketOf(textOf(item));
    const group = groups.get(bucket);
    if (group === undefined) groups.set(bucket, [item]);
    else group.push(item);
  }
  return groups;
}
