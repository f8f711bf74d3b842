/** The few DER forms (ITU-T X.690) that a certificate needs. Each function returns a whole element: tag, length, content. */

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(items));
}

export function set(...items: readonly Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(items));
}

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const negative = (bytes[0] ?? 0) >= 0x80;
  return element(0x02, negative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** An object identifier in dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Buffer.from(bytes));
}

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text, 'utf8'));
}

/** A moment as GeneralizedTime, to the second. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return element(0x18, Buffer.from(`${digits}Z`, 'latin1'));
}

export function octets(bytes: Uint8Array): Buffer {
  return element(0x04, bytes);
}

export function bits(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

/** A context-specific element: `constructed` around other elements, or primitive. */
export function context(tag: number, constructed: boolean, content: Uint8Array): Buffer {
  return element(0x80 | (constructed ? 0x20 : 0) | tag, content);
}
