import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Sluice's own code is TypeScript that Node runs as it is, from this major version on. */
const WANTED_MAJOR = 24;
/** This folder's scripts run on every Node from here. */
const LEAST_MAJOR = 20;

export function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

/** One sentence when this Node is too old even for the set-up, else undefined. */
export function tooOld(version = process.version) {
  if (majorOf(version) >= LEAST_MAJOR) return undefined;
  return `Sluice needs Node ${LEAST_MAJOR} or newer to set itself up; this is ${version}. Install a newer Node from your system's packages or nodejs.org.`;
}

/** The Node that runs Sluice: this one when it is new enough, else the one among the packages. Undefined when there is neither. */
export function findNode(root, { version = process.version, execPath = process.execPath, platform, arch } = {}) {
  if (majorOf(version) >= WANTED_MAJOR) return execPath;
  const packaged = join(
    root,
    'node_modules',
    `node-${platform ?? process.platform}-${arch ?? process.arch}`,
    'bin',
    'node',
  );
  return existsSync(packaged) ? packaged : undefined;
}

export function noNode(version = process.version) {
  return `Sluice runs on Node ${WANTED_MAJOR} or newer; this is ${version} and no package brings one for ${process.platform}-${process.arch}. Install Node ${WANTED_MAJOR}.`;
}
