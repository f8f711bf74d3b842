import type { CastExpr, Expr, FunctionCall, TypeRef } from './ast.ts';
import { findCollation } from './collation.ts';
import { convert, converter } from './convert.ts';
import { familyOf } from './convertRules.ts';
import { SqlError, sqlError, unsupported } from './errors.ts';
import { compileBinary, compileUnary } from './exprArithmetic.ts';
import { coerce, constant, pure, typedNull, withCollation } from './exprMake.ts';
import { compareCompiled, compilePredicate } from './exprPredicate.ts';
import type { Compiled, CompiledPredicate, Frame, Scope } from './exprTypes.ts';
import { isXmlNode, xmlValue } from './exprXml.ts';
import { compileBuiltin } from './functions.ts';
import { atTimeZone } from './functionsZone.ts';
import { isTemporal } from './temporal.ts';
import { typeName } from './typeNames.ts';
import { commonType } from './typing.ts';
import { INT, type SqlType, type SqlValue } from './values.ts';

export { compilePredicate };

/** The bare NULL: int until its surroundings say otherwise. */
const NULL: Compiled = { type: INT, nullable: true, constant: true, untypedNull: true, eval: () => null };

/** Compiles a value expression. Errors of compilation carry the line of the part at fault where that part has one. */
export function compileExpr(e: Expr, scope: Scope): Compiled {
  const substitute = scope.substitute?.(e);
  if (substitute) return substitute;
  switch (e.k) {
    case 'literal':
      return constant(e.type, e.value);
    case 'null':
      return NULL;
    case 'default':
      throw sqlError(156, 'DEFAULT');
    case 'variable':
    case 'systemVariable':
      return scope.variable(e.name, e.line);
    case 'column':
      return notNode(scope.column(e), e.name, e.line);
    case 'action':
      return scope.mergeAction();
    case 'unary':
      return compileUnary(e.op, compileExpr(e.arg, scope));
    case 'binary':
      return compileBinary(e.op, compileExpr(e.left, scope), compileExpr(e.right, scope), e.left, e.right);
    case 'collate':
      return collate(compileExpr(e.arg, scope), e.collation);
    case 'atTimeZone':
      return atTimeZone(compileExpr(e.arg, scope), compileExpr(e.zone, scope));
    case 'case':
      return conditional(
        e.whens.map((w) => compilePredicate(w.when, scope)),
        e.whens.map((w) => compileExpr(w.result, scope)),
        e.otherwise ? compileExpr(e.otherwise, scope) : NULL,
      );
    case 'simpleCase': {
      const input = compileExpr(e.input, scope);
      return conditional(
        e.whens.map((w) => compareCompiled('=', input, compileExpr(w.when, scope))),
        e.whens.map((w) => compileExpr(w.result, scope)),
        e.otherwise ? compileExpr(e.otherwise, scope) : NULL,
      );
    }
    case 'iif':
      return conditional(
        [compilePredicate(e.test, scope)],
        [compileExpr(e.result, scope)],
        compileExpr(e.otherwise, scope),
      );
    case 'cast':
      return compileCast(e, scope);
    case 'call':
      return compileCall(e, scope);
    case 'subquery':
      return scope.subquery(e.query);
    case 'nextValue':
      return scope.nextValue(e.sequence);
    case 'xmlValue':
      return xmlValue(compileXmlTarget(e.target, scope), e);
  }
}

/** What a method of xml is called on: also a column that nodes() gave. */
export function compileXmlTarget(e: Expr, scope: Scope): Compiled {
  return e.k === 'column' ? scope.column(e) : compileExpr(e, scope);
}

function notNode(column: Compiled, name: string, line: number): Compiled {
  if (isXmlNode(column.type)) throw sqlError(493, name).at(line);
  return column;
}

/** CASE: the type all results meet in; 8133 when every result is NULL itself. */
function conditional(tests: readonly CompiledPredicate[], results: readonly Compiled[], otherwise: Compiled): Compiled {
  const all = [...results, otherwise];
  const typed = all.filter((c) => !c.untypedNull);
  if (typed.length === 0) throw sqlError(8133);
  const type = typed.map((c) => c.type).reduce(commonType);
  const values = results.map((c) => coerce(c, type));
  const last = coerce(otherwise, type);
  const made: Compiled = {
    type,
    nullable: all.some((c) => c.nullable),
    eval: (f) => {
      for (let i = 0; i < tests.length; i++) if (tests[i]!(f) === true) return values[i]!.eval(f);
      return last.eval(f);
    },
  };
  return withCollation(made, typed.find((c) => c.collation) ?? made);
}

function collate(arg: Compiled, name: string): Compiled {
  const collation = findCollation(name);
  if (!collation) throw sqlError(448, name);
  if (arg.untypedNull) return arg;
  if (familyOf(arg.type) !== 'string' && familyOf(arg.type) !== 'text') throw sqlError(447);
  return { ...arg, collation, explicitCollation: true };
}

/** The type a reference stands for; 243 for unknown user types. */
export function resolveType(ref: TypeRef, scope: Pick<Scope, 'userType'>): SqlType {
  if (ref.k === 'system') return ref.type;
  const found = scope.userType(ref.name);
  if (!found)
    throw sqlError(243, ref.name.schema === undefined ? ref.name.name : `${ref.name.schema}.${ref.name.name}`);
  return found;
}

function compileCast(e: CastExpr, scope: Scope): Compiled {
  const arg = compileExpr(e.arg, scope);
  const type = resolveType(e.type, scope);
  if (arg.untypedNull) return typedNull(type);
  const style = e.style ? compileExpr(e.style, scope) : undefined;
  const run = e.isParse ? parsed(arg, type) : castFunction(arg, type, style);
  const evaluate = e.isTry ? attempt(run) : run;
  const nullable = arg.nullable || e.isTry || (style?.nullable ?? false);
  const byFormat = isTemporal(type) && familyOf(arg.type) === 'string';
  if (byFormat && !style?.constant) return { type, nullable, eval: evaluate };
  return pure(type, nullable, style ? [arg, style] : [arg], evaluate);
}

function castFunction(arg: Compiled, type: SqlType, style: Compiled | undefined): (f: Frame) => SqlValue {
  if (!style) {
    const byDefault = converter(arg.type, type);
    if (!(isTemporal(type) && familyOf(arg.type) === 'string')) return (f) => byDefault(arg.eval(f));
    return (f) => {
      const { dateFormat } = f.env;
      return dateFormat === 'mdy' ? byDefault(arg.eval(f)) : converter(arg.type, type, { dateFormat })(arg.eval(f));
    };
  }
  converter(arg.type, type);
  const number = coerce(style, INT);
  return (f) => {
    const s = number.eval(f);
    return s === null ? null : convert(arg.eval(f), arg.type, type, s as number);
  };
}

/** PARSE of a text; whatever is wrong with it is 9819. */
function parsed(arg: Compiled, type: SqlType): (f: Frame) => SqlValue {
  if (!isTemporal(type)) throw unsupported(`PARSE as ${typeName(type)}`);
  if (familyOf(arg.type) !== 'string') throw sqlError(8116, typeName(arg.type), 1, 'parse');
  const run = castFunction(arg, type, undefined);
  return (f) => {
    try {
      return run(f);
    } catch (error) {
      if (error instanceof SqlError) throw sqlError(9819, String(arg.eval(f)), typeName(type), '');
      throw error;
    }
  };
}

/** TRY_CAST: an error of the conversion is NULL. */
function attempt(run: (f: Frame) => SqlValue): (f: Frame) => SqlValue {
  return (f) => {
    try {
      return run(f);
    } catch (error) {
      if (error instanceof SqlError) return null;
      throw error;
    }
  };
}

function compileCall(call: FunctionCall, scope: Scope): Compiled {
  const owned = scope.call(call);
  if (owned) return owned;
  try {
    const builtin = call.name.schema === undefined ? compileBuiltin(call, scope) : undefined;
    if (builtin) return builtin;
  } catch (error) {
    throw error instanceof SqlError ? error.at(call.line) : error;
  }
  const { schema, name } = call.name;
  if (schema === undefined) throw sqlError(195, name, 'built-in function name').at(call.line);
  throw sqlError(4121, schema, `${schema}.${name}`).at(call.line);
}

/** NULLIF(a, b): NULL when they are equal, else a. */
export function nullIf(a: Compiled, b: Compiled): Compiled {
  const equal = compareCompiled('=', a, b);
  return withCollation({ type: a.type, nullable: true, eval: (f) => (equal(f) === true ? null : a.eval(f)) }, a);
}
