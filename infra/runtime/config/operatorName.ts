import { hostname, userInfo } from 'node:os';

/** Who runs this command, for audit records: `name@machine`; with sudo the person who called it. */
export function operatorName(environment: NodeJS.ProcessEnv = process.env): string {
  return `${environment['SUDO_USER'] || accountName()}@${hostname()}`;
}

/** A container may run as a number without a name. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
