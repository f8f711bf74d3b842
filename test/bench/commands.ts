import { parseArgs } from 'node:util';
import { runCommandBench } from './commands/run.ts';

/**
 * How fast orders go through the command API, beside the same procedure called over the same driver without it: `npm run bench:commands --
 * [--seconds 5] [--callers 50,200,400] [--doors procedure,rest,soap]`. Everything runs on this machine: database stand-in, API and load
 * are processes of their own and share its cores, so compare the columns, not the figures with another machine's.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    callers: { type: 'string', default: '50,200,400' },
    doors: { type: 'string', default: 'procedure,rest,batch,soap' },
    concurrency: { type: 'string', default: '8' },
  },
});

await runCommandBench({
  seconds: Number(values.seconds),
  callers: values.callers.split(',').map(Number),
  doors: values.doors.split(','),
  concurrency: Number(values.concurrency),
});
