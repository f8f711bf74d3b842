/** JSON text as SQL Server's functions see it: numbers keep their digits, and every node knows where it stands in the text. */
import { sqlError } from './errors.ts';

export type JsonNode =
  | { readonly k: 'null' | 'true' | 'false'; readonly start: number; readonly end: number }
  /** `text` is the number as written. */
  | { readonly k: 'number'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly k: 'string'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly k: 'array'; readonly items: readonly JsonNode[]; readonly start: number; readonly end: number }
  | { readonly k: 'object'; readonly members: readonly JsonMember[]; readonly start: number; readonly end: number };

export interface JsonMember {
  readonly key: string;
  readonly value: JsonNode;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Parses JSON text; 13609 with the character and its 0-based position when it is not well formed. */
export function parseJson(text: string): JsonNode {
  let pos = 0;

  const fail = (): never => {
    throw sqlError(13_609, text[pos] ?? '.', pos);
  };
  const blank = (): void => {
    while (pos < text.length) {
      const c = text.charCodeAt(pos);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      pos++;
    }
  };
  const word = (k: 'null' | 'true' | 'false'): JsonNode => {
    if (!text.startsWith(k, pos)) fail();
    const start = pos;
    pos += k.length;
    return { k, start, end: pos };
  };
  const string = (): string => {
    const end = closingQuote(text, pos);
    if (end < 0) {
      pos = text.length;
      fail();
    }
    const raw = text.slice(pos + 1, end);
    const start = pos;
    pos = end + 1;
    if (!raw.includes('\\')) return raw;
    try {
      return JSON.parse(text.slice(start, pos)) as string;
    } catch {
      pos = start;
      return fail();
    }
  };
  const value = (): JsonNode => {
    blank();
    const start = pos;
    switch (text[pos]) {
      case '{':
        return object(start);
      case '[':
        return array(start);
      case '"': {
        const s = string();
        return { k: 'string', text: s, start, end: pos };
      }
      case 'n':
        return word('null');
      case 't':
        return word('true');
      case 'f':
        return word('false');
      default: {
        NUMBER.lastIndex = pos;
        const m = NUMBER.exec(text);
        if (!m) return fail();
        pos += m[0].length;
        return { k: 'number', text: m[0], start, end: pos };
      }
    }
  };
  const object = (start: number): JsonNode => {
    const members: JsonMember[] = [];
    pos++;
    blank();
    if (text[pos] === '}') pos++;
    else {
      for (;;) {
        blank();
        if (text[pos] !== '"') fail();
        const key = string();
        blank();
        if (text[pos] !== ':') fail();
        pos++;
        members.push({ key, value: value() });
        blank();
        const c = text[pos];
        if (c !== ',' && c !== '}') fail();
        pos++;
        if (c === '}') break;
      }
    }
    return { k: 'object', members, start, end: pos };
  };
  const array = (start: number): JsonNode => {
    const items: JsonNode[] = [];
    pos++;
    blank();
    if (text[pos] === ']') pos++;
    else {
      for (;;) {
        items.push(value());
        blank();
        const c = text[pos];
        if (c !== ',' && c !== ']') fail();
        pos++;
        if (c === ']') break;
      }
    }
    return { k: 'array', items, start, end: pos };
  };
  const root = value();
  blank();
  if (pos < text.length) fail();
  return root;
}

function closingQuote(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end > 0) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** A path: `lax` (missing is NULL) or strict (missing is an error), and its steps. */
export interface JsonPath {
  readonly strict: boolean;
  readonly append: boolean;
  readonly steps: readonly (string | number)[];
}

const paths = new Map<string, JsonPath>();

/** Reads 'lax $.a."b c"[0]'; 13607 when it is no path. */
export function parsePath(text: string): JsonPath {
  const known = paths.get(text);
  if (known) return known;
  const m = /^\s*(append\s+)?(lax\s+|strict\s+)?\$/i.exec(text);
  if (!m) throw sqlError(13_607, text.trim()[0] ?? '.', 0);
  const steps: (string | number)[] = [];
  const step = /\.(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_$\u0080-\uffff]+))|\[(\d+)\]/y;
  let pos = m[0].length;
  const end = text.trimEnd().length;
  while (pos < end) {
    step.lastIndex = pos;
    const s = step.exec(text);
    if (!s) throw sqlError(13_607, text[pos] ?? '.', pos);
    if (s[3] !== undefined) steps.push(Number(s[3]));
    else steps.push(s[1] === undefined ? (s[2] ?? '') : (JSON.parse(`"${s[1]}"`) as string));
    pos = step.lastIndex;
  }
  const path: JsonPath = { strict: /strict/i.test(m[2] ?? ''), append: m[1] !== undefined, steps };
  if (paths.size > 1000) paths.clear();
  paths.set(text, path);
  return path;
}

/** The node a path leads to, undefined when there is none. The first of equal keys counts. */
export function findNode(root: JsonNode, path: JsonPath): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const step of path.steps) {
    if (typeof step === 'number') node = node.k === 'array' ? node.items[step] : undefined;
    else node = node.k === 'object' ? memberOf(node.members, step) : undefined;
    if (!node) return undefined;
  }
  return node;
}

function memberOf(members: readonly JsonMember[], key: string): JsonNode | undefined {
  for (const member of members) if (member.key === key) return member.value;
  return undefined;
}

/** The text of a scalar node: null for JSON null, undefined for objects and arrays. */
export function scalarText(node: JsonNode): string | null | undefined {
  switch (node.k) {
    case 'null':
      return null;
    case 'true':
    case 'false':
      return node.k;
    case 'number':
    case 'string':
      return node.text;
    default:
      return undefined;
  }
}

/** Text escaped as FOR JSON and STRING_ESCAPE do: also the slash, control characters by their short form or \u. */
export function escapeJson(s: string): string {
  return JSON.stringify(s).slice(1, -1).replaceAll('/', '\\/');
}
