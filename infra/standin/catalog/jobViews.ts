import { jobId } from '../cdc/cdcDatabase.ts';
import { BIGINT, BIT, GUID, INT, nvarchar } from '../sql/values.ts';
import { bit, type CatalogContext, type ViewGroup, type ViewRow, view } from './view.ts';

function* jobRows({ server }: CatalogContext): Iterable<ViewRow> {
  for (const { id, cdc } of server.databases.values()) {
    const { capture, cleanup } = cdc?.jobs ?? { capture: null, cleanup: null };
    if (capture)
      yield {
        database_id: id,
        job_type: 'capture',
        job_id: jobId(id, 1),
        maxtrans: capture.maxtrans,
        maxscans: capture.maxscans,
        continuous: bit(capture.continuous),
        pollinginterval: BigInt(capture.pollingIntervalSeconds),
        retention: 0n,
        threshold: 0n,
      };
    if (cleanup)
      yield {
        database_id: id,
        job_type: 'cleanup',
        job_id: jobId(id, 2),
        maxtrans: 0,
        maxscans: 0,
        continuous: 0,
        pollinginterval: 0n,
        retention: BigInt(cleanup.retentionMinutes),
        threshold: BigInt(cleanup.threshold),
      };
  }
}

/**
 * Tables of msdb about jobs. https://learn.microsoft.com/sql/relational-databases/system-tables/dbo-cdc-jobs-transact-sql
 */
export const jobViews: ViewGroup = {
  cdc_jobs: view(
    {
      database_id: INT,
      job_type: nvarchar(20),
      job_id: GUID,
      maxtrans: INT,
      maxscans: INT,
      continuous: BIT,
      pollinginterval: BIGINT,
      retention: BIGINT,
      threshold: BIGINT,
    },
    jobRows,
    'SELECT',
  ),
};
