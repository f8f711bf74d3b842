/** Position on the wire of each byte of the text form: the first three groups are little-endian. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** The 16 wire bytes of a uniqueidentifier in text form. */
export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new RangeError('a uniqueidentifier that is not 16 bytes long');
  return Buffer.from(ORDER.map((i) => bytes[i]!));
}

/** Text form, upper case, of the 16 wire bytes. */
export function guidText(bytes: Buffer): string {
  const hex = Buffer.from(ORDER.map((i) => bytes[i]!))
    .toString('hex')
    .toUpperCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
