import type { Expr, TypeRef } from './ast.ts';
import { converter } from './convert.ts';
import { sqlError, unsupported } from './errors.ts';
import type { Compiled } from './exprTypes.ts';
import { parseType } from './parseNames.ts';
import { TokenStream } from './tokenStream.ts';
import { typeName } from './typeNames.ts';
import { MAX, nvarchar, type SqlType } from './values.ts';
import { parseXml, textOf, type XmlElement } from './xml.ts';
import { evaluateXPath, isSingleton, parseXPath } from './xquery.ts';

/** A column that nodes() gives: each value is one element as text, and only xml methods may use it (493). */
export const XML_NODE: SqlType = { k: 'xml', node: true };

export function isXmlNode(type: SqlType): boolean {
  return type.k === 'xml' && type.node === true;
}

/** Types that value() does not give; the binary ones would need XQuery's own casts. */
const NO_RESULT: ReadonlySet<string> = new Set([
  'xml',
  'sql_variant',
  'text',
  'ntext',
  'image',
  'rowversion',
  'binary',
  'varbinary',
]);

/** `target.value('path', 'type')`: the one node the path finds, as that type; NULL for none. */
export function xmlValue(target: Compiled, e: Extract<Expr, { k: 'xmlValue' }>): Compiled {
  requireXml(target, e.line);
  const path = parseXPath(e.path, e.line);
  if (!isSingleton(path)) throw sqlError(2389).at(e.line);
  if (e.type.k !== 'system') throw sqlError(9500, e.typeText, 'value').at(e.line);
  const { type } = e.type;
  if (NO_RESULT.has(type.k)) throw unsupported(`The xml method value() with type ${type.k}`, e.line);
  const convert = converter(nvarchar(MAX), type);
  const context = contextReader(target.type, path.absolute, e.line);
  return {
    type,
    nullable: true,
    eval: (f) => {
      const text = target.eval(f);
      if (text === null) return null;
      const [found] = evaluateXPath(path, context(text as string));
      return found === undefined ? null : convert(textOf(found));
    },
  };
}

/** The type that the second argument of value() names. */
export function parseValueType(text: string): TypeRef {
  const ts = new TokenStream(text);
  const type = parseType(ts, 'cast');
  if (!ts.atEnd) throw ts.error();
  return type;
}

export function requireXml(target: Compiled, line: number): void {
  if (target.type.k !== 'xml') throw sqlError(258, typeName(target.type)).at(line);
}

/**
 * Where a path starts: at a nameless element around the document's top nodes, or at the one element that a node column holds. The last text
 * is kept, for a row's columns come from one node one after the other.
 */
export function contextReader(type: SqlType, absolute: boolean, line: number): (text: string) => XmlElement {
  const isNode = isXmlNode(type);
  if (isNode && absolute) throw unsupported('An absolute XQuery path from a node', line);
  return (text) => {
    const root = parsed(text);
    return isNode ? (root.children[0] as XmlElement) : root;
  };
}

let lastText: string | undefined;
let lastRoot: XmlElement = { name: '', attributes: new Map(), children: [] };

function parsed(text: string): XmlElement {
  if (text !== lastText) {
    lastRoot = { name: '', attributes: new Map(), children: parseXml(text) };
    lastText = text;
  }
  return lastRoot;
}
