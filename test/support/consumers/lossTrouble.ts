/** How often each trouble comes, as one in so many steps; 0 for never. */
export interface LossTrouble {
  readonly kill: number;
  readonly rebalance: number;
  /** Redis is emptied. */
  readonly flush: number;
  /** Redis fails over to a copy that lacks the last writes, with a clock that is behind. */
  readonly failover: number;
  /** The search index comes back as it was some time before, and is filled again. */
  readonly restore: number;
  /** Partitions are added; keys move. */
  readonly repartition: number;
  /** One of the processes was started before a join was added. */
  readonly rolling?: boolean;
  /** Everything is committed before the first trouble, so that nothing that comes later repairs what was lost. */
  readonly early?: boolean;
  /** With `early`: it is looked at after every step that documents which were whole stay whole. */
  readonly watched?: boolean;
}
