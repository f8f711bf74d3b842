import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';

/** What an envelope may hold at most; an order of 200 lines has 800 elements at depth 5. */
export const XML_LIMITS = { depth: 16, elements: 5000, attributes: 20, nameLength: 100 };

const TAG =
  /<(?:!--(?:[^-]|-(?!-))*-->|\?xml[ \t\r\n][^<>?]*\?>|(?<end>\/)?(?<name>[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)(?<attributes>(?:[ \t\r\n]+[A-Za-z_][\w.:-]*[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*'))*)[ \t\r\n]*(?<empty>\/)?>)/y;
const ATTRIBUTE = /([A-Za-z_][\w.:-]*)[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*')/g;
const BAD_ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#(?:\d{1,7}|x[0-9A-Fa-f]{1,6}));)/;
/** Characters XML 1.0 cannot hold, and unpaired surrogates. Source: https://www.w3.org/TR/xml/#charsets. */
const BAD_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** Names that mean something to JavaScript objects or to references inside a message; no message of ours has them. */
const BAD_NAME = /^(?:__proto__|constructor|prototype)$/;

/**
 * Lets only plain XML through to the parser: one root, tags that match, within the limits above; no document type, entities of its own, CDATA,
 * processing instructions, references between elements, names that JavaScript objects trip over. One pass, linear in the text.
 * @throws 400 `malformed-request` saying which rule was broken, never what was sent.
 */
export function checkXml(text: string): void {
  if (BAD_CHARACTER.test(text)) throw malformed('a character that XML does not allow');
  const open: string[] = [];
  let elements = 0;
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const between = text.slice(at, next < 0 ? undefined : next);
    if (BAD_ENTITY.test(between)) throw malformed('an entity that is not predefined');
    if (open.length === 0 && between.trim() !== '') throw malformed('text outside the envelope');
    if (next < 0) break;
    TAG.lastIndex = next;
    const tag = TAG.exec(text);
    if (tag === null) throw malformed('markup that is not allowed here');
    at = TAG.lastIndex;
    const { name, attributes = '', end, empty } = tag.groups ?? {};
    if (name === undefined) continue;
    if (end !== undefined) {
      if (attributes !== '' || empty !== undefined || open.pop() !== name) throw malformed('tags that do not match');
      continue;
    }
    if (open.length === 0 && elements > 0) throw malformed('a second root element');
    if (++elements > XML_LIMITS.elements) throw malformed('too many elements');
    checkNames(name, attributes);
    if (empty === undefined && open.push(name) > XML_LIMITS.depth) throw malformed('elements nested too deep');
  }
  if (open.length > 0 || elements === 0) throw malformed('an envelope that does not end');
}

function checkNames(name: string, attributes: string): void {
  const names = [...attributes.matchAll(ATTRIBUTE)].map(([, attribute = '']) => attribute);
  if (BAD_ENTITY.test(attributes)) throw malformed('an entity that is not predefined');
  if (names.length > XML_LIMITS.attributes) throw malformed('too many attributes');
  if (new Set(names).size < names.length) throw malformed('an attribute given twice');
  if (names.some((attribute) => attribute === 'href' || attribute === 'id'))
    throw malformed('references between elements');
  for (const part of [name, ...names].flatMap((one) => one.split(':')))
    if (part.length > XML_LIMITS.nameLength || BAD_NAME.test(part)) throw malformed('a name that is not allowed');
}

function malformed(what: string): HttpProblem {
  return new HttpProblem(HTTP_PROBLEMS.malformed, { detail: `The message holds ${what}.` });
}
