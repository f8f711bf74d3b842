import type { LoginRights } from '#connectors/sqlserver/loginRights.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** What is wrong with the login of the command API. Both lists are empty for the login that infra/sql makes. */
export interface LoginFaults {
  /** Rights it has beyond EXECUTE on the procedures of the use cases. */
  readonly tooMuch: readonly string[];
  /** Procedures it may not run. */
  readonly tooLittle: readonly string[];
}

/** Compares what the login can do with what the commands need: these procedures, not one more, not one less. */
export function loginFaults(rights: LoginRights, procedures: readonly string[]): LoginFaults {
  const held = new Set(rights.objects);
  const allowed = new Set(procedures.map((procedure) => `EXECUTE on ${procedure}`));
  return {
    tooMuch: [
      ...rights.roles.map((role) => `member of ${role}`),
      ...rights.wide,
      ...rights.objects.filter((right) => !allowed.has(right)),
    ],
    tooLittle: procedures.filter((procedure) => !held.has(`EXECUTE on ${procedure}`)),
  };
}

const SHOWN = 10;

/** @throws CMD_LOGIN_TOO_POWERFUL, CMD_LOGIN_TOO_WEAK with the first ten rights concerned. */
export function assertMinimalLogin(user: string, faults: LoginFaults): void {
  if (faults.tooLittle.length > 0) {
    throw new SluiceError(
      'CMD_LOGIN_TOO_WEAK',
      `Login ${user} should be able to execute ${listed(faults.tooLittle)}, but is not.`,
    );
  }
  if (faults.tooMuch.length > 0) {
    throw new SluiceError(
      'CMD_LOGIN_TOO_POWERFUL',
      `Login ${user} should only be able to execute its own procedures of schema storefront, but also has: ${listed(faults.tooMuch)}.`,
    );
  }
}

function listed(items: readonly string[]): string {
  const rest = items.length - SHOWN;
  return `${items.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
