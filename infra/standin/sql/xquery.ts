import { unsupported } from './errors.ts';
import type { XmlElement } from './xml.ts';

/** One step of a path: child elements, an attribute, text, or the context node itself, and which of them (`[n]`). */
interface Step {
  readonly k: 'child' | 'attribute' | 'text' | 'self';
  /** `*` for any. */
  readonly name: string;
  readonly position: number | null;
}

/** A path such as `/rows/row`, `@SKU`, `a[1]/b`, `(/a/b/text())[1]`: what is built of XQuery. */
export interface XPath {
  readonly absolute: boolean;
  readonly steps: readonly Step[];
  /** `[n]` behind a parenthesised path. */
  readonly position: number | null;
}

type Item = XmlElement | string;

const STEP = /^(?:(@)?([A-Za-z_][\w.-]*|\*)|(text\(\))|(\.))(?:\[([1-9][0-9]{0,8})\])?$/;

/** Reads a path; everything else of XQuery is refused by name. */
export function parseXPath(text: string, line: number): XPath {
  const refused = () => unsupported(`The XQuery expression ${JSON.stringify(text)}`, line);
  const [, inner, place] = /^\(([^()]*(?:text\(\))?[^()]*)\)\[([1-9][0-9]{0,8})\]$/.exec(text.trim()) ?? [];
  const path = (inner ?? text).trim();
  const absolute = path.startsWith('/');
  const parts = path.slice(absolute ? 1 : 0).split('/');
  const steps = parts.map((part): Step => {
    const [, at, name, isText, isSelf, position] = STEP.exec(part.trim()) ?? [];
    const n = position === undefined ? null : Number(position);
    if (isText !== undefined) return { k: 'text', name: '*', position: n };
    if (isSelf !== undefined) return { k: 'self', name: '*', position: n };
    if (name === undefined) throw refused();
    return { k: at === undefined ? 'child' : 'attribute', name, position: n };
  });
  if (steps.slice(0, -1).some((step) => step.k === 'attribute' || step.k === 'text')) throw refused();
  return { absolute, steps, position: place === undefined ? null : Number(place) };
}

/** Whether the path can find one node at most, whatever the XML: what value() asks for (2389). */
export function isSingleton(path: XPath): boolean {
  if (path.position !== null) return true;
  return path.steps.every(
    (step) => step.position !== null || step.k === 'self' || (step.k === 'attribute' && step.name !== '*'),
  );
}

/** What the path finds from an element: elements, or texts (of attributes and text nodes), in document order. */
export function evaluateXPath(path: XPath, context: XmlElement): readonly Item[] {
  let found: readonly Item[] = [context];
  for (const step of path.steps) found = found.flatMap((item) => (typeof item === 'string' ? [] : take(step, item)));
  return path.position === null ? found : found.slice(path.position - 1, path.position);
}

function take(step: Step, element: XmlElement): readonly Item[] {
  const all = nodesOf(step, element);
  return step.position === null ? all : all.slice(step.position - 1, step.position);
}

function nodesOf(step: Step, element: XmlElement): readonly Item[] {
  const isNamed = (name: string): boolean => step.name === '*' || step.name === name;
  switch (step.k) {
    case 'self':
      return [element];
    case 'child':
      return element.children.filter((child) => typeof child !== 'string' && isNamed(child.name));
    case 'text':
      return element.children.filter((child) => typeof child === 'string');
    case 'attribute':
      return [...element.attributes].filter(([name]) => isNamed(name)).map(([, value]) => value);
  }
}
