/** What happens when the definition of a captured table changes. See docs/schema-change.md. */
export interface SchemaChangeSettings {
  /** A column was added that the capture instance does not hold. `report`: go on without it. `hold`: the table waits for an instance that does. */
  readonly onNewColumn: 'report' | 'hold';
  /** Whether a newer instance is taken over that lacks columns the present one has and the table still has. */
  readonly take: 'complete' | 'newest';
  /** Reads the rows again that got a value in a new column before an instance captured it. */
  readonly backfill: boolean;
  /** Makes the second capture instance itself (needs db_owner). */
  readonly createInstances: boolean;
  /** Disables the older instance once the stored position has passed the switch (needs db_owner). */
  readonly dropOldInstances: boolean;
}
