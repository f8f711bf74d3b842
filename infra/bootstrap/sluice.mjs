#!/usr/bin/env node
/** The `sluice` command for any Node from 20 on. */
import { runAndExit } from './run.mjs';

await runAndExit(['sluice', ...process.argv.slice(2)]);
