import { command, type RedisCommands } from '#infra/redis/client.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import { highestSearchable } from './searchIndex.ts';

/** What tells an index from another one of the same name, and from an older copy of itself. */
export interface IndexState {
  /** Changes when the index is made anew or restored: its uuid and the histories of its shards. */
  readonly identity: string;
  /** Highest document version in it, as of its last refresh. */
  readonly highest: number;
}

interface Stats {
  readonly indices?: Readonly<
    Record<
      string,
      {
        readonly uuid: string;
        readonly shards?: Readonly<
          Record<string, readonly { readonly commit?: { readonly user_data?: { readonly history_uuid?: string } } }[]>
        >;
      }
    >
  >;
}

/**
 * null: there is no such index. A snapshot that is restored and a primary that was given up for an older copy begin a new history. Source:
 * elastic.co, "Index stats API" (level=shards, commit.user_data.history_uuid).
 * @throws ELASTICSEARCH_UNREACHABLE while a primary shard is not there (red)
 */
export async function indexState(elastic: Elastic, index: string): Promise<IndexState | null> {
  try {
    const filter = 'filter_path=indices.*.uuid,indices.*.shards.*.commit.user_data.history_uuid';
    const stats = await elastic.request<Stats>('GET', `/${index}/_stats/docs?level=shards&${filter}`);
    const found = stats.indices?.[index];
    const highest = await highestSearchable(elastic, index);
    const histories = Object.entries(found?.shards ?? {})
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, copies]) => copies[0]?.commit?.user_data?.history_uuid ?? '');
    return { identity: [found?.uuid ?? '', ...histories].join('/'), highest };
  } catch (error) {
    if (refusedStatus(error) === 404) return null;
    throw error;
  }
}

/** What was last known of an index, kept in Redis for all processes. */
export class IndexRecord {
  readonly #redis: RedisCommands;
  readonly #key: string;

  constructor(redis: RedisCommands, index: string) {
    this.#redis = redis;
    this.#key = redis.key('{index-state}', index);
  }

  async read(): Promise<IndexState | null> {
    const [identity, highest] = (await this.#redis.send(command('HMGET', this.#key, 'identity', 'highest'))) as (
      | string
      | null
    )[];
    return identity == null ? null : { identity, highest: Number(highest) };
  }

  async write({ identity, highest }: IndexState): Promise<void> {
    await this.#redis.send(command('HSET', this.#key, 'identity', identity, 'highest', highest));
  }

  async forget(): Promise<void> {
    await this.#redis.send(command('DEL', this.#key));
  }
}

/** True for an index that lost what was written to it: another one of the name, or an older copy. */
export function isOlder(now: IndexState, known: IndexState | null): boolean {
  return known !== null && (now.identity !== known.identity || now.highest < known.highest);
}
