import { loadTables } from '#connectors/capture/tables.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { generateTypes } from '#schemas/generate.ts';
import { shapeOf } from './tableEncoder.ts';

export interface RowTypesOptions {
  /** Database the tables are in. */
  readonly database: string;
  readonly tables: readonly string[];
  readonly topicPrefix: string;
  /** First part of the names of the two maps: `Epos` gives EposTables and EposKeys. */
  readonly group: string;
}

/** TypeScript types of the rows of a live source: what its records will decode to. The text of a file in schemas/generated. */
export async function rowTypesOf(db: Database, options: RowTypesOptions, signal: AbortSignal): Promise<string> {
  const tables = await loadTables(db, options.database, options.tables, null, signal);
  return generateTypes(
    options.group,
    tables.map((table) => {
      const shape = shapeOf(table);
      return {
        table: table.id,
        key: keySchema(options.topicPrefix, shape),
        value: envelopeSchema(options.topicPrefix, shape),
      };
    }),
  );
}
