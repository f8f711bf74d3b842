import { describe, expect, it } from 'vitest';
import { planDocument } from '#consumers/rows/relations.ts';
import { documentId } from '#consumers/rows/resolve.ts';
import { buildDocument, buildDocuments } from '#test/support/consumers/documentBuilder.ts';
import { POISON_NAME, product } from '#test/support/consumers/shopTables.ts';

const root = {
  CODE: 'A1  ',
  NAME: 'Chair',
  LONG_DESC: null,
  CAT: 'k1 ',
  VAT: 'S',
  PRICE: '12.30',
  SEQ: 5n,
  LIVE: 'Y',
};
const tables = {
  'dbo.PRODUCT': [root],
  'dbo.CATEGORY': [
    { CAT: 'K2', NAME: 'Other', GRP: 2 },
    { CAT: 'K1', NAME: 'Seats', GRP: 1 },
  ],
  'dbo.CAT_GROUP': [{ GRP: 1, TITLE: 'Indoors' }],
  'dbo.BARCODE': [
    { BARCODE: '2', CODE: 'a1' },
    { BARCODE: '1', CODE: 'A1      ' },
    { BARCODE: '3', CODE: 'B' },
  ],
};

describe('a document resolved from its rows', () => {
  it('joins over padded keys and several hops, many rows in a stable order', () => {
    const document = {
      sku: 'A1',
      name: 'Chair',
      description: null,
      category: 'Seats',
      group: 'Indoors',
      barcodes: ['1', '2'],
      priceMinor: 1230,
      seq: 5,
    };
    expect(buildDocument(product, root, tables)).toEqual(document);
    const reversed = { ...tables, 'dbo.BARCODE': [...tables['dbo.BARCODE']].reverse() };
    expect(buildDocument(product, root, reversed)).toEqual(document);
  });

  it('has null for a row that is not there and hides what the filter hides', () => {
    const lonely = { ...root, CAT: null };
    expect(buildDocument(product, lonely, tables)).toMatchObject({ category: null, group: null });
    expect(buildDocument(product, { ...root, LIVE: 'N' }, tables)).toBeNull();
  });

  it('names the document type when the projection fails', () => {
    expect(() => buildDocument(product, { ...root, NAME: POISON_NAME }, tables)).toThrow(
      expect.objectContaining({ code: 'PROJECTION_FAILED', message: expect.stringContaining('product') }),
    );
    const undefinedDocument = { ...product, project: () => undefined as unknown as object };
    expect(() => buildDocument(undefinedDocument, root, tables)).toThrow(/gave no object/);
  });

  it('takes the id from key columns only', () => {
    expect([...buildDocuments(product, tables, ['CODE']).keys()]).toEqual(['A1']);
    const unstable = { ...product, id: (row: Readonly<Record<string, unknown>>) => String(row['NAME']) };
    expect(() => documentId(unstable, { CODE: 'A1' })).toThrow(
      expect.objectContaining({ code: 'CATALOG_ID_UNSTABLE', message: expect.stringContaining('NAME') }),
    );
    const tooLong = { ...product, id: () => 'x'.repeat(513) };
    expect(() => documentId(tooLong, { CODE: 'A1' })).toThrow(/512 bytes/);
  });
});

describe('planDocument', () => {
  it('puts parents before children, however they are written', () => {
    const { category, group } = product.joins;
    const { relations } = planDocument({ ...product, joins: { group: group!, category: category! } });
    expect(relations.map(({ alias, parent }) => [alias, parent])).toEqual([
      ['category', 'root'],
      ['group', 'category'],
    ]);
  });
});
