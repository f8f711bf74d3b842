import type { PreflightResult } from '#connectors/sqlserver/preflight.ts';
import { createElastic, type Elastic, refusedStatus } from '#consumers/catalog/elastic.ts';
import { definitionFingerprint } from '#consumers/catalog/fingerprint.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

/** Whether Redis and Elasticsearch are set up so that copies in them are safe. Never throws; a server that does not answer gives no results. */
export async function checkStores(config: Config): Promise<PreflightResult[]> {
  const [redis, elastic] = await Promise.all([checkRedis(config), checkElastic(config)]);
  return [...redis, ...elastic];
}

async function checkRedis(config: Config): Promise<PreflightResult[]> {
  const redis = new RedisClient({ ...config.redis, name: 'sluice-check', log: silentLogger });
  try {
    await redis.ready(undefined, 2);
    return redisResults(String(await redis.send(command('INFO'))));
  } catch {
    return [];
  } finally {
    await redis.close();
  }
}

/** What INFO tells. Source: redis.io, INFO; "Key eviction". */
export function redisResults(info: string): PreflightResult[] {
  const facts = new Map(info.split('\r\n').map((line) => [line.split(':')[0]!, line.slice(line.indexOf(':') + 1)]));
  const version = facts.get('redis_version') ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const policy = facts.get('maxmemory_policy') ?? 'unknown';
  const limit = facts.get('maxmemory_human') ?? 'unknown';
  const file = facts.get('aof_enabled') === '1';
  const snapshots = Number(facts.get('rdb_last_save_time') ?? 0) > 0;
  return [
    {
      check: 'Redis version',
      ok: major > 6 || (major === 6 && minor >= 2),
      expected: '6.2 or newer',
      actual: version,
      hint: 'Use a newer Redis or Valkey.',
    },
    {
      check: 'Redis eviction',
      ok: policy === 'noeviction',
      expected: 'maxmemory-policy noeviction',
      actual: `${policy}, maxmemory ${limit}`,
      hint: 'CONFIG SET maxmemory-policy noeviction: an evicted row is a hole in a copy that nobody notices.',
    },
    {
      check: 'Redis persistence',
      // Copies are rebuilt from Kafka after a loss: losing them is slow, not wrong.
      ok: true,
      expected: 'append-only file or snapshots, or the time to read the topics again after a restart',
      actual: file
        ? 'append-only file'
        : snapshots
          ? 'snapshots'
          : 'none: a restart loses the copies and rebuilds them',
      hint: 'Set appendonly yes.',
    },
  ];
}

async function checkElastic(config: Config): Promise<PreflightResult[]> {
  const elastic = createElastic({ ...config.elasticsearch, requestTimeoutMs: 5000 });
  try {
    const results = await Promise.all([
      elasticVersion(elastic),
      autoCreation(elastic, config.elasticsearch.indexPrefix),
    ]);
    return [...results, ...(await definitions(elastic, config))];
  } catch {
    return [];
  } finally {
    await elastic.close();
  }
}

async function elasticVersion(elastic: Elastic): Promise<PreflightResult> {
  const { nodes } = await elastic.request<{ nodes: Record<string, { version: string }> }>(
    'GET',
    '/_nodes?filter_path=nodes.*.version',
  );
  const versions = [...new Set(Object.values(nodes).map(({ version }) => version))];
  const fits = (version: string): boolean => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return major >= 9 || (major === 8 && minor >= 19);
  };
  return {
    check: 'Elasticsearch version',
    ok: versions.every(fits),
    expected: '8.19 or 9.x on every node',
    actual: versions.join(', '),
    hint: 'Upgrade the nodes.',
  };
}

/**
 * Documents are written under aliases with require_alias, so Elasticsearch makes no index for them; other writers may. Source: elastic.co,
 * "Index API", automatic creation.
 */
async function autoCreation(elastic: Elastic, indexPrefix: string): Promise<PreflightResult> {
  const flat = await elastic.request<
    Record<'persistent' | 'transient' | 'defaults', Record<string, string> | undefined>
  >('GET', '/_cluster/settings?include_defaults=true&flat_settings=true&filter_path=*.action.auto_create_index');
  const name = 'action.auto_create_index';
  const value = flat.transient?.[name] ?? flat.persistent?.[name] ?? flat.defaults?.[name] ?? 'true';
  return {
    check: 'Elasticsearch automatic index creation',
    ok: true,
    expected: `off for ${indexPrefix}* (Sluice itself writes under aliases that must exist)`,
    actual: value === 'true' ? 'on: a foreign writer could make an index of this name without the mapping' : value,
    hint: `Set ${name} to "-${indexPrefix}*,+*".`,
  };
}

async function definitions(elastic: Elastic, config: Config): Promise<PreflightResult[]> {
  const results: PreflightResult[] = [];
  for (const definition of config.catalog.documents) {
    const { type, version } = definition;
    const indexes = await listIndexes(elastic, config.elasticsearch.indexPrefix, type).catch((error: unknown) => {
      if (error instanceof SluiceError && refusedStatus(error) === 404) return [];
      throw error;
    });
    const mine = indexes.filter((info) => info.version === version && info.fingerprint !== null);
    const changed = mine.some(({ fingerprint }) => fingerprint !== definitionFingerprint(definition));
    results.push({
      check: `document type ${type}`,
      ok: !changed,
      expected: `the definition its index was built by, or a version above ${version}`,
      actual: changed
        ? `joins, functions, mapping or settings were changed under version ${version}`
        : `version ${version}`,
      hint: `Raise version: the consumers (or \`sluice index build ${type} --execute\`) then build a new index beside this one.`,
    });
  }
  return results;
}
