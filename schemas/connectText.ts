/**
 * A record as Kafka Connect's default header converter writes a struct: like JSON, fields in order, decimals as bare numbers, bytes in
 * base64, and in texts only quote and backslash escaped. `decimals`: the fields whose text is a number.
 * Source: Kafka's `SimpleHeaderConverter`, observed.
 */
export function connectText(fields: Readonly<Record<string, unknown>>, decimals: ReadonlySet<string>): string {
  const parts = Object.entries(fields).map(([name, value]) => `${quoted(name)}:${textOf(value, decimals.has(name))}`);
  return `{${parts.join(',')}}`;
}

function textOf(value: unknown, isDecimal: boolean): string {
  if (value === null || value === undefined) return 'null';
  if (Buffer.isBuffer(value)) return `"${value.toString('base64')}"`;
  if (typeof value === 'string') return isDecimal ? value : quoted(value);
  return String(value);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
