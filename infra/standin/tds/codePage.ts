/**
 * Windows code page 1252, the code page of the only collation. Bytes 0x00–0x7F and 0xA0–0xFF equal their Unicode numbers; 0x80–0x9F are these
 * (WHATWG "windows-1252" index, which maps the five bytes without a character to the control character of the same number).
 */
const HIGH_CONTROLS =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

const SPECIAL_BYTES = new Map([...HIGH_CONTROLS].map((character, i) => [character.charCodeAt(0), 0x80 + i]));
const QUESTION_MARK = 0x3f;
/** From this length on, scanning and one native write beat a loop over characters. */
const NATIVE_WRITE_LENGTH = 64;

function isDirect(code: number): boolean {
  return code < 0x80 || (code >= 0xa0 && code <= 0xff);
}

/** Writes `text` at `at` as one byte per UTF-16 unit ('?' for what the page lacks) and returns the position after it. */
export function writeCodePage(target: Buffer, at: number, text: string): number {
  const length = text.length;
  if (length >= NATIVE_WRITE_LENGTH && isAllDirect(text)) return at + target.write(text, at, 'latin1');
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    target[at + i] = isDirect(code) ? code : (SPECIAL_BYTES.get(code) ?? QUESTION_MARK);
  }
  return at + length;
}

function isAllDirect(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isDirect(text.charCodeAt(i))) return false;
  return true;
}

const HAS_HIGH_CONTROLS = /[\u0080-\u009f]/;

/** Text of bytes in code page 1252. */
export function readCodePage(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (!HAS_HIGH_CONTROLS.test(text)) return text;
  return text.replace(/[\u0080-\u009f]/g, (character) => HIGH_CONTROLS[character.charCodeAt(0) - 0x80]!);
}
