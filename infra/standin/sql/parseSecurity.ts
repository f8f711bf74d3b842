import type { PermissionStatement, Securable } from './astDdl.ts';
import type { Statement } from './astStatements.ts';
import { unsupported } from './errors.ts';
import { parseObjectName } from './parseNames.ts';
import type { TokenStream } from './tokenStream.ts';

/** GRANT, DENY, REVOKE; the current token is the verb. */
export function parsePermission(ts: TokenStream): Statement {
  const line = ts.line;
  const verb = ts.next().key;
  const action = verb === 'GRANT' ? 'grant' : verb === 'DENY' ? 'deny' : 'revoke';
  let grantOption = false;
  if (action === 'revoke') grantOption = ts.eatSeq('GRANT', 'OPTION', 'FOR');
  const permissions = ts.list(() => parseOnePermission(ts));
  const securable = ts.eat('ON') ? parseSecurable(ts) : undefined;
  const columns = securable && ts.is('(') ? ts.parens(() => ts.name()) : [];
  if (action === 'revoke' && ts.eat('FROM')) {
    // FROM and TO mean the same here.
  } else ts.need('TO');
  const principals = ts.list(() => ts.anyName());
  if (ts.eatSeq('WITH', 'GRANT', 'OPTION')) grantOption = true;
  ts.eat('CASCADE');
  if (ts.eat('AS')) ts.anyName();
  const full: PermissionStatement = {
    k: 'permission',
    action,
    permissions:
      columns.length > 0 ? permissions.map((p) => ({ ...p, columns: [...p.columns, ...columns] })) : permissions,
    ...(securable ? { securable } : {}),
    principals,
    grantOption,
  };
  return { ...full, line };
}

function parseOnePermission(ts: TokenStream): { name: string; columns: string[] } {
  const words: string[] = [];
  while (ts.cur.kind === 'word' && !ts.isAny('ON', 'TO', 'FROM')) words.push(ts.next().key);
  if (words.length === 0) throw ts.error();
  const name = words.join(' ') === 'EXEC' ? 'EXECUTE' : words.join(' ') === 'ALL PRIVILEGES' ? 'ALL' : words.join(' ');
  return { name, columns: ts.is('(') ? ts.parens(() => ts.name()) : [] };
}

const CLASSES: ReadonlyMap<string, Securable['class']> = new Map([
  ['OBJECT', 'OBJECT'],
  ['SCHEMA', 'SCHEMA'],
  ['TYPE', 'TYPE'],
  ['DATABASE', 'DATABASE'],
  ['LOGIN', 'LOGIN'],
  ['USER', 'USER'],
  ['ROLE', 'ROLE'],
]);

function parseSecurable(ts: TokenStream): Securable {
  if (ts.peek().key === '::') {
    const t = ts.next();
    const kind = CLASSES.get(t.key);
    if (!kind) throw unsupported(`A permission on ${t.text}`, t.line);
    ts.next();
    return { class: kind, name: parseObjectName(ts) };
  }
  return { class: 'OBJECT', name: parseObjectName(ts) };
}

/** CREATE or ALTER of USER, LOGIN, ROLE, SERVER ROLE; the current token is that word. */
export function parsePrincipal(ts: TokenStream, verb: 'create' | 'alter', line: number): Statement {
  const what = ts.next().key;
  if (what === 'SERVER') {
    ts.need('ROLE');
    return parseCreateRole(ts, true, line);
  }
  if (what === 'ROLE') return parseCreateRole(ts, false, line);
  return what === 'LOGIN' ? parseLogin(ts, verb, line) : parseUser(ts, verb, line);
}

function parseCreateRole(ts: TokenStream, server: boolean, line: number): Statement {
  const name = ts.name();
  const owner = ts.eat('AUTHORIZATION') ? ts.name() : undefined;
  return { k: 'createRole', name, server, ...(owner === undefined ? {} : { owner }), line };
}

function parseUser(ts: TokenStream, verb: 'create' | 'alter', line: number): Statement {
  const name = ts.name();
  let login: string | undefined;
  let withoutLogin = false;
  if (ts.isSeq('FROM', 'EXTERNAL')) throw unsupported('A user FROM EXTERNAL PROVIDER', line);
  if (ts.eat('FOR') || ts.eat('FROM')) {
    if (!ts.is('LOGIN')) throw unsupported(`A user for a ${ts.cur.text}`, line);
    ts.next();
    login = ts.name();
  } else if (ts.eatSeq('WITHOUT', 'LOGIN')) withoutLogin = true;
  let defaultSchema: string | undefined;
  let newName: string | undefined;
  if (ts.eat('WITH')) {
    ts.list(() => {
      const option = ts.next();
      ts.need('=');
      if (option.key === 'DEFAULT_SCHEMA') defaultSchema = ts.anyName();
      else if (option.key === 'NAME') newName = ts.name();
      else if (option.key === 'LOGIN') login = ts.name();
      else throw unsupported(`The user option ${option.text}`, option.line);
    });
  }
  return {
    k: verb === 'create' ? 'createUser' : 'alterUser',
    name,
    withoutLogin,
    ...(login === undefined ? {} : { login }),
    ...(defaultSchema === undefined ? {} : { defaultSchema }),
    ...(newName === undefined ? {} : { newName }),
    line,
  };
}

function parseLogin(ts: TokenStream, verb: 'create' | 'alter', line: number): Statement {
  const name = ts.name();
  const k = verb === 'create' ? 'createLogin' : 'alterLogin';
  if (ts.isAny('ENABLE', 'DISABLE')) return { k, name, enable: ts.next().key === 'ENABLE', line };
  if (ts.is('FROM')) throw unsupported('A login FROM WINDOWS or a certificate', line);
  ts.need('WITH');
  let password: string | undefined;
  let defaultDatabase: string | undefined;
  ts.list(() => {
    const option = ts.next();
    ts.need('=');
    if (option.key === 'PASSWORD') {
      if (ts.cur.kind === 'binary') throw unsupported('A hashed password', option.line);
      password = ts.string();
      while (ts.isAny('MUST_CHANGE', 'UNLOCK')) ts.next();
      if (ts.eat('OLD_PASSWORD')) {
        ts.need('=');
        ts.string();
      }
    } else if (option.key === 'DEFAULT_DATABASE') defaultDatabase = ts.anyName();
    else if (option.key === 'SID' || option.key === 'NAME' || option.key === 'CREDENTIAL')
      throw unsupported(`The login option ${option.text}`, option.line);
    else ts.next(); // CHECK_POLICY, CHECK_EXPIRATION, DEFAULT_LANGUAGE: no policy is enforced here.
  });
  return {
    k,
    name,
    ...(password === undefined ? {} : { password }),
    ...(defaultDatabase === undefined ? {} : { defaultDatabase }),
    line,
  };
}

/** ALTER [SERVER] ROLE r ADD | DROP MEMBER m; the current token is ROLE. */
export function parseAlterRole(ts: TokenStream, server: boolean, line: number): Statement {
  ts.need('ROLE');
  const role = ts.name();
  if (ts.eatSeq('WITH', 'NAME')) throw unsupported('ALTER ROLE … WITH NAME', line);
  const action = ts.eat('DROP') ? 'drop' : 'add';
  if (action === 'add') ts.need('ADD');
  ts.need('MEMBER');
  return { k: 'alterRole', role, action, member: ts.name(), server, line };
}

/** ALTER AUTHORIZATION ON [class::]name TO principal; the current token is AUTHORIZATION. */
export function parseAlterAuthorization(ts: TokenStream, line: number): Statement {
  ts.next();
  ts.need('ON');
  const securable = parseSecurable(ts);
  ts.need('TO');
  if (ts.isSeq('SCHEMA', 'OWNER')) throw unsupported('ALTER AUTHORIZATION … TO SCHEMA OWNER', line);
  return { k: 'alterAuthorization', securable, principal: ts.anyName(), line };
}
