import { readFile, writeFile } from 'node:fs/promises';
import { loadTables } from '#connectors/capture/tables.ts';
import { rowTypesOf } from '#connectors/publish/rowTypes.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { sourceRules } from '../captureRules.ts';
import { captureParts } from '../captures.ts';
import { sourceOptions } from '../roles/sourceOptions.ts';

export interface SchemasGenerateOptions {
  /** Configuration that names the source. */
  readonly config: string;
  /** File to write, or to compare with when `check` is set. */
  readonly out: string;
  /** First part of the names of the maps, e.g. `Epos`. */
  readonly group: string;
  /** Write nothing; tell whether the file is what would be written. */
  readonly check?: boolean;
}

/** Writes (or checks) the TypeScript row types of the configured tables as the source has them now. True when the file is up to date. */
export async function schemasGenerate(options: SchemasGenerateOptions, signal: AbortSignal): Promise<boolean> {
  const config = await loadConfig(options.config);
  const db = await openDatabase(sourceOptions(config));
  try {
    const [main] = captureParts(config);
    const settings = { database: main!.database, tables: main!.tables, rules: sourceRules(config) };
    const { tables } = await loadTables(db, settings, null, signal);
    const text = rowTypesOf(tables, config.kafka.topicPrefix, options.group);
    const present = await readFile(options.out, 'utf8').catch(() => '');
    if (present === text) return true;
    if (!options.check) await writeFile(options.out, text);
    return !options.check;
  } finally {
    await db.close();
  }
}
