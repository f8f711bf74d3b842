import { describe, expect, it } from 'vitest';
import { assertMinimalLogin, loginFaults } from '#connectors/commands/gateways/loginCheck.ts';

const PROCEDURES = ['storefront.AcceptOrder', 'storefront.CancelOrder'];
const MINIMAL = { roles: [], wide: [], objects: PROCEDURES.map((procedure) => `EXECUTE on ${procedure}`) };

describe('the check of the login', () => {
  it('passes the login that infra/sql makes', () => {
    const faults = loginFaults(MINIMAL, PROCEDURES);
    expect(faults).toEqual({ tooMuch: [], tooLittle: [] });
    expect(() => assertMinimalLogin('sluice_commands', faults)).not.toThrow();
  });

  it.each([
    [{ roles: ['db_owner'] }, 'member of db_owner'],
    [{ wide: ['database SELECT'] }, 'database SELECT'],
    [{ objects: [...MINIMAL.objects, 'SELECT on dbo.CUSTOMER'] }, 'SELECT on dbo.CUSTOMER'],
    [{ objects: [...MINIMAL.objects, 'SELECT on storefront.COMMAND'] }, 'SELECT on storefront.COMMAND'],
    [{ objects: [...MINIMAL.objects, 'EXECUTE on dbo.sp_other'] }, 'EXECUTE on dbo.sp_other'],
  ])('refuses one that can do more: %o', (more, named) => {
    const faults = loginFaults({ ...MINIMAL, ...more }, PROCEDURES);
    expect(() => assertMinimalLogin('sluice_commands', faults)).toThrow(named);
  });

  it('refuses one that cannot run a procedure', () => {
    const faults = loginFaults({ ...MINIMAL, objects: MINIMAL.objects.slice(1) }, PROCEDURES);
    expect(() => assertMinimalLogin('sluice_commands', faults)).toThrow('storefront.AcceptOrder');
  });

  it('names at most ten rights', () => {
    const objects = [...MINIMAL.objects, ...Array.from({ length: 50 }, (_, i) => `SELECT on dbo.T${i}`)];
    expect(() => assertMinimalLogin('x', loginFaults({ ...MINIMAL, objects }, PROCEDURES))).toThrow('and 40 more');
  });
});
