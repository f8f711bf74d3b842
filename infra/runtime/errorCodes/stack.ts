import { entry } from './entry.ts';

/** Error codes of stack. */
export const STACK_ERRORS = {
  // infra/stack
  STACK_JAVA_MISSING: entry(
    'No Java development kit was found that the local servers run on.',
    'Install a JDK 21 or newer (17 will do), or set SLUICE_JAVA_HOME to the folder of one.',
  ),
  STACK_MAVEN_MISSING: entry(
    'Maven, which fetches the local servers, was not found.',
    'Install Maven (for example `apt-get install maven` or `brew install maven`) so that `mvn` is on PATH.',
  ),
  STACK_DOWNLOAD_FAILED: entry(
    'A part of the local stack could not be fetched or prepared.',
    'Check the network and the mirrors and proxies in ~/.m2/settings.xml, then start again: what is complete is kept.',
    true,
  ),
  STACK_SERVER_FAILED: entry(
    'A server of the local stack ended or did not get ready.',
    'Read its last log lines; the whole log is kept in the file that the message names.',
  ),
  STACK_DATA_IN_USE: entry(
    'Another running stack uses the same data folder.',
    'Stop it with `sluice stack down`, or choose another folder.',
  ),
  STACK_CHOICE_INVALID: entry(
    'SLUICE_STACK names no provider.',
    'Set it to local, containers, external or auto, or leave it out.',
  ),
  STACK_ADDRESS_MISSING: entry(
    'An external stack was asked for and an address is not in the environment.',
    'Set the named variable, or SLUICE_STACK=local to have the servers started here.',
  ),
  STACK_CONTAINERS_FAILED: entry(
    'The containers of the stack could not be started.',
    'Check that the container engine runs and may fetch images, or set SLUICE_STACK=local.',
  ),

  DEMO_DATA_MISSING: entry(
    'A data file of the demo cannot be read.',
    'Name the folder that holds the AdventureWorks .csv files with --data DIR.',
  ),
  DEMO_DATA_INVALID: entry(
    'A data file of the demo is not as its format demands.',
    'Correct the named line, or take the file again from its source.',
  ),
} as const;
