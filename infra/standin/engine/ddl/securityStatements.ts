import type { Principal } from '../../security/principals.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Handler, Runner } from '../run/runner.ts';

function requireOwner(runner: Runner, permission: string): void {
  const { session } = runner;
  if (session.security.isOwner || session.security.hasDatabase(permission)) return;
  throw sqlError(15247);
}

function requireServer(runner: Runner, permission: string): void {
  if (!runner.session.security.hasServer(permission)) throw sqlError(15247);
}

function principal(runner: Runner, name: string): Principal {
  const found = runner.session.database.principals.find(name);
  if (!found) throw sqlError(15151, 'find', 'principal', name);
  return found;
}

const createSchema: Handler<'createSchema'> = (runner, { name, owner }) => {
  const { database } = runner.session;
  requireOwner(runner, 'CREATE SCHEMA');
  if (database.schemas.has(name.toLowerCase())) throw sqlError(2714, name);
  if (owner !== undefined) principal(runner, owner);
  database.addSchema(name, owner ?? runner.session.security.user);
  runner.session.server.changed();
  return null;
};

const createRole: Handler<'createRole'> = (runner, { name, owner, server }) => {
  const { session } = runner;
  if (server) {
    requireServer(runner, 'ALTER ANY SERVER ROLE');
    if (session.server.logins.roles.has(name.toLowerCase())) throw sqlError(15025, name);
    session.server.logins.roles.set(name.toLowerCase(), new Set());
    return null;
  }
  requireOwner(runner, 'CREATE ROLE');
  const { principals } = session.database;
  if (principals.find(name)) throw sqlError(15023, name);
  principals.addRole(name, owner ?? session.security.user, session.server.nowMs());
  return null;
};

const createUser: Handler<'createUser'> = (runner, statement) => {
  const { session } = runner;
  requireOwner(runner, 'ALTER ANY USER');
  const { principals } = session.database;
  if (principals.find(statement.name)) throw sqlError(15023, statement.name);
  const login = statement.withoutLogin ? undefined : (statement.login ?? statement.name);
  if (login !== undefined) {
    if (!session.server.logins.find(login)) throw sqlError(15007, login);
    if (principals.forLogin(login)) throw sqlError(15063);
  }
  principals.addUser(statement.name, login, statement.defaultSchema ?? 'dbo', session.server.nowMs());
  session.server.securityChanged();
  return null;
};

const alterUser: Handler<'alterUser'> = (runner, statement) => {
  const { session } = runner;
  requireOwner(runner, 'ALTER ANY USER');
  const user = principal(runner, statement.name);
  if (statement.defaultSchema !== undefined) user.defaultSchema = statement.defaultSchema;
  if (statement.login !== undefined) {
    if (!session.server.logins.find(statement.login)) throw sqlError(15007, statement.login);
    user.login = statement.login;
  }
  if (statement.newName !== undefined) session.database.principals.rename(user, statement.newName);
  session.server.securityChanged();
  return null;
};

const createLogin: Handler<'createLogin'> = (runner, { name, password, defaultDatabase }) => {
  const { server } = runner.session;
  requireServer(runner, 'ALTER ANY LOGIN');
  if (server.logins.find(name)) throw sqlError(15025, name);
  if (password === undefined) throw unsupported('a login without password');
  server.logins.add(name, password, defaultDatabase ?? 'master', server.nowMs());
  return null;
};

const alterLogin: Handler<'alterLogin'> = (runner, { name, password, defaultDatabase, enable }) => {
  const { server, security } = runner.session;
  const login = server.logins.find(name);
  if (!login) throw sqlError(15151, 'alter', 'login', name);
  if (security.login.toLowerCase() !== name.toLowerCase()) requireServer(runner, 'ALTER ANY LOGIN');
  if (password !== undefined) server.logins.setPassword(login, password);
  if (defaultDatabase !== undefined) login.defaultDatabase = defaultDatabase;
  if (enable !== undefined) login.enabled = enable;
  return null;
};

const alterRole: Handler<'alterRole'> = (runner, { role, action, member, server }) => {
  const { session } = runner;
  if (server) {
    requireServer(runner, 'ALTER ANY SERVER ROLE');
    const members = session.server.logins.roles.get(role.toLowerCase());
    if (!members || !session.server.logins.find(member)) throw sqlError(15151, 'alter', 'server role', role);
    if (action === 'add') members.add(member.toLowerCase());
    else members.delete(member.toLowerCase());
  } else {
    requireOwner(runner, 'ALTER ANY ROLE');
    const found = session.database.principals.find(role);
    if (found?.kind !== 'role') throw sqlError(15151, 'alter', 'role', role);
    if (!session.database.principals.find(member)) throw sqlError(15151, 'add', 'principal', member);
    if (action === 'add') found.members.add(member.toLowerCase());
    else found.members.delete(member.toLowerCase());
  }
  session.server.securityChanged();
  return null;
};

const alterAuthorization: Handler<'alterAuthorization'> = (runner, { securable, principal: owner }) => {
  const { session } = runner;
  if (securable.class === 'SCHEMA') {
    requireOwner(runner, 'TAKE OWNERSHIP');
    const schema = session.database.schemas.get(securable.name.name.toLowerCase());
    if (!schema) throw sqlError(15151, 'find', 'schema', securable.name.name);
    principal(runner, owner);
    schema.owner = owner;
  } else if (securable.class === 'DATABASE') {
    requireServer(runner, 'CONTROL SERVER');
    const database = session.server.findDatabase(securable.name.name);
    if (!database || !session.server.logins.find(owner)) throw sqlError(15151, 'find', 'principal', owner);
    database.owner = owner;
  } else throw unsupported(`ALTER AUTHORIZATION ON ${securable.class}`);
  session.server.securityChanged();
  session.server.changed();
  return null;
};

export const SECURITY_STATEMENTS = {
  createSchema,
  createRole,
  createUser,
  alterUser,
  createLogin,
  alterLogin,
  alterRole,
  alterAuthorization,
};
