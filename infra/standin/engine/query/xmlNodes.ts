import type { XmlNodes } from '../../sql/astSources.ts';
import { unsupported } from '../../sql/errors.ts';
import { compileXmlTarget } from '../../sql/expr.ts';
import { contextReader, requireXml, XML_NODE } from '../../sql/exprXml.ts';
import { printXml } from '../../sql/xml.ts';
import { evaluateXPath, parseXPath } from '../../sql/xquery.ts';
import type { UnboundSource } from './from.ts';
import type { QueryScope } from './scope.ts';
import { rowsAccess, shapeColumns } from './source.ts';

/** The rows of nodes(): one for each element the path finds, in document order; none for NULL. */
export function xmlNodesSource(source: XmlNodes, scope: QueryScope): UnboundSource {
  const target = compileXmlTarget(source.target, scope);
  requireXml(target, source.line);
  const path = parseXPath(source.path, source.line);
  if (path.steps.some((step) => step.k === 'attribute' || step.k === 'text'))
    throw unsupported('nodes() of anything but elements', source.line);
  const context = contextReader(target.type, path.absolute, source.line);
  const access = rowsAccess((f) => {
    const text = target.eval(f);
    return text === null ? [] : evaluateXPath(path, context(text as string)).map((node) => [printXml(node)]);
  }, 50);
  const columns = shapeColumns([{ name: source.column, type: XML_NODE, nullable: false }]);
  return { exposed: source.alias.toLowerCase(), schema: null, columns, access };
}
