/** JSON_VALUE, JSON_QUERY, ISJSON, JSON_MODIFY and the rows of OPENJSON. */
import { converter } from './convert.ts';
import { familyOf } from './convertRules.ts';
import { numberText } from './convertText.ts';
import { SqlError, sqlError } from './errors.ts';
import { coerce, pure } from './exprMake.ts';
import type { Compiled, Frame } from './exprTypes.ts';
import type { BuiltinTable } from './functions.ts';
import { escapeJson, findNode, type JsonNode, type JsonPath, parseJson, parsePath, scalarText } from './json.ts';
import { INT, MAX, nvarchar, type SqlType, type SqlValue } from './values.ts';

/**
 * The type of functions that return JSON. FOR JSON tells such columns by this very object, and puts their text in as it is instead of quoting
 * it, as the product does for JSON_QUERY and nested FOR JSON.
 */
export const JSON_TEXT = nvarchar(MAX);

function textOf(c: Compiled): Compiled {
  return coerce(c, JSON_TEXT);
}

/** The last text parsed: one row's columns are often read one after the other from the same text. */
let lastText = '';
let lastRoot: JsonNode | undefined;

function parsed(text: string): JsonNode {
  if (lastRoot === undefined || text !== lastText) {
    lastRoot = parseJson(text);
    lastText = text;
  }
  return lastRoot;
}

function missing(path: JsonPath, number: number): null {
  if (path.strict) throw sqlError(number);
  return null;
}

/** The value of a scalar at a path as nvarchar(4000); objects, arrays and longer texts are NULL in lax mode. */
function jsonValue(text: string, path: JsonPath): string | null {
  const node = findNode(parsed(text), path);
  if (!node) return missing(path, 13_608);
  const s = scalarText(node);
  if (s === undefined) return missing(path, 13_623);
  if (s !== null && s.length > 4000) return missing(path, 13_625);
  return s;
}

/** The object or array at a path, as it stands in the text. */
function jsonQuery(text: string, path: JsonPath): string | null {
  const node = findNode(parsed(text), path);
  if (!node) return missing(path, 13_608);
  if (node.k !== 'object' && node.k !== 'array') return missing(path, 13_624);
  return text.slice(node.start, node.end);
}

function pathFunction(
  type: SqlType,
  args: readonly Compiled[],
  run: (text: string, path: JsonPath) => string | null,
): Compiled {
  const [a, p] = args;
  const json = textOf(a!);
  const path = p ? textOf(p) : undefined;
  return pure(type, true, args, (f) => {
    const text = json.eval(f);
    const q = path ? path.eval(f) : '$';
    return text === null || q === null ? null : run(text as string, parsePath(q as string));
  });
}

function isJson(a: Compiled): Compiled {
  const json = textOf(a);
  return pure(INT, true, [a], (f) => {
    const text = json.eval(f);
    if (text === null) return null;
    try {
      const root = parsed(text as string);
      return root.k === 'object' || root.k === 'array' ? 1 : 0;
    } catch (error) {
      if (error instanceof SqlError) return 0;
      throw error;
    }
  });
}

/** JSON_MODIFY(json, path, value): a NULL value removes a key in lax mode. */
function jsonModify(args: readonly Compiled[]): Compiled {
  const [a, p, v] = args as [Compiled, Compiled, Compiled];
  const json = textOf(a);
  const path = textOf(p);
  return pure(JSON_TEXT, true, args, (f: Frame) => {
    const text = json.eval(f);
    const q = path.eval(f);
    if (text === null || q === null) return null;
    return modify(text as string, parsePath(q as string), literalOf(v.eval(f), v.type));
  });
}

/** A SQL value as JSON: numbers bare, bits as words, the rest quoted. Undefined for NULL. */
export function literalOf(v: SqlValue, type: SqlType): string | undefined {
  if (v === null) return undefined;
  if (type.k === 'bit') return v === 0 ? 'false' : 'true';
  if (familyOf(type) === 'number')
    return type.k === 'money' || type.k === 'smallmoney' ? numberText(v, type, 2) : numberText(v, type, 126);
  return `"${escapeJson(String(converter(type, JSON_TEXT, { style: 126 })(v)))}"`;
}

function modify(text: string, path: JsonPath, value: string | undefined): string {
  const root = parsed(text);
  const last = path.steps.at(-1);
  if (last === undefined) throw sqlError(13_607, '$', 0);
  const parent = findNode(root, { ...path, steps: path.steps.slice(0, -1) });
  const node = findNode(root, path);
  if (path.append) {
    if (node?.k !== 'array') return missing(path, 13_608) ?? text;
    const comma = node.items.length > 0 ? ',' : '';
    return `${text.slice(0, node.end - 1)}${comma}${value ?? 'null'}${text.slice(node.end - 1)}`;
  }
  if (node) {
    if (value !== undefined || path.strict || typeof last === 'number')
      return text.slice(0, node.start) + (value ?? 'null') + text.slice(node.end);
    return removeMember(text, parent, node);
  }
  if (parent?.k !== 'object' || typeof last !== 'string') return missing(path, 13_608) ?? text;
  if (path.strict) throw sqlError(13_608);
  if (value === undefined) return text;
  const comma = parent.members.length > 0 ? ',' : '';
  return `${text.slice(0, parent.end - 1)}${comma}"${escapeJson(last)}":${value}${text.slice(parent.end - 1)}`;
}

function removeMember(text: string, parent: JsonNode | undefined, node: JsonNode): string {
  if (parent?.k !== 'object') return text;
  const kept = parent.members
    .filter((m) => m.value !== node)
    .map((m) => `"${escapeJson(m.key)}":${text.slice(m.value.start, m.value.end)}`);
  return `${text.slice(0, parent.start)}{${kept.join(',')}}${text.slice(parent.end)}`;
}

export const JSON_FUNCTIONS: BuiltinTable = {
  JSON_VALUE: { min: 2, max: 2, compile: (args) => pathFunction(nvarchar(4000), args, jsonValue) },
  JSON_QUERY: { min: 1, max: 2, compile: (args) => pathFunction(JSON_TEXT, args, jsonQuery) },
  ISJSON: { min: 1, max: 1, compile: ([a]) => isJson(a!) },
  JSON_MODIFY: { min: 3, max: 3, compile: jsonModify },
};

/** Types of OPENJSON's type column. */
const TYPE_NUMBERS: Readonly<Record<JsonNode['k'], number>> = {
  null: 0,
  string: 1,
  number: 2,
  true: 3,
  false: 3,
  array: 4,
  object: 5,
};

/** Rows (key, value, type) of OPENJSON without WITH; `path` is the second argument, null when absent. */
export function openJsonRows(text: string, path: string | null): SqlValue[][] {
  const node = openNode(text, path);
  if (!node) return [];
  const row = (key: string, value: JsonNode): SqlValue[] => {
    const s = scalarText(value);
    return [key, s === undefined ? text.slice(value.start, value.end) : s, TYPE_NUMBERS[value.k]];
  };
  if (node.k === 'array') return node.items.map((item, i) => row(String(i), item));
  return node.k === 'object' ? node.members.map((m) => row(m.key, m.value)) : [];
}

/** The node whose members are the rows; undefined for none in lax mode. */
function openNode(text: string, path: string | null): JsonNode | undefined {
  const p = parsePath(path ?? '$');
  const node = findNode(parseJson(text), p);
  if (!node && p.strict) throw sqlError(13_608);
  return node;
}

/** A column of OPENJSON … WITH, its type resolved. */
export interface JsonColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly path?: string | undefined;
  readonly asJson: boolean;
}

/**
 * Prepares OPENJSON … WITH: the returned function gives the rows of one text, an array's items or the single object.
 * Values are converted as CAST does from their JSON text, so decimals keep every digit.
 */
export function openJsonReader(columns: readonly JsonColumn[]): (text: string, path: string | null) => SqlValue[][] {
  const readers = columns.map(columnReader);
  return (text, path) => {
    const node = openNode(text, path);
    if (!node) return [];
    const items = node.k === 'array' ? node.items : node.k === 'object' ? [node] : [];
    return items.map((item) => readers.map((read) => read(text, item)));
  };
}

function columnReader(column: JsonColumn): (text: string, item: JsonNode) => SqlValue {
  const path = parsePath(column.path ?? `$."${escapeJson(column.name).replaceAll('\\/', '/')}"`);
  const [only] = path.steps;
  const simple = path.steps.length === 1 && typeof only === 'string' ? only : undefined;
  const convertText = converter(JSON_TEXT, column.type);
  return (text, item) => {
    const node =
      simple !== undefined && item.k === 'object'
        ? item.members.find((m) => m.key === simple)?.value
        : findNode(item, path);
    if (!node) return missing(path, 13_608);
    if (column.asJson) {
      if (node.k === 'object' || node.k === 'array') return text.slice(node.start, node.end);
      return node.k === 'null' ? null : missing(path, 13_624);
    }
    const s = scalarText(node);
    return s === undefined ? missing(path, 13_624) : convertText(s);
  };
}
