import { describe, expect, it } from 'vitest';
import { defineDocument } from '#infra/runtime/config/catalog.ts';

/** Wrong names must not compile: each directive below is an error of its own when the line after it does. */

interface Tables {
  'dbo.ITEM': { CODE: string; MAKER: string; MODEL: string; NAME: string };
  'dbo.MODEL': { MAKER_CODE: string; MODEL_NO: string; TITLE: string };
  'dbo.PART': { PART_NO: string; MAKER_CODE: string; MODEL_NO: string };
}
const define = defineDocument<Tables>();
const joins = {
  model: { table: 'dbo.MODEL', on: { MAKER_CODE: 'MAKER', MODEL_NO: 'MODEL' } },
  parts: { table: 'dbo.PART', from: 'model', on: { MAKER_CODE: 'MAKER_CODE', MODEL_NO: 'MODEL_NO' }, many: true },
} as const;
const common = { type: 'item', version: 1, root: 'dbo.ITEM', mapping: {} } as const;

describe('the types of a document definition', () => {
  it('take composite and differently named keys over several hops', () => {
    const item = define({
      ...common,
      joins,
      id: (row) => row.CODE,
      filter: ({ model }) => model !== null,
      project: ({ root, model, parts }) => ({
        name: root.NAME,
        title: model?.TITLE ?? null,
        parts: parts.map(({ PART_NO }) => PART_NO),
      }),
    });
    expect(Object.keys(item.joins)).toEqual(['model', 'parts']);
  });

  it('refuse a name that is not there', () => {
    const named = { id: (row: Tables['dbo.ITEM']) => row.CODE, project: () => ({}) };
    const definitions = [
      () =>
        define({
          ...common,
          // @ts-expect-error id reads a column the root does not have
          id: (row) => row.KODE,
          project: () => ({}),
        }),
      () =>
        define({
          ...common,
          ...named,
          // @ts-expect-error project reads a column the root does not have
          project: ({ root }) => ({ name: root.TITLE }),
        }),
      () =>
        define({
          ...common,
          ...named,
          joins,
          // @ts-expect-error filter reads a column the joined table does not have
          filter: ({ model }) => model?.NAME === 'x',
        }),
      () =>
        define({
          ...common,
          ...named,
          joins,
          // @ts-expect-error project reads a join that is not declared
          project: ({ maker }) => ({ maker }),
        }),
      () =>
        define({
          ...common,
          ...named,
          joins,
          // @ts-expect-error a join of one row may find none
          project: ({ model }) => ({ title: model.TITLE }),
        }),
      () =>
        define({
          ...common,
          ...named,
          joins,
          // @ts-expect-error a join of many rows is a list
          project: ({ parts }) => ({ part: parts.PART_NO }),
        }),
      () =>
        define({
          type: 'item',
          version: 1,
          mapping: {},
          // @ts-expect-error the root is no table
          root: 'dbo.ITEMS',
          id: () => '',
          project: () => ({}),
        }),
      () =>
        define({
          ...common,
          ...named,
          joins: {
            // @ts-expect-error the joined table is none
            m: { table: 'dbo.MODELS', on: { TITLE: 'NAME' } },
          },
        }),
      () =>
        define({
          ...common,
          ...named,
          joins: {
            // @ts-expect-error the joined table has no such column
            m: { table: 'dbo.MODEL', on: { MAKER: 'MAKER' } },
          },
        }),
      () =>
        define({
          ...common,
          ...named,
          joins: {
            // @ts-expect-error the root has no such column
            m: { table: 'dbo.MODEL', on: { MODEL_NO: 'MODEL_NO' } },
          },
        }),
      () =>
        define({
          ...common,
          ...named,
          joins: {
            // @ts-expect-error the join it comes from does not exist
            p: { table: 'dbo.PART', from: 'model', on: { MODEL_NO: 'MODEL_NO' } },
          },
        }),
    ];
    expect(definitions).toHaveLength(11);
  });
});
