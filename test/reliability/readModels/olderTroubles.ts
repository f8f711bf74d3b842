import { cpSync, renameSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';
import { indicesOf, redisFile, redisIsLost } from './serverTroubles.ts';
import { between, type Stage, type Trouble } from './trouble.ts';

const REPOSITORY = 'harness';

/**
 * Servers that come back as they were some time before. Nobody is told and nothing is done about it: whoever lost something has to notice
 * by itself.
 */
export const OLDER_TROUBLES: readonly Trouble[] = [
  {
    // A failover to a replica that lacked the last writes.
    name: 'Redis comes back a few seconds older',
    weight: 2,
    happen: (stage) =>
      stage.server.redis.take(async () => {
        const { redis } = stage.world.servers;
        const [file, older] = [redisFile(stage), join(redis.dir, 'older.aof')];
        cpSync(file, older);
        await between(stage.random, 1500, 4000);
        await redis.signal('SIGKILL');
        redisIsLost(stage, 'Redis came back older');
        renameSync(older, file);
        await redis.start();
      }),
  },
  {
    // A power cut before the file was on the disk. The server loads what is left up to the last whole command (aof-load-truncated, its default).
    name: 'Redis killed, the end of its file cut off',
    weight: 3,
    happen: (stage) =>
      stage.server.redis.take(async () => {
        const { redis } = stage.world.servers;
        const file = redisFile(stage);
        const before = sizeOf(file);
        await between(stage.random, 500, 3000);
        await redis.signal('SIGKILL');
        redisIsLost(stage, 'Redis lost the end of its file');
        const size = sizeOf(file);
        // Somewhere in what was written meanwhile, most likely within a command.
        truncateSync(file, Math.max(0, size - 1 - Math.floor(stage.random() * Math.max(1, size - before))));
        await redis.start();
      }),
  },
  {
    name: 'an older copy of the index put back',
    weight: 3,
    happen: (stage) =>
      stage.server.elasticsearch.take(async () => {
        const copy = `${REPOSITORY}/${stage.world.id.toLowerCase()}-${Math.floor(stage.random() * 1e9)}`;
        const saved = await saveIndices(stage, copy);
        await between(stage.random, 1500, 5000);
        stage.shopper.excuse('products', 'an older copy of the index was put back');
        await eventually(() => putBack(stage, copy, saved), { timeoutMs: 30_000, everyMs: 500 });
        await stage.world.elastic('DELETE', `/_snapshot/${copy}`);
      }),
  },
];

const sizeOf = (file: string): number => statSync(file).size;

/** Takes a snapshot of all indices there are; gives their names. */
async function saveIndices(stage: Stage, copy: string): Promise<string[]> {
  const { world } = stage;
  await world.elastic('PUT', `/_snapshot/${REPOSITORY}`, { type: 'fs', settings: { location: 'harness' } });
  const indices = await indicesOf(stage);
  await world.elastic('PUT', `/_snapshot/${copy}?wait_for_completion=true`, {
    indices: indices.join(','),
    include_global_state: false,
  });
  return indices;
}

/** Restores those that are still there, over themselves: aliases stay where they are by now, what was written since is gone. */
async function putBack(stage: Stage, copy: string, saved: readonly string[]): Promise<void> {
  const present = new Set(await indicesOf(stage));
  const indices = saved.filter((index) => present.has(index)).join(',');
  if (indices === '') return;
  await stage.world.elastic('POST', `/${indices}/_close`);
  await stage.world.elastic('POST', `/_snapshot/${copy}/_restore?wait_for_completion=true`, {
    indices,
    include_global_state: false,
    include_aliases: false,
  });
}
