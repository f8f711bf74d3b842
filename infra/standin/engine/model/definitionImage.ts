import type { CdcDatabase } from '../../cdc/cdcDatabase.ts';
import type { Database } from './database.ts';
import type { DatabaseObject } from './modules.ts';
import type { TableObject } from './tableObject.ts';

/** Puts something back as it was when it was noted. */
export type PutBack = () => void;

/** Notes all definitions of a database: objects, types, schemas, principals, permissions, CDC. Identity values and sequences go on. */
export function definitionsOf(database: Database): PutBack {
  const { cdc, principals } = database;
  const objects = [...database.objects.values()];
  const steps: PutBack[] = [
    ...[database.objects, database.objectsById, database.types, database.schemas].map((map) =>
      entriesOf(map as Map<unknown, unknown>),
    ),
    ...[...database.schemas.values()].map(fieldsOf),
    ...objects.map(objectOf),
    principalsOf(database),
    cdc ? cdcOf(cdc) : () => undefined,
  ];
  const entries = [...principals.permissions.entries];
  return () => {
    // Its rows may be gone from the log on disk, where there is one: it must hear of them again.
    for (const object of objects)
      if (object.kind === 'table' && database.objectsById.get(object.id) !== object) object.data.rewrites++;
    for (const step of steps) step();
    principals.permissions.restore(entries);
    database.cdc = cdc;
  };
}

/** Notes the entries of a map. */
export function entriesOf<K, V>(map: Map<K, V>): PutBack {
  const entries = [...map];
  return () => {
    map.clear();
    for (const [key, value] of entries) map.set(key, value);
  };
}

function fieldsOf(object: object): PutBack {
  const fields = { ...object };
  return () => void Object.assign(object, fields);
}

function objectOf(object: DatabaseObject): PutBack {
  if (object.kind === 'table') return tableOf(object);
  const putBack = fieldsOf(object);
  if (object.kind !== 'sequence') return putBack;
  return () => {
    const { last } = object;
    putBack();
    object.last = last;
  };
}

function tableOf(table: TableObject): PutBack {
  const fields = {
    schema: table.schema,
    name: table.name,
    columns: table.columns,
    keys: [...table.keys],
    indexInfo: new Map(table.indexInfo),
    checks: [...table.checks],
    foreignKeys: [...table.foreignKeys],
    referencedBy: [...table.referencedBy],
    triggers: [...table.triggers],
    captures: table.captures,
    modifiedMs: table.modifiedMs,
    compiled: null,
  };
  const flags = [...table.checks, ...table.foreignKeys].map(fieldsOf);
  const { tracked, log } = table.data;
  return () => {
    Object.assign(table, fields);
    for (const putBack of flags) putBack();
    table.data.tracked = tracked;
    table.data.log = log;
  };
}

function principalsOf({ principals }: Database): PutBack {
  const noted = [...principals.all].map((principal) => ({
    principal,
    putBack: fieldsOf(principal),
    members: [...principal.members],
  }));
  return () => {
    for (const { principal, putBack, members } of noted) {
      putBack();
      principal.members.clear();
      for (const member of members) principal.members.add(member);
    }
    principals.restore(
      noted.map(({ principal }) => principal),
      principals.lastId,
    );
  };
}

function cdcOf(cdc: CdcDatabase): PutBack {
  const steps = [entriesOf(cdc.captures), entriesOf(cdc.byTable), fieldsOf(cdc.jobs)];
  for (const instance of cdc.captures.values()) for (const column of instance.columns) steps.push(fieldsOf(column));
  const { captureRunning, captureInForce } = cdc;
  const records = cdc.ddl.length;
  return () => {
    for (const step of steps) step();
    cdc.captureRunning = captureRunning;
    cdc.captureInForce = captureInForce;
    cdc.ddl.length = Math.min(cdc.ddl.length, records);
    cdc.ddlNoted = Math.min(cdc.ddlNoted, cdc.ddl.length);
  };
}
