import { inGroups } from './memoryRows.ts';

interface Hashes {
  hash(key: string): Map<string, string>;
  readonly strings: Map<string, string>;
  readonly hashes: Map<string, unknown>;
  readonly runId: string;
}

/** The scripts of runner/ledger.ts and rows/linkPlan.ts a second time, and the commands around them. */
export const LEDGER_HANDLERS: Readonly<
  Record<string, (redis: Hashes, key: string, args: string[]) => string | number | null | (string | null)[]>
> = {
  HDEL: (redis, key, fields) => fields.filter((field) => redis.hash(key).delete(field)).length,
  DEL: (redis, key) => [redis.strings.delete(key), redis.hashes.delete(key)].filter(Boolean).length,
  PEXPIRE: () => 1,
  OpenLedger: (redis, key, [newId, ...rest]) => {
    const ledger = redis.hash(key);
    if (!ledger.has('id')) ledger.set('id', newId!);
    const isNew = ledger.get('run') !== redis.runId;
    ledger.set('run', redis.runId);
    const entries = inGroups(rest, 6).map(([field, begin, believed, outdated, goal, own]) => {
      let entry = ledger.get(field!);
      let least = believed!;
      if (entry === undefined || entry === outdated) {
        entry = begin!;
        least = goal!;
        ledger.set(field!, entry).delete(`${field}/until`);
      }
      const until = Number(ledger.get(`${field}/until`) ?? 0);
      if (Number(entry) < Number(least) && until < Number(least)) ledger.set(`${field}/until`, least);
      if (own === '1') ledger.delete(`${field}/unsure`);
      else if (isNew) ledger.set(`${field}/unsure`, redis.runId);
      return entry;
    });
    return [`${ledger.get('id')}/${redis.runId}`, ...entries];
  },
  PassLedger: (redis, key, [id, field, from, next, plan]) => {
    const ledger = redis.hash(key);
    const entry = ledger.get(field!);
    if (`${ledger.get('id')}/${redis.runId}` !== id || entry === undefined || Number(entry) < Number(from))
      return 'lost';
    if (plan !== '' && ledger.get('plan') !== plan) return 'plan';
    if (Number(entry) < Number(next)) ledger.set(field!, next!);
    return 'ok';
  },
  RenewLedger: (redis, key, [id, newId]) => {
    if (`${redis.hash(key).get('id')}/${redis.runId}` === id) redis.hash(key).set('id', newId!);
    return null;
  },
  LookLedger: (redis, key, fields) => {
    const ledger = redis.hash(key);
    const id = ledger.get('id');
    return [id === undefined ? '' : `${id}/${redis.runId}`, ...fields.map((name) => ledger.get(name) ?? null)];
  },
  CopyState: (redis, key) => {
    const ledger = redis.hash(key);
    const id = ledger.get('id');
    if (id === undefined) return ['absent', ''];
    const isOther = ledger.has('run') && ledger.get('run') !== redis.runId;
    const isPartial = [...ledger.keys()].some((name) => /\/(until|unsure)$/u.test(name));
    return [isOther || isPartial ? 'rebuilding' : 'complete', `${id}/${redis.runId}`];
  },
  ReadPlan: (redis, key) => [
    ...['plan', 'plan/token', 'plan/done'].map((name) => redis.hash(key).get(name) ?? ''),
    redis.runId,
  ],
  WidenPlan: (redis, key, [before, plan, trees, token]) => {
    const ledger = redis.hash(key);
    if ((ledger.get('plan') ?? '') !== before) return 0;
    const fresh = before === '' && [...ledger.keys()].every((name) => !/\/\d/u.test(name));
    ledger.set('plan', plan!).set('plan/trees', trees!).set('plan/token', token!);
    if (fresh) ledger.set('plan/done', trees!);
    return 1;
  },
  PlanDone: (redis, key, [token, run]) => {
    const ledger = redis.hash(key);
    if (ledger.get('plan/token') === token && redis.runId === run) ledger.set('plan/done', ledger.get('plan/trees')!);
    return null;
  },
};
