import { captureParts } from '../captures.ts';
import { captureMetrics } from './captureMetrics.ts';
import { composePart } from './capturePart.ts';
import type { RoleContext, RoleParts } from './role.ts';

/** One capture for each database: change tables and snapshots into Kafka. */
export async function composeCapture(ctx: RoleContext): Promise<RoleParts> {
  const metrics = captureMetrics(ctx.metrics);
  const parts = captureParts(ctx.config).map((part) => composePart(ctx.config, part, ctx.log, metrics));
  metrics.watch(parts);
  const [main] = parts;
  return {
    components: parts.map((part) => part.component),
    status: {
      capture: () => main!.status(),
      ...Object.fromEntries(parts.slice(1).map(({ name, status }) => [name, status])),
    },
  };
}
