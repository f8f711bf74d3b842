import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';
import { between, operate, type Stage, type Trouble } from './trouble.ts';

type ServerName = 'kafka' | 'redis' | 'elasticsearch';

/** Ends a server, does something to its data, and starts it again. */
function restart(name: ServerName, signal: 'SIGKILL' | 'SIGTERM', meanwhile?: (stage: Stage) => Promise<void> | void) {
  return (stage: Stage): Promise<void> =>
    stage.server[name].take(async () => {
      const server = stage.world.servers[name];
      await server.signal(signal);
      await meanwhile?.(stage);
      await between(stage.random, 200, 2500);
      await server.start();
    });
}

export const redisFile = ({ world }: Stage): string => join(world.servers.redis.dir, 'appendonly.aof');

async function onRedis(stage: Stage, ...words: readonly string[]): Promise<void> {
  const url = stage.world.servers.addresses.redis!.url;
  const redis = new RedisClient({ url, keyPrefix: '', name: 'harness', log: silentLogger });
  try {
    await redis.send(command(words[0]!, ...words.slice(1)));
  } finally {
    await redis.close();
  }
}

/** Stock and orders are gone from here on, until everything is right again. Documents are not: none is built from half of the rows. */
export function redisIsLost({ shopper }: Stage, why: string): void {
  for (const copy of ['stock', 'orders'] as const) shopper.excuse(copy, why);
}

async function health(stage: Stage): Promise<string> {
  const { status } = await stage.world.elastic<{ status: string }>(
    'GET',
    `/_cluster/health/${stage.world.indexPattern}?timeout=1s`,
  );
  return status;
}

/** Names of the indices; patterns are not taken by what closes or deletes. */
export async function indicesOf({ world }: Stage): Promise<string[]> {
  const path = `/_cat/indices/${world.indexPattern}?format=json&expand_wildcards=all`;
  return (await world.elastic<{ index: string }[]>('GET', path)).map(({ index }) => index);
}

async function settings(stage: Stage, values: Record<string, unknown>): Promise<void> {
  await eventually(() => stage.world.elastic('PUT', `/${stage.world.indexPattern}/_settings`, values), {
    timeoutMs: 30_000,
    everyMs: 500,
  });
}

/** What happens to the servers. */
export const SERVER_TROUBLES: readonly Trouble[] = [
  { name: 'broker killed', weight: 3, happen: restart('kafka', 'SIGKILL') },
  { name: 'broker restarted', weight: 2, happen: restart('kafka', 'SIGTERM') },
  { name: 'Redis killed, data kept', weight: 3, happen: restart('redis', 'SIGKILL') },
  { name: 'Redis restarted, data kept', weight: 1, happen: restart('redis', 'SIGTERM') },
  {
    name: 'Redis killed, data lost',
    weight: 3,
    happen: restart('redis', 'SIGKILL', (stage) => {
      redisIsLost(stage, 'Redis was lost');
      rmSync(redisFile(stage), { force: true });
    }),
  },
  {
    name: 'Redis flushed while everything runs',
    weight: 2,
    happen: (stage) =>
      stage.server.redis.take(async () => {
        redisIsLost(stage, 'Redis was flushed');
        await onRedis(stage, 'FLUSHALL');
      }),
  },
  { name: 'Elasticsearch killed', weight: 1, heavy: true, happen: restart('elasticsearch', 'SIGKILL') },
  {
    name: 'Elasticsearch restarted red: shards away, then back',
    weight: 2,
    heavy: true,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        const { elasticsearch } = stage.world.servers;
        const [data, away] = [join(elasticsearch.dir, 'data', 'indices'), join(elasticsearch.dir, 'away')];
        await elasticsearch.signal('SIGKILL');
        if (existsSync(data)) renameSync(data, away);
        await startRed(stage);
        await eventually(async () => {
          if ((await health(stage)) !== 'red') throw new Error('the index should be red');
        });
        await delay(1500);
        await elasticsearch.signal('SIGKILL');
        rmSync(data, { recursive: true, force: true });
        if (existsSync(away)) renameSync(away, data);
        await elasticsearch.start();
      }),
  },
  {
    name: 'index red for some seconds',
    weight: 3,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        const { world } = stage;
        await settings(stage, { 'index.routing.allocation.exclude._name': 'sluice' });
        const indices = (await indicesOf(stage)).join(',');
        await world.elastic('POST', `/${indices}/_close`);
        await world.elastic('POST', `/${indices}/_open?wait_for_active_shards=0`);
        await between(stage.random, 1500, 5000);
        await settings(stage, { 'index.routing.allocation.exclude._name': null });
      }),
  },
  {
    name: 'Elasticsearch full: writes answered 429',
    weight: 3,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        await settings(stage, { 'index.blocks.read_only_allow_delete': true });
        await between(stage.random, 1500, 6000);
        await settings(stage, { 'index.blocks.read_only_allow_delete': null });
      }),
  },
  {
    name: 'Elasticsearch hangs',
    weight: 3,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        const { elasticsearch } = stage.world.servers;
        await elasticsearch.signal('SIGSTOP');
        await between(stage.random, 1500, 6000);
        await elasticsearch.signal('SIGCONT');
      }),
  },
  {
    name: 'index deleted',
    weight: 2,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        const { world, shopper, expected } = stage;
        shopper.excuse('products', 'the index was deleted');
        expected.deaths.add('index deleted');
        for (const index of await indicesOf(stage)) await world.elastic('DELETE', `/${index}`);
      }),
  },
  {
    name: 'registry away while a consumer starts',
    weight: 2,
    happen: (stage) =>
      stage.server.registry.take(async () => {
        await stage.world.registry.shut();
        await stage.world.consumers[0]?.kill();
        await between(stage.random, 2000, 6000);
        await stage.world.registry.open();
      }),
  },
];

/** With its shards away the server never gets yellow: it is enough that it answers. */
async function startRed(stage: Stage): Promise<void> {
  const { elasticsearch } = stage.world.servers;
  const starting = elasticsearch.start();
  starting.catch(() => undefined);
  await eventually(() => health(stage), { timeoutMs: 90_000, everyMs: 300 });
}

/** `sluice replay` of one group since a moment. */
export async function replay(stage: Stage, group: string, from: string): Promise<void> {
  await operate(stage.world, ['replay', group, '--from', from, '--rate', '5000', '--execute']);
}
