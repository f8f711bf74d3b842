import { saturated } from '#connectors/capture/carriedRow.ts';
import type { ChangeEvent, Row } from '#connectors/capture/types.ts';
import type { PublishRules } from './publishRules.ts';

/** Whether a change is written. Rows read by a snapshot always are. */
export function eventFilter(rules: PublishRules): (event: ChangeEvent) => boolean {
  const skipped = new Set<string>(rules.skippedOperations);
  return (event) => {
    if (skipped.has(event.op)) return false;
    return !(rules.skipUnchanged && event.op === 'u' && isUnchanged(event.before!, event.after!));
  };
}

/** True when both images hold the same values; a large value that the change did not touch is the same. */
function isUnchanged(before: Row, after: Row): boolean {
  for (const column in after) if (!sameValue(before[column], after[column])) return false;
  return true;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b);
  const [x, y] = [saturated(a), saturated(b)];
  return x !== null && x.text === y?.text;
}
