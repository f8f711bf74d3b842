import type { Parameter } from '../../sql/astDdl.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Declared } from '../compile/context.ts';
import type { Procedure, UserFunction } from '../model/modules.ts';
import { collectDeclarations, declaredType } from './declarations.ts';
import type { Unit } from './planCache.ts';
import type { SessionState } from './sessionState.ts';

/** The unit of a batch or of dynamic SQL: its text, with the parameters it is run with. */
export function textUnit(
  session: SessionState,
  sql: string,
  declarations: string,
): { unit: Unit; parameters: readonly Parameter[] } {
  const { plans, schemaVersion } = session.server;
  const key = `${session.database.id}\u0000${declarations}\u0000${sql}`;
  const unit = plans.unit(key, schemaVersion, () => {
    const parameters = parseParameters(session, declarations);
    const statements = plans.parse(sql);
    const declared = new Map<string, Declared>();
    for (const parameter of parameters) declared.set(parameter.name, declaredType(parameter.type, session.database));
    collectDeclarations(statements, session, session.database, declared);
    return { statements, parameters, declared, database: session.database, version: schemaVersion, plans: new Map() };
  });
  return { unit, parameters: unit.parameters ?? NO_PARAMETERS };
}

const NO_PARAMETERS: readonly Parameter[] = [];

/** The parameters in '@a int, @b nvarchar(10) output': read as the head of a procedure. */
function parseParameters(session: SessionState, declarations: string): readonly Parameter[] {
  if (declarations.trim() === '') return NO_PARAMETERS;
  const [statement] = session.server.plans.parse(`CREATE PROCEDURE p ${declarations}\nAS RETURN`);
  if (statement?.k !== 'createProcedure') throw sqlError(102, declarations);
  return statement.parameters;
}

const moduleUnits = new WeakMap<object, Unit>();

/** The unit of a procedure or scalar function; made anew when any definition has changed. */
export function moduleUnit(session: SessionState, module: Procedure | UserFunction, database: Unit['database']): Unit {
  const { definition } = module;
  const known = moduleUnits.get(definition);
  const { schemaVersion } = session.server;
  if (known && known.version === schemaVersion) return known;
  const statements =
    definition.k === 'createProcedure'
      ? definition.body
      : definition.returns.k === 'scalar'
        ? definition.returns.body
        : [];
  const declared = new Map<string, Declared>();
  for (const parameter of definition.parameters) declared.set(parameter.name, declaredType(parameter.type, database));
  collectDeclarations(statements, session, database, declared);
  const unit = { statements, declared, database, version: schemaVersion, plans: new Map() };
  moduleUnits.set(definition, unit);
  return unit;
}

/** What sp_executesql says of a parameter without a value (8178). */
export function missingFrom(sql: string, declarations: string): (parameter: Parameter) => Error {
  return (parameter) => sqlError(8178, `(${declarations})${sql}`, parameter.displayName);
}
