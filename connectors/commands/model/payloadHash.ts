import { createHash } from 'node:crypto';
import type { CommandInput } from './defineCommand.ts';

/**
 * SHA-256 over a command's name and checked input. Names of fields are sorted and values are in their checked spelling, so that the same
 * request in another order of fields, with other blanks or with `9.9` for `9.90` is the same command, by whichever door it comes.
 */
export function payloadHash(commandName: string, input: CommandInput): Buffer {
  return createHash('sha256')
    .update(canonicalJson([commandName, { ...input.params, ...input.query, ...input.body }]))
    .digest();
}

/** JSON with the members of every object sorted by name; members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
