import { COPY_LAYOUT } from '#consumers/runner/layout.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import { bucketTag } from './buckets.ts';

/** Names of the keys of a bucket; all of one bucket lie in one slot of a cluster. */
export class RowKeys {
  readonly #redis: Pick<RedisCommands, 'key'>;

  constructor(redis: Pick<RedisCommands, 'key'>) {
    this.#redis = redis;
  }

  /** Rows of one table: hash, row key → stored row. */
  rows(bucket: number, table: string): string {
    return this.#redis.key(bucketTag(bucket), `r${COPY_LAYOUT}`, table);
  }

  /** Deleted rows of one table: sorted set, row key by the time it was deleted. */
  gone(bucket: number, table: string): string {
    return this.#redis.key(bucketTag(bucket), `d${COPY_LAYOUT}`, table);
  }

  /** Shapes of the rows of all tables: hash, name → column names. */
  shapes(bucket: number): string {
    return this.#redis.key(bucketTag(bucket), `s${COPY_LAYOUT}`);
  }
}
