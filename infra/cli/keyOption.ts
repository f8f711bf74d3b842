import { SluiceError } from '#infra/runtime/errors.ts';

/** Column → text of the key asked for with --key. @throws SluiceError REPLAY_KEY_INVALID */
export function parseKey(text: string): ReadonlyMap<string, string> {
  try {
    const key: unknown = JSON.parse(text);
    if (typeof key === 'object' && key !== null && !Array.isArray(key) && Object.keys(key).length > 0)
      return new Map(Object.entries(key).map(([column, value]) => [column, String(value).trimEnd()]));
  } catch {
    // Said below, together with JSON of another shape.
  }
  throw new SluiceError(
    'REPLAY_KEY_INVALID',
    `--key: expected a JSON object of key columns, found ${text.slice(0, 60)}.`,
  );
}
