import { entry } from './entry.ts';

/** Error codes of sqlserver. */
export const SQLSERVER_ERRORS = {
  // connectors/sqlserver
  SQL_UNREACHABLE: entry(
    'The SQL Server does not answer.',
    'Check source.server and source.port, the firewall and that the service runs; Sluice goes on by itself when it is back.',
    true,
  ),
  SQL_LOGIN_FAILED: entry(
    'SQL Server refused the login.',
    'Check the user and the password and that the login is enabled.',
  ),
  SQL_DATABASE_UNAVAILABLE: entry(
    'The login works, but the database cannot be opened.',
    'Check the name of the database, that it is online and that the login has a user in it.',
  ),
  SQL_NOT_ENCRYPTED: entry(
    'The server offers no encryption, but the configuration wants it.',
    'Set up TLS on the server, or set source.encrypt to false if the network is trusted; the password was not sent.',
  ),
  SQL_CERTIFICATE_UNTRUSTED: entry(
    'The certificate of the server is not trusted.',
    'Name the signing authority in source.caFile (or NODE_EXTRA_CA_CERTS) and a host the certificate is for in source.server; trustServerCertificate is for tests.',
  ),
  SQL_PERMISSION_DENIED: entry('The login lacks a right.', 'Grant what `sluice check` names.'),
  SQL_OBJECT_MISSING: entry(
    'An object that a query needs does not exist.',
    'Run `sluice check`; the database was changed or set up in part.',
  ),
  SQL_DEADLOCK: entry(
    'The statement was chosen as a deadlock victim; its transaction is gone.',
    'Nothing to do: it is tried again.',
    true,
  ),
  SQL_LOCK_TIMEOUT: entry(
    'A lock was not granted in time.',
    'Nothing to do unless it repeats: then look for a long transaction.',
    true,
  ),
  SQL_SNAPSHOT_CONFLICT: entry(
    'A transaction under SNAPSHOT isolation met a newer version or a changed table.',
    'Nothing to do: it is tried again.',
    true,
  ),
  SQL_SNAPSHOT_NOT_ALLOWED: entry(
    'SNAPSHOT isolation is off in the database.',
    'ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON, by whoever owns the database.',
  ),
  SQL_TRANSIENT: entry('SQL Server cannot do it at the moment.', 'Nothing to do unless it repeats.', true),
  SQL_TIMEOUT: entry(
    'A query did not end in time; whether it took effect is unknown.',
    'Raise source.requestTimeoutMs or look for what blocks it.',
    true,
  ),
  SQL_CANCELLED: entry('A query was cancelled on request.', 'Nothing to do.'),
  SQL_REQUEST_FAILED: entry('SQL Server refused a statement.', 'See the number and the text of the server.'),

  // connectors/sqlserver, values
  CDC_VALUE_UNFIT: entry(
    'A value of the source cannot be carried exactly.',
    'See the column; leave it out of the capture instance or change its values. Nothing is ever rounded.',
  ),
} as const;
