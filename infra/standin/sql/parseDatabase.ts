import type { TrackingSetting } from './astDdl.ts';
import type { Statement } from './astStatements.ts';
import { unsupported } from './errors.ts';
import type { TokenStream } from './tokenStream.ts';

/** CREATE DATABASE name [COLLATE x]; file clauses are skipped, there being no files. The current token is DATABASE. */
export function parseCreateDatabase(ts: TokenStream, line: number): Statement {
  ts.next();
  if (ts.isAny('AUDIT', 'SCOPED', 'ENCRYPTION')) throw unsupported(`CREATE DATABASE ${ts.cur.key}`, line);
  const name = ts.name();
  let collation: string | undefined;
  if (ts.is('CONTAINMENT')) throw unsupported('A contained database', line);
  if (ts.is('ON') || ts.isSeq('LOG', 'ON')) skipFiles(ts);
  if (ts.eat('COLLATE')) collation = ts.anyName();
  if (ts.is('AS') || ts.isSeq('FOR', 'ATTACH')) throw unsupported('CREATE DATABASE … AS or FOR ATTACH', line);
  return { k: 'createDatabase', name, ...(collation === undefined ? {} : { collation }), line };
}

function skipFiles(ts: TokenStream): void {
  while (ts.isAny('ON', 'LOG', 'PRIMARY', '(', ',')) {
    if (ts.eat('(')) {
      let depth = 1;
      while (depth > 0) {
        const t = ts.next();
        if (t.kind === 'end') throw ts.error();
        if (t.key === '(') depth++;
        if (t.key === ')') depth--;
      }
    } else ts.next();
  }
}

/** ALTER DATABASE x SET … | COLLATE … ; the current token is DATABASE. */
export function parseAlterDatabase(ts: TokenStream, line: number): Statement {
  ts.next();
  if (ts.isAny('SCOPED', 'AUDIT', 'ENCRYPTION')) throw unsupported(`ALTER DATABASE ${ts.cur.key}`, line);
  const database = ts.eat('CURRENT') ? undefined : ts.name();
  const named = database === undefined ? {} : { database };
  if (ts.eat('COLLATE'))
    return { k: 'alterDatabase', ...named, options: [{ name: 'COLLATE', value: ts.anyName() }], line };
  if (!ts.eat('SET')) throw ts.cur.kind === 'word' ? unsupported(`ALTER DATABASE … ${ts.cur.key}`, line) : ts.error();
  if (ts.is('CHANGE_TRACKING')) return { k: 'alterDatabase', ...named, options: [], tracking: parseTracking(ts), line };
  const options = ts.list(() => parseOption(ts));
  // WITH ROLLBACK IMMEDIATE, WITH ROLLBACK AFTER n, WITH NO_WAIT: how to treat other sessions; options take effect at once here.
  if (ts.eat('WITH')) {
    if (ts.eat('ROLLBACK')) {
      if (!ts.eat('IMMEDIATE')) {
        ts.need('AFTER');
        ts.integer();
        ts.eat('SECONDS');
      }
    } else ts.need('NO_WAIT');
  }
  return { k: 'alterDatabase', ...named, options, line };
}

/** CHANGE_TRACKING = ON [(options)] | = OFF | (options). */
function parseTracking(ts: TokenStream): TrackingSetting {
  ts.need('CHANGE_TRACKING');
  const given = ts.eat('=');
  const on = given ? ts.eat('ON') : undefined;
  if (given && !on) ts.need('OFF');
  if (!given && !ts.is('(')) throw ts.error();
  if (on === false || !ts.is('(')) return { on };
  const options: TrackingSetting[] = ts.parens(() => parseTrackingOption(ts));
  return Object.assign({ on }, ...options.map(({ on: _, ...rest }) => rest)) as TrackingSetting;
}

const RETENTION_UNITS = ['MINUTES', 'HOURS', 'DAYS'] as const;

function parseTrackingOption(ts: TokenStream): TrackingSetting {
  if (ts.eat('AUTO_CLEANUP')) {
    ts.need('=');
    const autoCleanup = ts.eat('ON');
    if (!autoCleanup) ts.need('OFF');
    return { on: undefined, autoCleanup };
  }
  ts.need('CHANGE_RETENTION');
  ts.need('=');
  const retention = Number(ts.integer());
  const unit = RETENTION_UNITS.find((candidate) => ts.eat(candidate)) ?? 'DAYS';
  return { on: undefined, retention, unit };
}

/** NAME ON, NAME = ON, NAME value, or a bare word (SINGLE_USER, READ_ONLY): upper case. */
function parseOption(ts: TokenStream): { name: string; value: string } {
  const name = ts.anyName().toUpperCase();
  ts.eat('=');
  if (ts.is('(')) throw unsupported(`ALTER DATABASE … SET ${name} (…)`, ts.line);
  const t = ts.cur;
  if (t.kind === 'number' || (t.kind === 'word' && t.key !== 'WITH') || t.kind === 'quoted') {
    ts.next();
    const unit = t.kind === 'number' && ts.isAny('SECONDS', 'MINUTES') ? ` ${ts.next().key}` : '';
    return { name, value: t.text.toUpperCase() + unit };
  }
  return { name, value: '' };
}
