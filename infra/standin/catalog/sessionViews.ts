import { lsnNumeric } from '../cdc/lsn.ts';
import type { SessionState } from '../engine/run/sessionState.ts';
import type { IsolationLevel } from '../sql/astStatements.ts';
import { BIGINT, BIT, DATETIME, decimal, GUID, INT, nvarchar, SMALLINT, SYSNAME, TINYINT } from '../sql/values.ts';
import type { Transaction } from '../store/transaction.ts';
import { asDatetime, bit, type CatalogContext, type ViewGroup, type ViewRow, view } from './view.ts';

const LSN_NUMERIC = decimal(25, 0);

const ISOLATION: Readonly<Record<IsolationLevel, number>> = {
  readUncommitted: 1,
  readCommitted: 2,
  repeatableRead: 3,
  serializable: 4,
  snapshot: 5,
};

/** Everybody sees his own session; the others need VIEW SERVER STATE. */
function visibleSessions({ server, session, security }: CatalogContext): SessionState[] {
  const all = security.hasServer('VIEW SERVER STATE');
  return [...server.sessions].filter((other) => all || other === session);
}

function* sessionRows(context: CatalogContext): Iterable<ViewRow> {
  for (const session of visibleSessions(context)) {
    const { options, client } = session;
    yield {
      session_id: session.spid,
      login_time: asDatetime(session.loginTimeMs),
      host_name: client.hostName,
      program_name: client.applicationName,
      host_process_id: client.pid,
      client_version: 7,
      client_interface_name: client.libraryName,
      login_name: session.security.login,
      original_login_name: session.originalLogin,
      status: session === context.session ? 'running' : 'sleeping',
      is_user_process: 1,
      text_size: options.textSize,
      language: options.language,
      date_format: options.dateFormat,
      date_first: options.dateFirst,
      quoted_identifier: bit(options.flags.has('QUOTED_IDENTIFIER')),
      arithabort: bit(options.flags.has('ARITHABORT')),
      ansi_nulls: bit(options.flags.has('ANSI_NULLS')),
      transaction_isolation_level: ISOLATION[options.isolation],
      lock_timeout: options.lockTimeoutMs,
      deadlock_priority: 0,
      row_count: BigInt(session.rowCount),
      prev_error: session.error,
      database_id: session.database.id,
      open_transaction_count: session.tranCount,
    };
  }
}

function* connectionRows(context: CatalogContext): Iterable<ViewRow> {
  for (const session of visibleSessions(context))
    yield {
      session_id: session.spid,
      most_recent_session_id: session.spid,
      connect_time: asDatetime(session.loginTimeMs),
      net_transport: 'TCP',
      protocol_type: 'TSQL',
      protocol_version: 0x74000004,
      encrypt_option: session.client.encrypted ? 'TRUE' : 'FALSE',
      auth_scheme: 'SQL',
      client_net_address: session.client.remoteAddress,
      local_net_address: '127.0.0.1',
    };
}

function* activeTransactions(
  context: CatalogContext,
): Iterable<{ tx: Transaction; session: SessionState | undefined }> {
  const owners = new Map<Transaction, SessionState>();
  for (const session of context.server.sessions) if (session.tx) owners.set(session.tx, session);
  for (const tx of context.server.transactions.active) yield { tx, session: owners.get(tx) };
}

function* databaseTransactionRows(context: CatalogContext): Iterable<ViewRow> {
  const databases = new Map(
    [...context.server.databases.values()].map((database) => [database.transactionLog, database]),
  );
  for (const { tx } of activeTransactions(context)) {
    for (const [log, presence] of tx.logs) {
      const database = databases.get(log);
      if (!database) continue;
      yield {
        transaction_id: BigInt(tx.id),
        database_id: database.id,
        database_transaction_begin_time: asDatetime(presence.beginTimeMs),
        database_transaction_type: 1,
        database_transaction_state: tx.changes.length > 0 ? 4 : 3,
        database_transaction_log_record_count: BigInt(tx.changes.length + 1),
        database_transaction_begin_lsn: lsnNumeric(presence.beginLsn),
        database_transaction_last_lsn: lsnNumeric(presence.lastLsn),
        database_transaction_most_recent_savepoint_lsn:
          presence.savepointLsn === null ? null : lsnNumeric(presence.savepointLsn),
      };
    }
  }
}

function* sessionTransactionRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { tx, session } of activeTransactions(context))
    if (session)
      yield {
        session_id: session.spid,
        transaction_id: BigInt(tx.id),
        is_user_transaction: 1,
        is_local: 1,
        open_transaction_count: session.tranCount,
      };
}

function* activeTransactionRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { tx, session } of activeTransactions(context))
    yield {
      transaction_id: BigInt(tx.id),
      name: session?.tranName || 'user_transaction',
      transaction_begin_time: asDatetime(tx.beginTimeMs),
      transaction_type: 1,
      transaction_state: 2,
    };
}

function* currentTransactionRows({ session, server }: CatalogContext): Iterable<ViewRow> {
  if (session.tx)
    yield {
      transaction_id: BigInt(session.tx.id),
      transaction_sequence_num: BigInt(server.transactions.lastSeq),
      transaction_is_snapshot: bit(session.options.isolation === 'snapshot'),
    };
}

function* serviceRows({ server }: CatalogContext): Iterable<ViewRow> {
  for (const [at, name] of ['SQL Server (MSSQLSERVER)', 'SQL Server Agent (MSSQLSERVER)'].entries())
    yield {
      servicename: name,
      startup_type: 2,
      startup_type_desc: 'Automatic',
      status: at === 1 && !server.agentRunning ? 1 : 4,
      status_desc: at === 1 && !server.agentRunning ? 'Stopped' : 'Running',
      process_id: process.pid,
      service_account: at === 0 ? 'standin' : 'standin-agent',
      is_clustered: 'N',
      filename: '',
    };
}

/** Views of sessions, transactions and the server's own state. */
export const sessionViews: ViewGroup = {
  dm_exec_sessions: view(
    {
      session_id: SMALLINT,
      login_time: DATETIME,
      host_name: nvarchar(128),
      program_name: nvarchar(128),
      host_process_id: INT,
      client_version: INT,
      client_interface_name: nvarchar(32),
      login_name: nvarchar(128),
      original_login_name: nvarchar(128),
      status: nvarchar(30),
      is_user_process: BIT,
      text_size: INT,
      language: nvarchar(128),
      date_format: nvarchar(3),
      date_first: SMALLINT,
      quoted_identifier: BIT,
      arithabort: BIT,
      ansi_nulls: BIT,
      transaction_isolation_level: SMALLINT,
      lock_timeout: INT,
      deadlock_priority: INT,
      row_count: BIGINT,
      prev_error: INT,
      database_id: SMALLINT,
      open_transaction_count: INT,
    },
    sessionRows,
  ),
  dm_exec_connections: view(
    {
      session_id: INT,
      most_recent_session_id: INT,
      connect_time: DATETIME,
      net_transport: nvarchar(40),
      protocol_type: nvarchar(40),
      protocol_version: INT,
      endpoint_id: INT,
      encrypt_option: nvarchar(40),
      auth_scheme: nvarchar(40),
      client_net_address: { k: 'varchar', n: 48 },
      client_tcp_port: INT,
      local_net_address: { k: 'varchar', n: 48 },
      local_tcp_port: INT,
      connection_id: GUID,
    },
    connectionRows,
  ),
  dm_tran_database_transactions: view(
    {
      transaction_id: BIGINT,
      database_id: INT,
      database_transaction_begin_time: DATETIME,
      database_transaction_type: INT,
      database_transaction_state: INT,
      database_transaction_log_record_count: BIGINT,
      database_transaction_begin_lsn: LSN_NUMERIC,
      database_transaction_last_lsn: LSN_NUMERIC,
      database_transaction_most_recent_savepoint_lsn: LSN_NUMERIC,
      database_transaction_commit_lsn: LSN_NUMERIC,
      database_transaction_last_rollback_lsn: LSN_NUMERIC,
    },
    databaseTransactionRows,
    'VIEW SERVER STATE',
  ),
  dm_tran_session_transactions: view(
    { session_id: INT, transaction_id: BIGINT, is_user_transaction: BIT, is_local: BIT, open_transaction_count: INT },
    sessionTransactionRows,
    'VIEW SERVER STATE',
  ),
  dm_tran_active_transactions: view(
    {
      transaction_id: BIGINT,
      name: nvarchar(32),
      transaction_begin_time: DATETIME,
      transaction_type: INT,
      transaction_state: INT,
    },
    activeTransactionRows,
    'VIEW SERVER STATE',
  ),
  dm_tran_current_transaction: view(
    { transaction_id: BIGINT, transaction_sequence_num: BIGINT, transaction_is_snapshot: BIT },
    currentTransactionRows,
    'VIEW SERVER STATE',
  ),
  dm_server_services: view(
    {
      servicename: nvarchar(256),
      startup_type: INT,
      startup_type_desc: nvarchar(256),
      status: INT,
      status_desc: nvarchar(256),
      process_id: INT,
      last_startup_time: { k: 'datetimeoffset', s: 7 },
      service_account: nvarchar(256),
      filename: nvarchar(256),
      is_clustered: { k: 'nvarchar', n: 1 },
    },
    serviceRows,
    'VIEW SERVER STATE',
  ),
  dm_os_host_info: view(
    {
      host_platform: nvarchar(256),
      host_distribution: nvarchar(256),
      host_release: nvarchar(256),
      os_language_version: INT,
    },
    () => [{ host_platform: 'Linux', host_distribution: 'stand-in', host_release: '', os_language_version: 0 }],
  ),
  dm_os_sys_info: view(
    { cpu_count: INT, sqlserver_start_time: DATETIME, host_platform: TINYINT },
    ({ server }) => [{ cpu_count: 2, sqlserver_start_time: asDatetime(server.startedMs), host_platform: 1 }],
    'VIEW SERVER STATE',
  ),
};

function* requestRows(context: CatalogContext): Iterable<ViewRow> {
  for (const session of visibleSessions(context)) {
    const blocker = session.party.waitsFor[0];
    if (session !== context.session && !blocker) continue;
    yield {
      session_id: session.spid,
      request_id: 0,
      status: blocker ? 'suspended' : 'running',
      command: 'SELECT',
      database_id: session.database.id,
      wait_type: blocker ? 'LCK_M_X' : null,
      blocking_session_id: blocker?.id ?? 0,
      open_transaction_count: session.tranCount,
      percent_complete: 0,
    };
  }
}

/** `sys.dm_exec_requests` lists what runs now: the asking request itself, and those that wait for others. */
export const requestViews: ViewGroup = {
  dm_exec_requests: view(
    {
      session_id: SMALLINT,
      request_id: INT,
      status: nvarchar(30),
      command: nvarchar(32),
      database_id: SMALLINT,
      wait_type: SYSNAME,
      blocking_session_id: SMALLINT,
      open_transaction_count: INT,
      percent_complete: { k: 'real' },
    },
    requestRows,
  ),
};
