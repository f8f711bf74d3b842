import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseFile } from '#infra/demo/adventureworks/parseFile.ts';
import { product } from '#infra/demo/adventureworks/sluice.config.ts';
import { DATA_FILES } from '#infra/demo/adventureworks/tables.ts';
import type { ShopDocument } from '#infra/demo/document.ts';
import type { JudgedProduct } from './judgement.ts';

const FOLDER = fileURLToPath(new URL('../../../../shared/data/adventureworks', import.meta.url));

/** The sample database's data files are beside the repository or nowhere. */
export const HAS_ADVENTURE_WORKS = existsSync(FOLDER);

type Row = Readonly<Record<string, unknown>>;

function rowsOf(file: string): Row[] {
  const found = DATA_FILES.find((entry) => entry.file === file)!;
  return parseFile(found, readFileSync(`${FOLDER}/${file}.csv`, 'utf8')) as Row[];
}

/** The documents that the demo's own configuration makes of the data files, joined here without a pipeline. */
export function adventureWorksDocuments(): Map<string, ShopDocument> {
  const by = (file: string, column: string): Map<unknown, Row> =>
    new Map(rowsOf(file).map((row) => [row[column], row]));
  const [subcategories, categories] = [
    by('ProductSubcategory', 'ProductSubcategoryID'),
    by('ProductCategory', 'ProductCategoryID'),
  ];
  const [models, descriptions] = [
    by('ProductModel', 'ProductModelID'),
    by('ProductDescription', 'ProductDescriptionID'),
  ];
  const links = rowsOf('ProductModelProductDescriptionCulture');
  return new Map(
    rowsOf('Product').map((root) => {
      const subcategory = subcategories.get(root['ProductSubcategoryID']) ?? null;
      const cultures = links.filter((row) => row['ProductModelID'] === root['ProductModelID']);
      const rows = {
        root: captured(root),
        subcategory,
        category: categories.get(subcategory?.['ProductCategoryID']) ?? null,
        model: models.get(root['ProductModelID']) ?? null,
        cultures,
        descriptions: cultures.map((row) => descriptions.get(row['ProductDescriptionID'])!),
      };
      return [String(root['ProductID']), product.project(rows as never) as ShopDocument];
    }),
  );
}

/** The rows the documents are made of, by table, with their key columns. */
export function adventureWorksRows(): Record<
  string,
  { readonly key: readonly string[]; readonly rows: readonly Row[] }
> {
  const table = (file: string, ...key: string[]) => [`Production.${file}`, { key, rows: rowsOf(file).map(captured) }];
  return Object.fromEntries([
    table('Product', 'ProductID'),
    table('ProductSubcategory', 'ProductSubcategoryID'),
    table('ProductCategory', 'ProductCategoryID'),
    table('ProductModel', 'ProductModelID'),
    table('ProductModelProductDescriptionCulture', 'ProductModelID', 'ProductDescriptionID', 'CultureID'),
    table('ProductDescription', 'ProductDescriptionID'),
  ]);
}

/** A row of the file as capture delivers it: money as text, dates as milliseconds. */
function captured(row: Row): Row {
  const dates = ['SellStartDate', 'SellEndDate', 'DiscontinuedDate', 'ModifiedDate'];
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (value !== null && dates.includes(name))
        return [name, BigInt(Date.parse(`${String(value).replace(' ', 'T')}Z`))];
      return [name, name === 'ListPrice' ? String(value) : value];
    }),
  );
}

/** `name|subcategory|number|colour`, as the judgements read them. */
export function judgedLines(documents: ReadonlyMap<string, ShopDocument>): JudgedProduct[] {
  return [...documents].map(([id, { name, subcategory, barcode, colour }]) => {
    return { id, line: `${name}|${subcategory ?? '-'}|${barcode ?? ''}|${colour ?? ''}` };
  });
}
