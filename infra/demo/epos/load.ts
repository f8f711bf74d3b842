import { bulkLoad, type LoadOptions } from '../bulkLoad.ts';
import type { SqlExecutor } from '../sqlExecutor.ts';
import { generateEpos } from './generate.ts';
import { EPOS_TABLES, type EposData } from './rows.ts';

/** Loads the generated data set into an empty EPOS database, in the order of its foreign keys. Returns the number of rows per table. */
export async function loadEpos(
  executor: SqlExecutor,
  options: LoadOptions & { readonly data?: EposData } = {},
): Promise<Readonly<Record<string, number>>> {
  const data = options.data ?? generateEpos();
  const loaded: Record<string, number> = {};
  for (const part of Object.keys(EPOS_TABLES) as (keyof EposData)[]) {
    const table = EPOS_TABLES[part];
    await bulkLoad(executor, table, data[part], options);
    loaded[table.name] = data[part].length;
  }
  return loaded;
}
