import { convert } from '../../sql/convert.ts';
import { SqlError, sqlError } from '../../sql/errors.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import { emitError } from './errorEvents.ts';
import { evaluateAs, evaluateExpr } from './evaluate.ts';
import { originOf } from './failures.ts';
import type { Handler } from './runner.ts';

const INT: SqlType = { k: 'int' };
const TEXT: SqlType = { k: 'nvarchar', n: 2048 };
const LEAST_USER_ERROR = 50_000;

const throwStatement: Handler<'throw'> = async (runner, statement, env) => {
  const { session } = runner;
  if (!statement.number || !statement.message || !statement.state) {
    const last = session.caught.at(-1);
    if (!last) throw sqlError(10704);
    const again = new SqlError(last.number, last.message, last.severity, last.state, {
      line: last.line,
      procedure: last.procedure,
    });
    originOf(again).thrown = true;
    throw again;
  }
  const number = Number(await evaluateAs(runner, env, statement.number, INT));
  const message = String((await evaluateAs(runner, env, statement.message, TEXT)) ?? '');
  const state = Number(await evaluateAs(runner, env, statement.state, INT));
  if (number < LEAST_USER_ERROR) throw sqlError(35100, number);
  const error = new SqlError(number, message, 16, state & 255);
  originOf(error).thrown = true;
  throw error;
};

const raiserror: Handler<'raiserror'> = async (runner, statement, env) => {
  const first = evaluateExpr(runner, env, statement.message);
  const message = await first.value;
  const severity = Number(await evaluateAs(runner, env, statement.severity, INT));
  const state = Number(await evaluateAs(runner, env, statement.state, INT));
  const args: { type: SqlType; value: SqlValue }[] = [];
  for (const arg of statement.args) {
    const { type, value } = evaluateExpr(runner, env, arg);
    args.push({ type, value: await value });
  }
  const isNumber = typeof message === 'number';
  const template = isNumber
    ? `Error ${message}, severity ${severity}, state ${state} was raised, but no message with that error number was found in sys.messages.`
    : String(message ?? '');
  const number = isNumber ? 18054 : LEAST_USER_ERROR;
  const error = new SqlError(
    number,
    formatMessage(template, args),
    Math.max(0, Math.min(25, severity)),
    state < 0 ? 1 : state & 255,
  );
  originOf(error).raised = true;
  error.at(statement.line, env.module?.name ?? '');
  if (error.severity <= 10) {
    emitError(runner, error);
    runner.session.error = statement.options.includes('SETERROR') ? number : 0;
    return null;
  }
  throw error;
};

/** The printf-like form of RAISERROR: %s %d %i %u %x %X %o with flags, width and precision, and %%. */
function formatMessage(template: string, args: readonly { type: SqlType; value: SqlValue }[]): string {
  let next = 0;
  return template.replace(
    /%(%|([-+0# ]*)(\d+|\*)?(?:\.(\d+|\*))?(?:h|l|I64)?([sdiuxXo]))/g,
    (_all, whole, flags, width, precision, kind) => {
      if (whole === '%') return '%';
      const wide = width === '*' ? Number(args[next++]?.value ?? 0) : Number(width ?? 0);
      const cut = precision === '*' ? Number(args[next++]?.value ?? 0) : precision;
      const arg = args[next++];
      let text = arg === undefined || arg.value === null ? '(null)' : formatOne(arg, kind as string, cut);
      if (String(flags).includes('0') && kind !== 's') text = text.padStart(wide, '0');
      return String(flags).includes('-') ? text.padEnd(wide) : text.padStart(wide);
    },
  );
}

function formatOne(
  arg: { type: SqlType; value: SqlValue },
  kind: string,
  precision: string | number | undefined,
): string {
  if (kind === 's') {
    const text = String(convert(arg.value, arg.type, { k: 'nvarchar', n: -1 }));
    return precision === undefined ? text : text.slice(0, Number(precision));
  }
  const value = BigInt(convert(arg.value, arg.type, { k: 'bigint' }) as bigint);
  const unsigned = value < 0n ? BigInt.asUintN(32, value) : value;
  if (kind === 'x') return unsigned.toString(16);
  if (kind === 'X') return unsigned.toString(16).toUpperCase();
  if (kind === 'o') return unsigned.toString(8);
  return (kind === 'u' ? unsigned : value).toString();
}

export const ERROR_STATEMENTS = { throw: throwStatement, raiserror };
