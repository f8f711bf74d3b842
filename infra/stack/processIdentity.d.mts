/** A process that can be recognised later: its number, and a mark that a later process with that number does not have. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly mark: string | undefined;
}

export function processMark(pid: number): string | undefined;
export function isRunning(identity: ProcessIdentity): boolean;
export function ownIdentity(): ProcessIdentity;
export function markScope(mark: string | undefined): string;
