import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { bulkLoad, type LoadOptions, type LoadRow } from '../bulkLoad.ts';
import { generateCustomers } from '../epos/generatePeople.ts';
import type { SqlExecutor } from '../sqlExecutor.ts';
import { parseFile } from './parseFile.ts';
import { DATA_FILES, type DataFile } from './tables.ts';

/** The files bring products only; orders need somebody to order. */
const CUSTOMERS = { seed: 1998, count: 200 };

/** Reads every data file of the folder. All are read and checked before the first row is loaded. */
export async function readAdventureWorks(dir: string): Promise<readonly (readonly [DataFile, LoadRow[]])[]> {
  const parsed: [DataFile, LoadRow[]][] = [];
  for (const file of DATA_FILES) parsed.push([file, parseFile(file, await readText(dir, file))]);
  return parsed;
}

/** Loads the files into an empty AdventureWorks database, and some invented customers. Returns the number of rows per table. */
export async function loadAdventureWorks(
  executor: SqlExecutor,
  options: LoadOptions & { readonly dir: string },
): Promise<Readonly<Record<string, number>>> {
  const loaded: Record<string, number> = {};
  for (const [file, rows] of await readAdventureWorks(options.dir)) {
    const columns = Object.fromEntries(file.columns.map((column) => [column.name, column.type]));
    await bulkLoad(executor, { name: file.table, columns }, rows, options);
    loaded[file.table] = rows.length;
  }
  await bulkLoad(executor, CUSTOMER_TABLE, customerRows(), options);
  loaded[CUSTOMER_TABLE.name] = CUSTOMERS.count;
  return loaded;
}

const CUSTOMER_TABLE = {
  name: 'Sales.Customer',
  identityInsert: true,
  columns: {
    CustomerID: 'int',
    FullName: 'nvarchar(101)',
    EmailAddress: 'nvarchar(80)',
    AddressLine1: 'nvarchar(60)',
    City: 'nvarchar(30)',
    PostalCode: 'nvarchar(15)',
  },
};

function customerRows(): LoadRow[] {
  return generateCustomers(CUSTOMERS.seed, CUSTOMERS.count).map((customer) => ({
    CustomerID: customer.CUST_NO,
    FullName: customer.CUST_NAME,
    EmailAddress: customer.EMAIL,
    AddressLine1: customer.ADDR1,
    City: customer.TOWN.slice(0, 30),
    PostalCode: customer.POSTCODE,
  }));
}

async function readText(dir: string, file: DataFile): Promise<string> {
  const path = join(dir, `${file.file}.csv`);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new SluiceError('DEMO_DATA_MISSING', `The data file ${file.file}.csv cannot be read in ${dir}.`, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const line = firstBadLine(bytes);
    const message = `${file.file}.csv line ${line}: expected UTF-8 text, found bytes that are not.`;
    throw new SluiceError('DEMO_DATA_INVALID', message, { cause, context: { file: `${file.file}.csv`, line } });
  }
}

/** The line (from 1) of the first byte that is not UTF-8. */
function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline < 0 ? bytes.length : newline + 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, end));
    } catch {
      return line;
    }
    from = end;
  }
  return line;
}
