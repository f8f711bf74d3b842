import type { Expr, FunctionCall, ObjectName, OrderItem, Predicate, TypeRef } from './ast.ts';
import { unsupported } from './errors.ts';
import { MAX, type SqlType, type SqlValue } from './values.ts';

/**
 * Expressions as the catalog views show them in default, check and computed column definitions: names in brackets, functions and
 * operators in lower case, numbers in parentheses (`(getdate())`, `((1))`, `([QTY]>=(0))`). Debezium reads defaults from this form.
 */
export function printExpr(e: Expr): string {
  switch (e.k) {
    case 'literal':
      return printLiteral(e.type, e.value);
    case 'null':
      return 'NULL';
    case 'default':
      return 'DEFAULT';
    case 'variable':
    case 'systemVariable':
      return e.name;
    case 'column':
      return [...e.qualifier, e.name].map(bracket).join('.');
    case 'action':
      return '$action';
    case 'unary':
      return e.op === '+' ? printExpr(e.arg) : printUnary(e.op, e.arg);
    case 'binary':
      return `${operand(e.left)}${e.op}${operand(e.right)}`;
    case 'collate':
      return `${printExpr(e.arg)} collate ${e.collation}`;
    case 'atTimeZone':
      return `${printExpr(e.arg)} AT TIME ZONE ${printExpr(e.zone)}`;
    case 'case': {
      const whens = e.whens.map((w) => ` when ${printPredicate(w.when)} then ${printExpr(w.result)}`).join('');
      return `case${whens}${e.otherwise ? ` else ${printExpr(e.otherwise)}` : ''} end`;
    }
    case 'simpleCase': {
      const whens = e.whens.map((w) => ` when ${printExpr(w.when)} then ${printExpr(w.result)}`).join('');
      return `case ${printExpr(e.input)}${whens}${e.otherwise ? ` else ${printExpr(e.otherwise)}` : ''} end`;
    }
    case 'iif':
      return `case when ${printPredicate(e.test)} then ${printExpr(e.result)} else ${printExpr(e.otherwise)} end`;
    case 'cast': {
      if (e.isParse) return `${e.isTry ? 'TRY_' : ''}PARSE(${printExpr(e.arg)} AS ${printTypeRef(e.type)})`;
      const name = e.isTry ? 'TRY_CAST' : 'CONVERT';
      if (e.isTry) return `${name}(${printExpr(e.arg)} AS ${printTypeRef(e.type)})`;
      return `${name}(${[printTypeRef(e.type), printExpr(e.arg), ...(e.style ? [printExpr(e.style)] : [])].join(',')})`;
    }
    case 'call':
      return printCall(e);
    case 'subquery':
      throw unsupported('A subquery in a definition');
    case 'nextValue':
      return `NEXT VALUE FOR ${printName(e.sequence)}`;
    case 'xmlValue':
      throw unsupported('An xml method in a definition');
  }
}

function printUnary(op: '-' | '~', arg: Expr): string {
  // A negative number is one constant: (-1), not -(1).
  if (op === '-' && arg.k === 'literal') {
    const { value } = arg;
    if (typeof value === 'number' || typeof value === 'bigint') return printLiteral(arg.type, -value);
  }
  return `${op}${operand(arg)}`;
}

function operand(e: Expr): string {
  const text = printExpr(e);
  return e.k === 'binary' ? `(${text})` : text;
}

/** A condition in the same form. */
export function printPredicate(p: Predicate): string {
  switch (p.k) {
    case 'and':
    case 'or':
      return `${group(p.left, p.k)} ${p.k.toUpperCase()} ${group(p.right, p.k)}`;
    case 'not':
      return `NOT ${group(p.arg, 'not')}`;
    case 'compare':
      return `${printExpr(p.left)}${p.op}${printExpr(p.right)}`;
    case 'isNull':
      return `${printExpr(p.arg)} IS ${p.negated ? 'NOT ' : ''}NULL`;
    case 'inList': {
      // The catalog shows IN as the comparisons it stands for, last item first.
      const items = [...p.list].reverse().map((item) => `${printExpr(p.arg)}=${printExpr(item)}`);
      const text = items.join(' OR ');
      return p.negated ? `NOT (${text})` : items.length > 1 ? `(${text})` : text;
    }
    case 'between': {
      const text = `${printExpr(p.arg)}>=${printExpr(p.low)} AND ${printExpr(p.arg)}<=${printExpr(p.high)}`;
      return p.negated ? `NOT (${text})` : `${text}`;
    }
    case 'like': {
      const tail = p.escape ? ` escape ${printExpr(p.escape)}` : '';
      return `${p.negated ? 'NOT ' : ''}${printExpr(p.arg)} like ${printExpr(p.pattern)}${tail}`;
    }
    case 'columnUpdated':
      return `UPDATE(${bracket(p.column)})`;
    case 'inQuery':
    case 'exists':
      throw unsupported('A subquery in a definition');
  }
}

function group(p: Predicate, inside: 'and' | 'or' | 'not'): string {
  const text = printPredicate(p);
  const looser = (p.k === 'or' && inside !== 'or') || (p.k === 'and' && inside === 'not');
  return looser ? `(${text})` : text;
}

function printCall(e: FunctionCall): string {
  const builtIn = e.name.schema === undefined;
  const name = builtIn ? e.name.name.toLowerCase() : printName(e.name);
  const args = e.args.map(printExpr);
  if (e.datepart) args.unshift(e.datepart);
  const distinct = e.distinct ? 'distinct ' : '';
  const over = e.over ? ` over (${e.over.orderBy.map(printOrder).join(',')})` : '';
  return `${name}(${e.star ? '*' : distinct + args.join(',')})${over}`;
}

function printOrder(o: OrderItem): string {
  return `${printExpr(o.expr)}${o.descending ? ' desc' : ''}`;
}

/** `[a]`, closing brackets doubled. */
export function bracket(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** `[schema].[name]`. */
function printName(name: ObjectName): string {
  return [name.database, name.schema, name.name]
    .filter((part) => part !== undefined)
    .map(bracket)
    .join('.');
}

function printTypeRef(ref: TypeRef): string {
  return ref.k === 'user' ? printName(ref.name) : printType(ref.type, ref.name).replace(/^(\w+)/, '[$1]');
}

/** `varchar(20)`, `decimal(9,2)`, `datetime2(3)`, `nvarchar(max)`; `name` overrides the type's own ('numeric', 'sysname'). */
export function printType(type: SqlType, name: string = type.k === 'rowversion' ? 'timestamp' : type.k): string {
  if (name === 'sysname') return name;
  if ('n' in type) return `${name}(${type.n === MAX ? 'max' : type.n})`;
  if ('p' in type) return `${name}(${type.p},${type.s})`;
  if ('s' in type) return `${name}(${type.s})`;
  return name;
}

function printLiteral(type: SqlType, value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string')
    return `${type.k === 'nvarchar' || type.k === 'nchar' ? 'N' : ''}'${value.replaceAll("'", "''")}'`;
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex').toUpperCase()}`;
  if (typeof value === 'bigint') {
    const scale = type.k === 'decimal' ? type.s : type.k === 'money' ? 4 : 0;
    return `(${type.k === 'money' ? '$' : ''}${scaled(value, scale)})`;
  }
  return `(${String(value)})`;
}

function scaled(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${value < 0n ? '-' : ''}${scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`}`;
}
