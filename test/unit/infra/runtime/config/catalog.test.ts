import { describe, expect, it } from 'vitest';
import { defineDocument } from '#infra/runtime/config/catalog.ts';
import { documentDefinitionSchema } from '#infra/runtime/config/catalogSchema.ts';
import { defineOrders } from '#infra/runtime/config/orders.ts';
import { defineStock } from '#infra/runtime/config/stock.ts';

interface Tables {
  'dbo.PRODUCT': { PROD_CODE: string; DEPT_CODE: string | null; PRICE1: string };
  'dbo.DEPT': { DEPT_CODE: string; DEPT_NAME: string; GROUP_NO: number };
  'dbo.DEPT_GROUP': { GROUP_NO: number; TITLE: string };
  'dbo.STOCK': { PROD_CODE: string; BRANCH_NO: number; QTY: number };
}

const product = defineDocument<Tables>()({
  type: 'product',
  version: 1,
  root: 'dbo.PRODUCT',
  joins: {
    dept: { table: 'dbo.DEPT', on: { DEPT_CODE: 'DEPT_CODE' } },
    group: { table: 'dbo.DEPT_GROUP', from: 'dept', on: { GROUP_NO: 'GROUP_NO' } },
    stock: { table: 'dbo.STOCK', on: { PROD_CODE: 'PROD_CODE' }, many: true },
  },
  id: (row) => row.PROD_CODE.trim(),
  filter: ({ root }) => root.PRICE1 !== '0.0000',
  project: ({ root, dept, group, stock }) => ({
    sku: root.PROD_CODE,
    department: dept?.DEPT_NAME ?? null,
    group: group?.TITLE ?? null,
    pieces: stock.reduce((sum, row) => sum + row.QTY, 0),
  }),
  mapping: { sku: { type: 'keyword' }, department: { type: 'text', fields: { raw: { type: 'keyword' } } } },
  search: { text: { department: 1 }, facets: { department: { field: 'department.raw' } } },
});

describe('defineDocument', () => {
  it('gives the projection its typed rows', () => {
    const document: { sku: string; department: string | null; pieces: number } = product.project({
      root: { PROD_CODE: 'A1', PRICE1: '1.0000', DEPT_CODE: 'D' },
      dept: null,
      group: null,
      stock: [{ QTY: 2 }, { QTY: 3 }],
    });
    expect(document.pieces).toBe(5);
  });

  it('refuses unknown tables and columns at compile time', () => {
    const base = { type: 'x', version: 1, mapping: {}, id: () => 'x', project: () => ({}) } as const;
    // @ts-expect-error there is no such table
    defineDocument<Tables>()({ ...base, root: 'dbo.NOPE' });
    const root = 'dbo.PRODUCT';
    // @ts-expect-error there is no such joined table
    defineDocument<Tables>()({ ...base, root, joins: { d: { table: 'dbo.NOPE', on: {} } } });
    // @ts-expect-error the joined table has no such column
    defineDocument<Tables>()({ ...base, root, joins: { d: { table: 'dbo.DEPT', on: { NOPE: 'DEPT_CODE' } } } });
    // @ts-expect-error the parent table has no such column
    defineDocument<Tables>()({ ...base, root, joins: { d: { table: 'dbo.DEPT', on: { DEPT_CODE: 'NOPE' } } } });
    // @ts-expect-error the row has no such column
    defineDocument<Tables>()({ ...base, root, project: (rows) => ({ a: rows.root.NOPE }) });
    // @ts-expect-error the row has no such column
    defineStock<Tables>()({ table: 'dbo.STOCK', project: (row) => ({ sku: row.NOPE }) });
    // @ts-expect-error there is no such table
    defineOrders<Tables>()({ table: 'dbo.NOPE', project: () => null });
    expect(true).toBe(true);
  });
});

describe('documentDefinitionSchema', () => {
  const faults = (change: object): string[] => {
    const result = documentDefinitionSchema.safeParse({ ...product, ...change });
    return result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  };

  it('accepts what defineDocument returns', () => {
    expect(faults({})).toEqual([]);
  });

  it('names joins that lead nowhere or in circles', () => {
    const on = { A: 'B' };
    expect(faults({ joins: { a: { table: 'dbo.A', from: 'nope', on } } })).toEqual([
      'joins.a.from: there is no join named nope',
    ]);
    expect(
      faults({ joins: { a: { table: 'dbo.A', from: 'b', on }, b: { table: 'dbo.B', from: 'a', on } } }),
    ).toHaveLength(2);
  });

  it('names searched fields that are not mapped', () => {
    expect(faults({ search: { text: { nope: 1 } } })).toEqual(['search.text.nope: field nope is not in the mapping']);
  });

  it('keeps the names of its own fields free', () => {
    expect(faults({ mapping: { deleted: { type: 'boolean' }, department: { fields: { raw: {} } } } })[0]).toMatch(
      /^mapping.deleted/,
    );
  });
});
