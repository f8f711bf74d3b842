/**
 * Position text: `<commitLsn 20 hex><commandId 8 hex><changeLsn 20 hex><op 1 digit>`, fixed width and lower case, so that comparing text
 * compares the order of changes in the source. A snapshot row has the LSN its chunk was read at and zeros after it, so it comes before
 * every change of that LSN.
 */
export const POSITION_LENGTH = 49;

const POSITION = /^[0-9a-f]{48}[0-9]$/u;

export function isPosition(text: string): boolean {
  return POSITION.test(text);
}

/** The commit a position belongs to; all changes of one transaction share it. */
export function commitLsnOf(position: string): string {
  return position.slice(0, 20);
}

/** True for a row read by a snapshot: its position is where it was read, not where it was changed. */
export function isSnapshot(position: string): boolean {
  return position.endsWith('0');
}
