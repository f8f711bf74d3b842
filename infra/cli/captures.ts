import { captureTransactionalId } from '#connectors/publish/positionStore.ts';
import type { Config } from '#infra/runtime/config/config.ts';

/** One capture of a configuration: there is one for each database. */
export interface CapturePart {
  /** Key of its position, and its name in signals, status and notifications. */
  readonly name: string;
  readonly database: string;
  /** Tables and patterns without the database. */
  readonly tables: readonly string[];
  /** Keeps an older process from writing; also the group of its lease. */
  readonly transactionalId: string;
}

/**
 * The captures of a configuration, the main database's first. `source.tables` holds `schema.table` for the main database and
 * `database.schema.table` for others, whose captures are called `<name>.<database>`.
 */
export function captureParts(config: Pick<Config, 'source' | 'capture' | 'kafka'>): readonly CapturePart[] {
  const { database: main, tables } = config.source;
  const byDatabase = new Map<string, { readonly database: string; readonly tables: string[] }>();
  for (const table of tables) {
    const parts = table.split('.');
    const database = parts.length === 3 ? parts[0]! : main;
    const key = database.toLowerCase();
    const isMain = key === main.toLowerCase();
    const part = byDatabase.get(key) ?? { database: isMain ? main : database, tables: [] };
    byDatabase.set(key, part);
    part.tables.push(parts.slice(-2).join('.'));
  }
  return [...byDatabase.values()]
    .sort((a, b) => Number(b.database === main) - Number(a.database === main))
    .map(({ database, tables: own }) => {
      const name = database === main ? config.capture.name : `${config.capture.name}.${database}`;
      return { name, database, tables: own, transactionalId: captureTransactionalId(config.kafka.topicPrefix, name) };
    });
}
