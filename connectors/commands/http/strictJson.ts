import { pointer } from '#infra/runtime/http/fieldFaults.ts';
import { type FieldFault, HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';

/** Nesting that no command needs: objects in lists in an object are three deep. */
export const MAX_DEPTH = 16;
/** Names that reach an object's prototype; as data they are never what somebody means. */
const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__']);

interface Level {
  /** Names seen in an object; undefined in a list. */
  readonly names: Set<string> | undefined;
  /** The name or place of the value that is being read. */
  at: string | number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses a body as JSON, stricter than JSON.parse: well-formed UTF-8, no name twice in one object (parsers differ on which one counts, so
 * what one program checked is not what another does), at most 16 levels deep, no `__proto__`. Source: RFC 7493 (I-JSON) §2.
 * @throws 400 with the place as a JSON Pointer.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new HttpProblem(HTTP_PROBLEMS.malformed, { detail: 'The body is not valid JSON in UTF-8.' });
  }
  const fault = structureFault(text);
  if (fault !== undefined) throw new HttpProblem(HTTP_PROBLEMS.malformed, { detail: fault.detail, errors: [fault] });
  return value;
}

/** The first fault of a text that is valid JSON. One pass; what is not structure is skipped. */
function structureFault(text: string): FieldFault | undefined {
  const levels: Level[] = [];
  const fault = (detail: string): FieldFault => ({ pointer: pointer(levels.map((level) => level.at)), detail });
  for (let i = 0; i < text.length; i++) {
    const level = levels[levels.length - 1];
    switch (text[i]) {
      case '{':
      case '[':
        levels.push(text[i] === '{' ? { names: new Set(), at: '' } : { names: undefined, at: 0 });
        if (levels.length > MAX_DEPTH) return fault(`nested deeper than ${MAX_DEPTH} levels`);
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.at === 'number') level.at++;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (level?.names !== undefined && isName(text, end)) {
          const name = nameOf(text.slice(i, end + 1));
          level.at = name;
          if (UNSAFE_NAMES.has(name)) return fault('a name that is not allowed');
          if (level.names.has(name)) return fault('the name stands here twice');
          level.names.add(name);
        }
        i = end;
      }
    }
  }
  return undefined;
}

/** Place of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const sign = text[i];
    if (sign === '\\') i++;
    else if (sign === '"') return i;
  }
}

/** Whether a colon follows the string that ends at `end`: in valid JSON only names have one. */
function isName(text: string, end: number): boolean {
  for (let i = end + 1; ; i++) {
    const sign = text[i];
    if (sign === ':') return true;
    if (sign !== ' ' && sign !== '\n' && sign !== '\r' && sign !== '\t') return false;
  }
}

/** `"a\u0062"` → `ab`: two spellings of one name are the same name. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}
