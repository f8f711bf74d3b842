import { describe, expect, it } from 'vitest';
import { forJsonWriter } from '#infra/standin/sql/forJson.ts';
import { JSON_TEXT, openJsonReader, openJsonRows } from '#infra/standin/sql/functionsJson.ts';
import { BIT, decimal, INT, MONEY, nvarchar } from '#infra/standin/sql/values.ts';
import { errorOf, evaluate, textOf } from './evaluate.ts';

const DOC = '{"id":7,"name":"O\\"Neil","price":12345678901234567.89,"tags":["a",null,true],"sub":{"x y":1}}';

describe('JSON functions', () => {
  it.each([
    [`JSON_VALUE('${DOC}', '$.id')`, '7'],
    [`JSON_VALUE('${DOC}', '$.name')`, 'O"Neil'],
    [`JSON_VALUE('${DOC}', '$.price')`, '12345678901234567.89'],
    [`JSON_VALUE('${DOC}', '$.tags[2]')`, 'true'],
    [`JSON_VALUE('${DOC}', '$.tags[1]')`, null],
    [`JSON_VALUE('${DOC}', '$.sub."x y"')`, '1'],
    [`JSON_VALUE('${DOC}', '$.none')`, null],
    [`JSON_VALUE('${DOC}', '$.sub')`, null],
    [`JSON_QUERY('${DOC}', '$.sub')`, '{"x y":1}'],
    [`JSON_QUERY('${DOC}', '$.id')`, null],
    ['ISJSON(\'{"a":1}\')', '1'],
    ["ISJSON('{a:1}')", '0'],
    ["ISJSON('5')", '0'],
    ["JSON_MODIFY('{\"a\":1}', '$.a', 2)", '{"a":2}'],
    ["JSON_MODIFY('{\"a\":1}', '$.b', 'x')", '{"a":1,"b":"x"}'],
    ['JSON_MODIFY(\'{"a":1,"b":2}\', \'$.a\', NULL)', '{"b":2}'],
    ["JSON_MODIFY('{\"a\":[1]}', 'append $.a', 2)", '{"a":[1,2]}'],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it.each([
    ["JSON_VALUE('{\"a\":1}', 'strict $.b')", 13_608],
    ["JSON_VALUE('{\"a\":{}}', 'strict $.a')", 13_623],
    ["JSON_QUERY('{\"a\":1}', 'strict $.a')", 13_624],
    ["JSON_VALUE('{a:1}', '$.a')", 13_609],
    ["JSON_VALUE('{\"a\":1}', 'a.b')", 13_607],
  ])('%s is error %d', (sql, number) => {
    expect(errorOf(() => evaluate(sql)).number).toBe(number);
  });
});

describe('OPENJSON', () => {
  it('gives key, value and type of an object, and of an array', () => {
    expect(openJsonRows('{"a":1,"b":"x","c":[1],"d":null,"e":false,"f":{}}', null)).toEqual([
      ['a', '1', 2],
      ['b', 'x', 1],
      ['c', '[1]', 4],
      ['d', null, 0],
      ['e', 'false', 3],
      ['f', '{}', 5],
    ]);
    expect(openJsonRows('{"p":[10,20]}', '$.p')).toEqual([
      ['0', '10', 2],
      ['1', '20', 2],
    ]);
    expect(openJsonRows('{"p":1}', '$.none')).toEqual([]);
  });

  it('reads typed columns exactly', () => {
    const read = openJsonReader([
      { name: 'sku', type: nvarchar(20), asJson: false },
      { name: 'qty', type: INT, path: '$.n.q', asJson: false },
      { name: 'price', type: decimal(38, 10), asJson: false },
      { name: 'flag', type: BIT, asJson: false },
      { name: 'raw', type: nvarchar(-1), path: '$.n', asJson: true },
    ]);
    const text = '[{"sku":"A1","n":{"q":3},"price":1234567890123456789.0123456789,"flag":true},{"sku":null}]';
    expect(read(text, null)).toEqual([
      ['A1', 3, 12345678901234567890123456789n, 1, '{"q":3}'],
      [null, null, null, null, null],
    ]);
  });

  it('raises the conversion error of a value that does not fit', () => {
    const read = openJsonReader([{ name: 'n', type: INT, asJson: false }]);
    expect(errorOf(() => read('[{"n":"x"}]', null)).number).toBe(245);
  });
});

describe('FOR JSON PATH', () => {
  const columns = [
    { name: 'id', type: INT },
    { name: 'who.name', type: nvarchar(20) },
    { name: 'who.sum', type: MONEY },
    { name: 'ok', type: BIT },
    { name: 'more', type: JSON_TEXT, json: true },
  ];
  const options = { includeNulls: false, withoutArrayWrapper: false };

  it('nests dotted names, leaves NULLs out and keeps JSON as it is', () => {
    expect(
      forJsonWriter(
        columns,
        options,
      )([
        [1, 'a/b', 12500n, 1, '{"x":1}'],
        [2, null, null, 0, null],
      ]),
    ).toBe('[{"id":1,"who":{"name":"a\\/b","sum":1.2500},"ok":true,"more":{"x":1}},{"id":2,"ok":false}]');
  });

  it('shows NULLs and the root when asked, and is NULL without rows', () => {
    const write = forJsonWriter([{ name: 'a', type: INT }], { ...options, includeNulls: true, root: 'r' });
    expect(write([[null]])).toBe('{"r":[{"a":null}]}');
    expect(forJsonWriter([{ name: 'a', type: INT }], options)([])).toBeNull();
    expect(errorOf(() => forJsonWriter([{ name: '', type: INT }], options)).number).toBe(13_605);
  });
});
