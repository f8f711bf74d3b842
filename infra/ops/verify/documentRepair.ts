import { listIndexes, writeAlias } from '#consumers/catalog/searchIndex.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { MarkSender } from '#consumers/rows/marks.ts';
import { documentId } from '#consumers/rows/resolve.ts';
import { decodeRowKey } from '#consumers/rows/rowText.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Copies } from './copies.ts';
import type { Difference } from './report.ts';
import type { VerifyOptions } from './verifyCopies.ts';

/**
 * Marks the documents, so that the catalogue consumer builds them again, with a version above whatever the index holds. A document no root row
 * gives is hidden: its version is taken before the rows are looked through for its id, so a build for a row that comes later has a higher one.
 */
export async function repairDocuments(
  options: VerifyOptions,
  copies: Copies,
  documents: readonly Difference[],
): Promise<void> {
  const { config, kafka, signal } = options;
  const byType = Map.groupBy(documents, ({ what }) => what);
  const sender = new MarkSender(kafka, config.consumers.groupPrefix);
  try {
    const marks = sender.batch(signal);
    for (const [type, wrong] of byType) {
      const indexes = await listIndexes(copies.elastic, config.elasticsearch.indexPrefix, type);
      const index = indexes.find(({ live }) => live)!.index;
      const versions = new VersionSource(copies.redis, type, () => highestVersion(copies, index));
      await versions.riseAbove(await versionsOf(copies, index, wrong));
      for (const { rootKey } of wrong) if (rootKey !== undefined) await marks.add(type, rootKey, null);
      const unknown = wrong.filter(({ rootKey }) => rootKey === undefined).map(({ id }) => id);
      if (unknown.length > 0) await hide(copies, type, index, unknown, await versions.next());
    }
    await marks.flush();
  } finally {
    await sender.close();
  }
}

/** The highest version among these documents; 0 for none. */
async function versionsOf({ elastic }: Copies, index: string, wrong: readonly Difference[]): Promise<number> {
  let highest = 0;
  for (let start = 0; start < wrong.length; start += 500) {
    const ids = wrong.slice(start, start + 500).map(({ id }) => id);
    const { docs } = await elastic.request<{ docs: { _version?: number }[] }>('POST', `/${index}/_mget?_source=false`, {
      ids,
    });
    for (const { _version = 0 } of docs) highest = Math.max(highest, _version);
  }
  if (highest < Number.MAX_SAFE_INTEGER / 2) return highest;
  throw new SluiceError(
    'VERIFY_REPAIR_FAILED',
    `Documents in ${index} carry a version (${highest}) that leaves none above it.`,
    { hint: 'Build the index anew: raise the version of the document type, or `sluice index build`.' },
  );
}

async function highestVersion({ elastic }: Copies, index: string): Promise<number> {
  const answer = await elastic.request<{ aggregations: { highest: { value: number | null } } }>(
    'POST',
    `/${index}/_search?size=0`,
    { aggs: { highest: { max: { field: 'sluice.version' } } } },
  );
  return answer.aggregations.highest.value ?? 0;
}

async function hide(
  { elastic, store, plans }: Copies,
  type: string,
  index: string,
  ids: readonly string[],
  version: number,
): Promise<void> {
  const plan = plans.find(({ definition }) => definition.type === type)!;
  const left = new Set(ids);
  await store.scan(plan.definition.root, (keys) => {
    for (const key of keys) left.delete(documentId(plan.definition, decodeRowKey(key)));
  });
  for (const id of left) {
    const body = { deleted: true, sluice: { id, version, sourceTsMs: null } };
    const place = `/${writeAlias(index)}/_doc/${encodeURIComponent(id)}`;
    await elastic.request('PUT', `${place}?version=${version}&version_type=external&require_alias=true`, body);
  }
}
