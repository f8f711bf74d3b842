import { sqlError } from '../../sql/errors.ts';
import type { SessionState } from './sessionState.ts';
import type { Sink } from './sink.ts';

/** The transaction of a session: BEGIN, COMMIT, ROLLBACK, SAVE with their counts and the events clients follow them by. */

function announce(session: SessionState, sink: Sink, action: 'begin' | 'commit' | 'rollback'): void {
  sink.emit({ kind: 'env', change: 'transaction', action, descriptor: BigInt(session.tx!.id) });
}

export function beginTransaction(session: SessionState, sink: Sink, name = ''): void {
  if (session.tx === null) {
    session.tx = session.server.transactions.begin(session.party);
    session.tranName = name;
    session.savepoints = [];
    session.tranCount = 1;
    announce(session, sink, 'begin');
    return;
  }
  session.tranCount++;
}

/** 3902 without transaction, 3930 when it is doomed. */
export function commitTransaction(session: SessionState, sink: Sink): void {
  if (session.tx === null) throw sqlError(3902);
  if (session.doomed) throw sqlError(3930);
  if (session.tranCount > 1) {
    session.tranCount--;
    return;
  }
  announce(session, sink, 'commit');
  const { tx } = session;
  forget(session);
  session.server.transactions.commit(tx);
  session.server.appLocks.releaseAll(session.party, 'transaction');
}

/** Rolls everything back, or to a savepoint. 3903 without transaction, 6401 for an unknown name, 3931 to a savepoint when doomed. */
export function rollbackTransaction(session: SessionState, sink: Sink, name = ''): void {
  if (session.tx === null) throw sqlError(3903);
  const wanted = name.toLowerCase();
  if (wanted !== '') {
    const at = session.savepoints.findLastIndex((savepoint) => savepoint.name === wanted);
    if (at >= 0) {
      if (session.doomed) throw sqlError(3931);
      const { mark } = session.savepoints[at]!;
      session.server.transactions.undoTo(session.tx, mark);
      session.server.transactions.unlockTo(session.tx, mark);
      session.savepoints.length = at + 1;
      return;
    }
    if (wanted !== session.tranName.toLowerCase()) throw sqlError(6401, name);
  }
  rollbackAll(session, sink);
}

/** Ends the transaction, if there is one, by undoing it. */
export function rollbackAll(session: SessionState, sink: Sink): void {
  if (session.tx === null) return;
  announce(session, sink, 'rollback');
  const { tx } = session;
  forget(session);
  session.server.transactions.rollback(tx);
  session.server.appLocks.releaseAll(session.party, 'transaction');
}

/** Marks a place; under SNAPSHOT isolation this also fixes the view and gives the transaction its place in the log. */
export function saveTransaction(session: SessionState, name: string): void {
  const { tx, database } = session;
  if (tx === null) throw sqlError(628);
  if (session.doomed) throw sqlError(3931);
  if (session.options.isolation === 'snapshot' && database.options.snapshotIsolation)
    session.server.transactions.fixSnapshot(tx, database.log);
  const lsn = tx.append(database.log);
  tx.presence(database.log).savepointLsn = lsn;
  session.savepoints.push({ name: name.toLowerCase(), mark: tx.mark() });
}

function forget(session: SessionState): void {
  session.tx = null;
  session.tranCount = 0;
  session.tranName = '';
  session.doomed = false;
  session.savepoints = [];
}
