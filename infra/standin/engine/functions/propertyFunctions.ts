import { INT, nvarchar, type SqlValue, VARIANT } from '../../sql/values.ts';
import type { Database } from '../model/database.ts';
import { type FunctionGroup, fn } from './engineFunction.ts';
import { COLLATION_NAME, PRODUCT_VERSION } from './serverFacts.ts';

const NAME = nvarchar(128);

const text = (value: string): SqlValue => ({ variant: NAME, value });
const int = (value: number): SqlValue => ({ variant: INT, value });
const textArg = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');

const [MAJOR = '', MINOR = '', BUILD = ''] = PRODUCT_VERSION.split('.');

/** SERVERPROPERTY by lower-case name. */
const SERVER_PROPERTIES: Readonly<Record<string, SqlValue>> = {
  productversion: text(PRODUCT_VERSION),
  productmajorversion: text(MAJOR),
  productminorversion: text(MINOR),
  productbuild: text(BUILD),
  productlevel: text('RTM'),
  edition: text('Developer Edition (64-bit)'),
  editionid: { variant: { k: 'bigint' }, value: -2117995310n },
  /** 3 = the edition family that has CDC, online operations and the like. */
  engineedition: int(3),
  collation: text(COLLATION_NAME),
  isintegratedsecurityonly: int(0),
  isclustered: int(0),
  ishadrenabled: int(0),
  isfulltextinstalled: int(0),
  isxtpsupported: int(0),
  issingleuser: int(0),
  lcid: int(1033),
  sqlcharset: { variant: { k: 'tinyint' }, value: 1 },
  sqlcharsetname: text('iso_1'),
  sqlsortorder: { variant: { k: 'tinyint' }, value: 52 },
  sqlsortordername: text('nocase_iso'),
  resourceversion: text(PRODUCT_VERSION),
  licensetype: text('DISABLED'),
  processid: int(process.pid),
};

/** Properties that are the server's name. */
const NAME_PROPERTIES = new Set(['servername', 'machinename', 'computernamephysicalnetbios']);

function databaseProperty(database: Database, property: string): SqlValue {
  const { options } = database;
  switch (property.toLowerCase()) {
    case 'collation':
      return text(COLLATION_NAME);
    case 'status':
      return text('ONLINE');
    case 'updateability':
      return text(options.readOnly ? 'READ_ONLY' : 'READ_WRITE');
    case 'useraccess':
      return text('MULTI_USER');
    case 'recovery':
      return text(options.recoveryModel);
    case 'version':
      return int(957);
    case 'isautoclose':
    case 'isautoshrink':
    case 'isfulltextenabled':
    case 'ispublished':
    case 'isinstandby':
      return int(0);
    case 'lcid':
      return int(1033);
    default:
      return null;
  }
}

/** Properties of the server and of databases; NULL for those that do not exist. */
export const propertyFunctions: FunctionGroup = {
  serverproperty: fn(VARIANT, [NAME], (env, [name]) => {
    const wanted = textArg(name).toLowerCase();
    if (NAME_PROPERTIES.has(wanted)) return text(env.session.server.name);
    return Object.hasOwn(SERVER_PROPERTIES, wanted) ? SERVER_PROPERTIES[wanted]! : null;
  }),
  databasepropertyex: fn(VARIANT, [NAME, NAME], (env, [name, property]) => {
    const database = env.session.server.findDatabase(textArg(name));
    return database ? databaseProperty(database, textArg(property)) : null;
  }),
  has_dbaccess: fn(INT, [NAME], (env, [name]) => {
    const { server, security } = env.session;
    const database = server.findDatabase(textArg(name));
    if (!database) return null;
    try {
      server.contextFor(security.login, database);
      return 1;
    } catch {
      return 0;
    }
  }),
};
