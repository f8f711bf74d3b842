import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caughtError, readAnswer, writeAnswer } from '#connectors/commands/gateways/procedureAnswer.ts';
import { ownParameters, tableXml } from '#connectors/commands/gateways/sqlParameters.ts';
import { toSqlError } from '#connectors/sqlserver/sqlErrors.ts';
import { parseXml, type XmlElement } from '#infra/standin/sql/xml.ts';

const raised = (message: string, number = 50_000): unknown =>
  toSqlError(Object.assign(new Error(message), { number, code: 'EREQUEST' }), 'server/database');

describe('an error that a procedure caught', () => {
  it.each([
    [1205, 'SQL_DEADLOCK'],
    [1222, 'SQL_LOCK_TIMEOUT'],
    [229, 'SQL_PERMISSION_DENIED'],
    [547, 'SQL_REQUEST_FAILED'],
  ])('is error %i again, which is %s', (number, code) => {
    const error = caughtError(raised(`{"error":${number},"line":57}`));
    expect(error).toMatchObject({ code, context: { sqlErrorNumber: number } });
  });

  it('stays what it was when it was raised by something else', () => {
    const others = [
      raised('{"error":1205,"line":1}', 50_001),
      raised('Please retry'),
      raised('x', 1205),
      new Error('x'),
      null,
    ];
    for (const other of others) expect(caughtError(other)).toBe(other);
  });
});

describe('the row a procedure answers', () => {
  const row = { CommandId: 'ABC', Result: '{}', Replayed: false, Refusal: null };

  it('is read in the spelling of the API', () => {
    expect(writeAnswer(row, 'p')).toEqual({ commandId: 'abc', result: '{}', replayed: false, refusal: undefined });
    expect(writeAnswer({ ...row, CommandId: null, Refusal: 50_423 }, 'p')).toMatchObject({
      commandId: undefined,
      refusal: 50_423,
    });
    expect(readAnswer({ Result: '[]', Refusal: null }, 'p')).toEqual({ result: '[]', refusal: undefined });
  });

  it.each([[undefined], [{}], [{ ...row, Refusal: undefined }], [{ ...row, Replayed: 1 }], [{ ...row, Result: null }]])(
    'is refused when it is not the one of infra/sql: %j',
    (other) => {
      expect(() => writeAnswer(other, 'storefront.X')).toThrow('storefront.X should answer one row');
    },
  );
});

describe('a table for a server of 2005', () => {
  const table = {
    typeName: 'storefront.Skus',
    columns: [
      { name: 'LINE_NO', type: 'smallint' },
      { name: 'SKU', type: 'varchar', length: 20 },
    ],
  } as const;

  it('goes as XML that reads back as it was, whatever the texts hold', () => {
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), text), { maxLength: 20 }), (rows) => {
        const [root] = parseXml(tableXml({ ...table, rows })) as XmlElement[];
        const read = root!.children.map((row) => [...(row as XmlElement).attributes.entries()]);
        expect(read).toEqual(
          rows.map(([no, sku]) => [
            ['LINE_NO', String(no)],
            ['SKU', sku],
          ]),
        );
      }),
    );
  });

  it('leaves nulls out', () => {
    expect(tableXml({ ...table, rows: [[1, null]] })).toBe('<rows><row LINE_NO="1"/></rows>');
  });

  it('is a table-valued parameter for later ones', () => {
    const parameter = { name: 'Skus', type: 'table', value: { ...table, rows: [[1, 'A']] } } as const;
    expect(typeof ownParameters([parameter], 'sqlserver2005')['Skus']?.value).toBe('string');
    expect(ownParameters([parameter], 'sqlserver2008')['Skus']?.value).toMatchObject({ path: '[storefront].[Skus]' });
  });
});
