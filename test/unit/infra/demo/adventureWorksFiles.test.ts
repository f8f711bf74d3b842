import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readAdventureWorks } from '#infra/demo/adventureworks/load.ts';
import { parseFile } from '#infra/demo/adventureworks/parseFile.ts';
import { DATA_FILES, type DataFile } from '#infra/demo/adventureworks/tables.ts';

const file = (name: string): DataFile => {
  const found = DATA_FILES.find((entry) => entry.file === name);
  if (!found) throw new Error(`no data file ${name}`);
  return found;
};
const GUID = '694215B7-08F7-4C0D-ACB1-D734BA44C0C8';
const INVENTORY = `1\t7\tA\t1\t408\t${GUID}\t2025-08-07 00:00:00.000`;

describe('reading the AdventureWorks files', () => {
  it('takes each field as its type, padding and money digits kept', () => {
    const text = `en    \tEnglish\t2019-04-30 00:00:00.000\n      \tInvariant\t2019-04-30 00:00:00.000\n`;
    expect(parseFile(file('Culture'), text)).toEqual([
      { CultureID: 'en    ', Name: 'English', ModifiedDate: '2019-04-30T00:00:00.000' },
      { CultureID: '      ', Name: 'Invariant', ModifiedDate: '2019-04-30T00:00:00.000' },
    ]);
    const [location] = parseFile(file('Location'), '10\tFrame Forming\t22.5000\t.00\t2019-04-30 00:00:00.000\n');
    expect(location).toMatchObject({ LocationID: 10, CostRate: '22.5000', Availability: '0.00' });
  });

  it('gives NULL for an empty field that may be NULL, and refuses one that may not', () => {
    const row = `707\t2022-05-30 00:00:00.000\t\t33.6442\t2023-05-29 00:00:00.000`;
    expect(parseFile(file('ProductListPriceHistory'), row)[0]).toMatchObject({ EndDate: null, ListPrice: '33.6442' });
    expect(() => parseFile(file('Location'), '10\t\t22.5000\t.00\t2019-04-30 00:00:00.000')).toThrow(
      'Location.csv line 1, column Name: expected nvarchar(50), never empty, found ""',
    );
  });

  it('reads records that end with marks and hold line breaks', () => {
    const text = `7+|HL Frame+|+|<root>\r\n  a & b\n</root>+|${GUID}+|2024-04-29 00:00:00.000&|\r\n8+|Cap+|+|+|${GUID}+|2024-04-29 00:00:00.000&|\n`;
    const rows = parseFile(file('ProductModel'), text);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ CatalogDescription: null, Instructions: '<root>\r\n  a & b\n</root>' });
    expect(rows[1]).toMatchObject({ ProductModelID: 8, Name: 'Cap' });
  });

  it('joins the lines of a comment that holds line breaks', () => {
    const text = `1\t709\tJohn\t2024-09-17 00:00:00.000\tj@example.com\t5\tFirst\nsecond\n\nlast\t2024-09-17 00:00:00.000\n`;
    expect(parseFile(file('ProductReview'), text)[0]).toMatchObject({ Comments: 'First\nsecond\n\nlast', Rating: 5 });
  });

  it.each([
    ['Bin', INVENTORY.replace('\t1\t408', '\t256\t408'), 'tinyint from 0 to 255, found "256"'],
    ['Quantity', INVENTORY.replace('408', '4O8'), 'smallint from -32768 to 32767, found "4O8"'],
    ['rowguid', INVENTORY.replace(GUID, 'x'), 'a uniqueidentifier, found "x"'],
    ['ModifiedDate', INVENTORY.replace('2025-08-07', '2025-02-30'), 'datetime such as'],
    ['Shelf', INVENTORY.replace('\tA\t', '\tABCDEFGHIJK\t'), 'at most 10 characters'],
  ])('names line, column, expected and found when %s is wrong', (column, text, expected) => {
    const bad = (): unknown => parseFile(file('ProductInventory'), `${INVENTORY}\n${text}\n`);
    expect(bad).toThrow(`ProductInventory.csv line 2, column ${column}: expected ${expected}`);
  });

  it('refuses a record with a field too few or too many', () => {
    expect(() => parseFile(file('ProductInventory'), `${INVENTORY}\textra`)).toThrow(
      'expected 7 fields, found "8 fields"',
    );
    expect(() => parseFile(file('Culture'), 'en    \tEnglish')).toThrow('expected 3 fields, found "2 fields"');
    expect(() => parseFile(file('ProductModel'), '7+|HL')).toThrow(
      'line 1, column ProductModelID: expected a record that ends with &|',
    );
  });

  describe('from a folder', () => {
    let folder = '';
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('names the file that is missing, and the line that is not UTF-8', async () => {
      folder = await mkdtemp(join(tmpdir(), 'demo-data-'));
      await expect(readAdventureWorks(folder)).rejects.toMatchObject({ code: 'DEMO_DATA_MISSING' });
      await expect(readAdventureWorks(folder)).rejects.toThrow('UnitMeasure.csv');
      const line = 'BOX\tBoxes\t2019-04-30 00:00:00.000\n';
      await writeFile(join(folder, 'UnitMeasure.csv'), Buffer.concat([Buffer.from(line), Buffer.from([0xff, 0x0a])]));
      await expect(readAdventureWorks(folder)).rejects.toThrow('UnitMeasure.csv line 2: expected UTF-8 text');
    });
  });
});

/** The real files lie beside the working tree on some machines; the suite does not need them. */
const REAL = new URL('../../../../../shared/data/adventureworks/', import.meta.url);
const realFiles = await readFile(new URL('Product.csv', REAL)).catch(() => null);

describe.skipIf(realFiles === null)('the published AdventureWorks files', () => {
  it('are read whole: 504 products, 128 models, 1,069 stock rows, 762 descriptions, 4 reviews', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'demo-data-'));
    await cp(REAL, folder, { recursive: true });
    const rows = new Map((await readAdventureWorks(folder)).map(([entry, parsed]) => [entry.file, parsed]));
    await rm(folder, { recursive: true, force: true });
    const counts = [
      'Product',
      'ProductModel',
      'ProductInventory',
      'ProductDescription',
      'ProductReview',
      'SpecialOfferProduct',
    ];
    expect(counts.map((name) => rows.get(name)?.length)).toEqual([504, 128, 1069, 762, 4, 538]);
    expect(rows.get('Product')?.at(-1)).toMatchObject({
      ProductID: 999,
      ListPrice: '539.9900',
      Size: '52',
      Weight: '20.42',
    });
  });
});
