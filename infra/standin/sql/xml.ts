import { sqlError } from './errors.ts';

/** An element. Names are as written, prefix included; whitespace between elements is dropped, as the xml type does. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
}

/** Deepest nesting of elements; the product's limit is 128 levels. */
const MAX_DEPTH = 128;
const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/y;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads an XML document or fragment: the element nodes and texts at its top. Errors 9400 (unexpected end), 9413, 9420, 9421, 9436, 9437, 9448 and
 * 9455 as the product has them for text that is not well-formed, 6359 for a document type.
 */
export function parseXml(text: string): readonly (XmlElement | string)[] {
  return new XmlReader(text).content(null, 0);
}

class XmlReader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\ufeff') ? 1 : 0;
    const declaration = /^<\?xml\s[^>]*\?>/.exec(text.slice(this.#at));
    if (declaration) this.#at += declaration[0].length;
  }

  /** Children up to the end tag of `parent`, or to the end of the text. */
  content(parent: string | null, depth: number): (XmlElement | string)[] {
    if (depth > MAX_DEPTH) throw sqlError(6335, MAX_DEPTH);
    const children: (XmlElement | string)[] = [];
    for (;;) {
      const text = this.#characters();
      if (text.trim() !== '') children.push(text);
      if (this.#at >= this.#text.length) {
        if (parent !== null) throw this.#error(9400);
        return children;
      }
      if (this.#skipMarkup()) continue;
      if (this.#take('</')) {
        if (parent === null) throw this.#error(9455);
        if (this.#name() !== parent) throw this.#error(9436);
        this.#space();
        this.#need('>');
        return children;
      }
      this.#at++;
      children.push(this.#element(depth));
    }
  }

  #element(depth: number): XmlElement {
    const name = this.#name();
    const attributes = new Map<string, string>();
    for (;;) {
      const spaced = this.#space();
      if (this.#take('/>')) return { name, attributes, children: [] };
      if (this.#take('>')) return { name, attributes, children: this.content(name, depth + 1) };
      if (this.#at >= this.#text.length) throw this.#error(9400);
      if (!spaced) throw this.#error(9410);
      const attribute = this.#name();
      this.#space();
      this.#need('=');
      this.#space();
      if (attributes.has(attribute)) throw this.#error(9437);
      attributes.set(attribute, this.#quoted());
    }
  }

  #quoted(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw this.#error(9413);
    this.#at++;
    let value = '';
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw this.#error(9400);
      if (sign === '<') throw this.#error(9420);
      if (sign === quote) break;
      value += /[\t\n\r]/.test(sign) ? ' ' : sign === '&' ? this.#entity() : sign;
      if (sign !== '&') this.#at++;
    }
    this.#at++;
    return value;
  }

  #characters(): string {
    let value = '';
    for (;;) {
      const sign = this.#text[this.#at];
      if (this.#take('<![CDATA[')) value += this.#until(']]>');
      else if (sign === undefined || sign === '<') return value;
      else if (sign === '&') value += this.#entity();
      else if (sign < ' ' && !/[\t\n\r]/.test(sign)) throw this.#error(9420);
      else {
        value += sign;
        this.#at++;
      }
    }
  }

  #entity(): string {
    ENTITY.lastIndex = this.#at;
    const found = ENTITY.exec(this.#text);
    if (!found) throw this.#error(9448);
    this.#at = ENTITY.lastIndex;
    const [, decimal, hex, name] = found;
    if (name !== undefined) return NAMED[name]!;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    if (code === 0 || code > 0x10ffff) throw this.#error(9420);
    return String.fromCodePoint(code);
  }

  /** Comments and processing instructions; a document type is refused. */
  #skipMarkup(): boolean {
    if (this.#take('<!--')) this.#until('-->');
    else if (this.#take('<?')) this.#until('?>');
    else if (this.#text.startsWith('<!', this.#at)) throw sqlError(6359);
    else return false;
    return true;
  }

  #until(end: string): string {
    const at = this.#text.indexOf(end, this.#at);
    if (at < 0) throw this.#error(9400);
    const text = this.#text.slice(this.#at, at);
    this.#at = at + end.length;
    return text;
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const found = NAME.exec(this.#text);
    if (!found) throw this.#error(this.#at >= this.#text.length ? 9400 : 9455);
    this.#at = NAME.lastIndex;
    return found[0];
  }

  #space(): boolean {
    const from = this.#at;
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#at > from;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #need(text: string): void {
    if (!this.#take(text)) throw this.#error(this.#at >= this.#text.length ? 9400 : 9455);
  }

  #error(number: number) {
    const before = this.#text.slice(0, this.#at + 1).split('\n');
    return sqlError(number, before.length, before.at(-1)!.length);
  }
}

/** An element as text again. */
export function printXml(node: XmlElement | string): string {
  if (typeof node === 'string') return escapeText(node);
  const attributes = [...node.attributes].map(
    ([name, value]) => ` ${name}="${escapeText(value).replaceAll('"', '&quot;')}"`,
  );
  const open = `<${node.name}${attributes.join('')}`;
  return node.children.length === 0 ? `${open}/>` : `${open}>${node.children.map(printXml).join('')}</${node.name}>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** All text inside a node. */
export function textOf(node: XmlElement | string): string {
  return typeof node === 'string' ? node : node.children.map(textOf).join('');
}
