/**
 * Number of the layout in which copies lie in Redis. It stands in the keys of rows and links and in those of the ledgers, so a store of another
 * layout is never misread: every copy counts as lost, and the topics are read from their beginning. What an older layout left can be deleted.
 */
export const COPY_LAYOUT = '2';
