import { cdcFunction } from '../../cdc/cdcFunctions.ts';
import type { FunctionCall } from '../../sql/ast.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { trackingFunctions } from '../../tracking/trackingFunctions.ts';
import type { CompileContext } from '../compile/context.ts';
import type { QueryScope } from '../query/scope.ts';
import { columnFunctions } from './columnFunctions.ts';
import type { EngineFunction, FunctionGroup } from './engineFunction.ts';
import { metadataFunctions } from './metadataFunctions.ts';
import { propertyFunctions } from './propertyFunctions.ts';
import { securityFunctions } from './securityFunctions.ts';
import { sessionFunctions } from './sessionFunctions.ts';
import { userFunction } from './userFunctions.ts';

const GROUPS: readonly FunctionGroup[] = [
  sessionFunctions,
  metadataFunctions,
  columnFunctions,
  propertyFunctions,
  securityFunctions,
  trackingFunctions,
];
const FUNCTIONS: ReadonlyMap<string, EngineFunction> = new Map(GROUPS.flatMap((group) => Object.entries(group)));

/** Compiles a call of a function that needs the engine; undefined when it is none of those (then a built-in one is looked for). */
export function engineFunction(call: FunctionCall, scope: QueryScope, context: CompileContext): Compiled | undefined {
  const { database, schema, name } = call.name;
  const ofSystem = database === undefined && (schema === undefined || schema.toLowerCase() === 'sys');
  const found = ofSystem ? FUNCTIONS.get(name.toLowerCase()) : undefined;
  if (found) return found(call, scope, context);
  return cdcFunction(call, scope, context) ?? userFunction(call, scope, context);
}
