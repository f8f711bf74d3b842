export function majorOf(version: string): number;
export function tooOld(version?: string): string | undefined;
export function findNode(
  root: string,
  host?: { version?: string; execPath?: string; platform?: string; arch?: string },
): string | undefined;
export function noNode(version?: string): string;
