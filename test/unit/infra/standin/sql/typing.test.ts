import { describe, expect, it } from 'vitest';
import type { ArithmeticOp } from '#infra/standin/sql/ast.ts';
import { parseBatch } from '#infra/standin/sql/parser.ts';
import { printType } from '#infra/standin/sql/print.ts';
import { arithmeticType, commonType } from '#infra/standin/sql/typing.ts';
import type { SqlType } from '#infra/standin/sql/values.ts';
import { errorOf, evaluate } from './evaluate.ts';

function type(text: string): SqlType {
  const [statement] = parseBatch(`DECLARE @a ${text}`).statements;
  const item = statement?.k === 'declare' ? statement.items[0] : undefined;
  if (item?.k !== 'scalar' || item.type.k !== 'system') throw new Error(`no type: ${text}`);
  return item.type.type;
}

describe('decimal arithmetic', () => {
  it.each<[string, ArithmeticOp, string, string]>([
    ['decimal(9,2)', '+', 'decimal(9,2)', 'decimal(10,2)'],
    ['decimal(9,2)', '+', 'decimal(5,4)', 'decimal(12,4)'],
    ['decimal(9,2)', '*', 'decimal(9,2)', 'decimal(19,4)'],
    ['decimal(9,2)', '/', 'decimal(9,2)', 'decimal(21,12)'],
    ['decimal(38,10)', '*', 'decimal(38,10)', 'decimal(38,6)'],
    ['decimal(38,2)', '+', 'decimal(38,10)', 'decimal(38,2)'],
    ['decimal(38,20)', '/', 'decimal(38,20)', 'decimal(38,6)'],
    ['decimal(9,2)', '%', 'decimal(5,3)', 'decimal(5,3)'],
    ['decimal(9,2)', '*', 'int', 'decimal(20,2)'],
    ['decimal(9,2)', '+', 'money', 'decimal(20,4)'],
    ['int', '/', 'int', 'int'],
    ['tinyint', '+', 'smallint', 'smallint'],
    ['bigint', '*', 'int', 'bigint'],
    ['money', '*', 'int', 'money'],
    ['float', '+', 'decimal(9,2)', 'float'],
    ['datetime', '+', 'int', 'datetime'],
    ['varchar(10)', '+', 'nvarchar(20)', 'nvarchar(30)'],
    ['char(10)', '+', 'varchar(10)', 'varchar(20)'],
    ['varchar(max)', '+', 'varchar(10)', 'varchar(max)'],
    ['varchar(10)', '+', 'int', 'int'],
    ['varbinary(4)', '+', 'binary(4)', 'varbinary(8)'],
  ])('%s %s %s is %s', (left, op, right, result) => {
    expect(printType(arithmeticType(op, type(left), type(right)))).toBe(result);
  });

  it.each<[string, ArithmeticOp, string, number]>([
    ['date', '+', 'int', 206],
    ['varchar(5)', '-', 'varchar(5)', 8117],
    ['bit', '+', 'bit', 402],
    ['uniqueidentifier', '+', 'int', 402],
    ['float', '&', 'int', 402],
    ['datetime', '*', 'int', 8117],
  ])('%s %s %s is error %d', (left, op, right, number) => {
    expect(errorOf(() => arithmeticType(op, type(left), type(right))).number).toBe(number);
  });

  it('counts a whole-number constant by its digits', () => {
    expect(evaluate('1.0 / 3')).toEqual({ text: '0.333333', type: 'decimal(7,6)' });
    expect(evaluate('2.0 / 3').text).toBe('0.666666');
  });
});

describe('commonType', () => {
  it.each([
    ['int', 'bigint', 'bigint'],
    ['int', 'varchar(10)', 'int'],
    ['varchar(5)', 'nvarchar(3)', 'nvarchar(5)'],
    ['char(5)', 'char(3)', 'char(5)'],
    ['decimal(5,2)', 'decimal(9,4)', 'decimal(9,4)'],
    ['decimal(5,2)', 'int', 'decimal(12,2)'],
    ['money', 'int', 'money'],
    ['money', 'decimal(9,2)', 'decimal(19,4)'],
    ['date', 'datetime', 'datetime'],
    ['datetime', 'datetime2(3)', 'datetime2(3)'],
    ['datetime2(3)', 'datetime2(7)', 'datetime2(7)'],
    ['datetime2(3)', 'datetimeoffset(0)', 'datetimeoffset(3)'],
    ['varchar(10)', 'uniqueidentifier', 'uniqueidentifier'],
    ['binary(4)', 'varbinary(10)', 'varbinary(10)'],
  ])('%s and %s meet in %s, in either order', (a, b, result) => {
    expect(printType(commonType(type(a), type(b)))).toBe(result);
    expect(printType(commonType(type(b), type(a)))).toBe(result);
  });
});

describe('constants', () => {
  it.each([
    ['1', 'int'],
    ['2147483648', 'decimal(10,0)'],
    ['1.50', 'decimal(3,2)'],
    ['.5', 'decimal(1,1)'],
    ['1e3', 'float'],
    ['$1.5', 'money'],
    ["'abc'", 'varchar(3)'],
    ["N'ab'", 'nvarchar(2)'],
    ["''", 'varchar(1)'],
    ['0x0102', 'varbinary(2)'],
    ['NULL', 'int'],
  ])('%s has type %s', (sql, name) => {
    expect(evaluate(sql).type).toBe(name);
  });
});
