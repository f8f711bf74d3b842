import { unsupported } from '../../sql/errors.ts';
import type { LockPlan } from './source.ts';
import { PLAIN_READ } from './tableScan.ts';

/** Hints that change nothing here: which access path or lock size to use, and reading of tables at the default level. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'rowlock',
  'paglock',
  'readcommitted',
  'forceseek',
  'forcescan',
  'index',
  'noexpand',
  'keepidentity',
  'keepdefaults',
  'ignore_constraints',
  'ignore_triggers',
  'snapshot',
]);

/** How table hints want a table to be read. Unknown hints are refused. */
export function lockPlanOf(hints: readonly string[]): LockPlan {
  let plan = PLAIN_READ;
  for (const hint of hints) {
    switch (hint) {
      case 'nolock':
      case 'readuncommitted':
        plan = { ...plan, dirty: true };
        break;
      case 'updlock':
        plan = { ...plan, current: true, rowLock: plan.rowLock === 'X' ? 'X' : 'U' };
        break;
      case 'xlock':
        plan = { ...plan, current: true, rowLock: 'X' };
        break;
      case 'holdlock':
      case 'serializable':
        plan = { ...plan, current: true, rowLock: plan.rowLock ?? 'S', range: 'S' };
        break;
      case 'repeatableread':
        plan = { ...plan, current: true, rowLock: plan.rowLock ?? 'S' };
        break;
      case 'tablock':
        plan = { ...plan, current: true, tableLock: plan.tableLock ?? 'S' };
        break;
      case 'tablockx':
        plan = { ...plan, current: true, tableLock: 'X' };
        break;
      case 'readpast':
        plan = { ...plan, current: true, skipLocked: true };
        break;
      case 'nowait':
        plan = { ...plan, noWait: true };
        break;
      case 'readcommittedlock':
        plan = { ...plan, current: true };
        break;
      default:
        if (!WITHOUT_EFFECT.has(hint)) throw unsupported(`the table hint ${hint.toUpperCase()}`);
    }
  }
  if (plan.range && plan.rowLock !== 'S') plan = { ...plan, range: 'U' };
  return plan;
}
