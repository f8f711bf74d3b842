import { entry } from './entry.ts';

/** Error codes of commands. */
export const COMMANDS_ERRORS = {
  // connectors/commands
  CMD_REFUSED: entry(
    'The database refused a command for a reason that belongs to the shop.',
    'See `problem` and the table of refusals in infra/sql/README.md.',
  ),
  CMD_OVERLOADED: entry(
    'More commands are waiting for the database than the configuration allows, or one waited too long.',
    'Try again shortly; raise commands.maxConcurrency only if the database has room.',
    true,
  ),
  CMD_OUTCOME_UNKNOWN: entry(
    'The database gave no answer in time, so the command may or may not have taken effect.',
    'Send it again with the same idempotency key: that resolves it.',
    true,
  ),
  CMD_TIMED_OUT: entry(
    'The database took longer over a command than it may; the command was rolled back, as asking the database showed.',
    'Look for locks and load in the database; commands.statementTimeoutMs is the limit. The command may be sent again.',
    true,
  ),
  CMD_DATABASE_AWAY: entry(
    'The database cannot be reached.',
    'Check that it runs and that its address is right.',
    true,
  ),
  CMD_DATABASE_FAULT: entry(
    'The database answered a command with an error that is not one of its documented refusals.',
    'Run `sluice check`: a procedure is missing, differs from the scripts or lacks a right.',
  ),
  CMD_KEYS_INVALID: entry(
    'The list of API keys has faults.',
    'It is a JSON list of {id, prefix, hash, scopes}; `sluice keys create` prints an entry.',
  ),
  CMD_KEY_UNKNOWN: entry(
    'There is no working API key with the prefix that was named.',
    '`sluice keys list` shows the prefixes and which of them still work.',
  ),
  CMD_QUEUE_AWAY: entry(
    'The queue of commands cannot be reached.',
    'Check that Kafka runs and that kafka.brokers is right; nothing was accepted.',
    true,
  ),
  CMD_QUEUE_RECORD_INVALID: entry(
    'A record of the queue of commands cannot be read.',
    'Another version wrote it, or another program did; its command ends as failed and the rest goes on.',
  ),
  CMD_LOGIN_TOO_POWERFUL: entry(
    'The login of the command API can do more than run its procedures.',
    'Take the listed rights away, or use the login that infra/sql/common/commandsLogin.sql makes.',
  ),
  CMD_LOGIN_TOO_WEAK: entry(
    'The login of the command API may not run its procedures.',
    'Run the scripts of infra/sql in the database; `sluice sql` prints them.',
  ),

  // connectors/commands/http, consumers/storefront
  HTTP_LISTEN_FAILED: entry(
    'A server could not listen on its address.',
    'Choose another port in the configuration (0 takes a free one) or stop what holds it.',
  ),
} as const;
