import type { SqlError } from '../../sql/errors.ts';
import { CURRENT_COMMAND, type SqlMessage } from '../../tds/engineSession.ts';
import { doneScope, type Sink } from './sink.ts';

export function messageOf(error: SqlError): SqlMessage {
  return {
    number: error.number,
    severity: error.severity,
    state: error.state,
    text: error.message,
    line: error.line,
    proc: error.procedure,
  };
}

/** Reports an error (or, up to severity 10, a message) to the client. */
export function emitError(to: { readonly sink: Sink; readonly inProcedure: boolean }, error: SqlError): void {
  if (error.severity <= 10) {
    to.sink.emit({ kind: 'message', ...messageOf(error) });
    return;
  }
  to.sink.emit({ kind: 'error', ...messageOf(error) });
  to.sink.emit({ kind: 'done', scope: doneScope(to.inProcedure), currentCommand: CURRENT_COMMAND.none, failed: true });
}
