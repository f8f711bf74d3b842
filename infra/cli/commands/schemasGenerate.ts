import { readFile, writeFile } from 'node:fs/promises';
import { loadTables } from '#connectors/capture/tables.ts';
import { publishedSchemas } from '#connectors/publish/publishedSchemas.ts';
import { schemasOf } from '#connectors/publish/rowTypes.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { generateTypes, type TableSchemas } from '#schemas/generate.ts';
import { createRegistry } from '#schemas/registry.ts';
import { type TypeDifference, typeDifferences } from '#schemas/typeDifferences.ts';
import { sourceRules } from '../captureRules.ts';
import { captureParts } from '../captures.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { sourceOptions } from '../roles/sourceOptions.ts';

/** Where the types of the tables are read: what a capture registered, or the source database itself. */
export type SchemaOrigin = 'registry' | 'source';

export interface SchemasGenerateOptions {
  /** Configuration that names the registry, the tables and the source. */
  readonly config: string;
  /** File to write, or to compare with when `check` is set. */
  readonly out: string;
  /** First part of the names of the maps, e.g. `Epos`. */
  readonly group: string;
  readonly from: SchemaOrigin;
  /** Write nothing; tell whether the file is what would be written. */
  readonly check: boolean;
  readonly json: boolean;
}

/** Differences that are printed as text. */
const SHOWN = 40;

/**
 * Writes the TypeScript row types of the configured tables of the main database, or compares them with the file. Exit code 4 when they are
 * compared and differ. @throws SluiceError SCHEMA_NOT_PUBLISHED, SCHEMA_REGISTRY_UNREACHABLE; what loadTables throws when it reads the source
 */
export async function schemasGenerate(options: SchemasGenerateOptions, signal: AbortSignal): Promise<number> {
  const config = await loadConfig(options.config);
  const tables = options.from === 'registry' ? await fromRegistry(config, signal) : await fromSource(config, signal);
  const expected = generateTypes(options.group, tables);
  const found = await readFile(options.out, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (options.check) return check(expected, found, options);
  if (found !== expected) await writeFile(options.out, expected);
  const did = found === expected ? 'up to date' : 'written';
  if (options.json) printJson({ file: options.out, tables: tables.map(({ table }) => table), outcome: did });
  else print(`${options.out}: ${did}, ${tables.length} tables, from the ${options.from}`);
  return EXIT.ok;
}

/** Needs no access to the source: its password is not even read. */
function fromRegistry(config: Config, signal: AbortSignal): Promise<readonly TableSchemas[]> {
  const [main] = captureParts(config);
  const { database, tables } = main!;
  const wanted = {
    topicPrefix: config.kafka.topicPrefix,
    database,
    tables,
    excludeTables: config.source.excludeTables,
    topicName: config.publish.topicName,
  };
  return publishedSchemas(createRegistry(config.registry), wanted, signal);
}

async function fromSource(config: Config, signal: AbortSignal): Promise<readonly TableSchemas[]> {
  const [main] = captureParts(config);
  const settings = { database: main!.database, tables: main!.tables, rules: sourceRules(config) };
  const db = await openDatabase(sourceOptions(config));
  try {
    return schemasOf((await loadTables(db, settings, null, signal)).tables, config.kafka.topicPrefix);
  } finally {
    await db.close();
  }
}

function check(expected: string, found: string | null, { out, from, json }: SchemasGenerateOptions): number {
  const same = found === expected;
  const differences = same || found === null ? [] : typeDifferences(expected, found);
  if (json) printJson({ file: out, upToDate: same, exists: found !== null, differences });
  else if (same) print(`${out}: up to date with the ${from}`);
  else {
    print(
      `${out}: ${found === null ? 'not there' : `not what the ${from} says`}; write it with the same command without --check`,
    );
    if (differences.length > 0) printDifferences(differences);
    else if (found !== null) print('the types are the same: only layout, order or the name of the maps differs');
  }
  return same ? EXIT.ok : EXIT.unhealthy;
}

function printDifferences(differences: readonly TypeDifference[]): void {
  const rows = differences
    .slice(0, SHOWN)
    .map(({ table, column, expected, found }) => [table, column, expected ?? '(none)', found ?? '(none)']);
  print(formatTable([['table', 'column', 'expected', 'found'], ...rows]));
  if (differences.length > SHOWN) print(`… and ${differences.length - SHOWN} more (--json prints all)`);
}
