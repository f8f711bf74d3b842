import type { Expr } from './ast.ts';
import type { XmlNodes } from './astSources.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseValueType } from './exprXml.ts';
import type { TokenStream } from './tokenStream.ts';

/** Methods of xml; their names are case-sensitive. value() is built, nodes() too, as a source. */
export const XML_METHODS: ReadonlySet<string> = new Set(['value', 'nodes', 'query', 'exist', 'modify']);

/** What follows `target.method`: the argument list of value(). */
export function parseXmlMethod(ts: TokenStream, target: Expr, method: string, line: number): Expr {
  if (method !== 'value') throw unsupported(`The xml method ${method}()`, line);
  ts.need('(');
  const path = literal(ts, 1, method);
  ts.need(',');
  const typeText = literal(ts, 2, method);
  ts.need(')');
  return { k: 'xmlValue', target, path, type: parseValueType(typeText), typeText, line };
}

/** What follows `target.nodes`: `('path') AS alias(column)`, all of it needed. */
export function parseXmlNodes(ts: TokenStream, target: Expr, line: number): XmlNodes {
  ts.need('(');
  const path = literal(ts, 1, 'nodes');
  ts.need(')');
  ts.eat('AS');
  const alias = ts.name();
  ts.need('(');
  const column = ts.name();
  ts.need(')');
  return { k: 'xmlNodes', target, path, alias, column, line };
}

function literal(ts: TokenStream, position: number, method: string): string {
  const t = ts.cur;
  if (t.kind !== 'string' && t.kind !== 'nstring') throw sqlError(8172, position, method).at(t.line);
  return ts.string();
}
