import type { Database, Queryable } from '#connectors/sqlserver/connection.ts';

/** The same database, with `count` called for every statement, so that the load on the source can be shown. */
export function counted(db: Database, count: () => void): Database {
  const watch = (queryable: Queryable): Queryable => ({
    rows: (...args) => {
      count();
      return queryable.rows(...args);
    },
    sets: (...args) => {
      count();
      return queryable.sets(...args);
    },
    query: (...args) => {
      count();
      return queryable.query(...args);
    },
  });
  return {
    ...watch(db),
    where: db.where,
    get connectionsOpened() {
      return db.connectionsOpened ?? 0;
    },
    execute: (...args) => {
      count();
      return db.execute(...args);
    },
    inSnapshot: (work) => db.inSnapshot((transaction) => work(watch(transaction))),
    batch: (text) => db.batch(text),
    close: () => db.close(),
  };
}
