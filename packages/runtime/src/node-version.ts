/** Kept free of imports: it runs before anything that an older Node cannot load. */

export const LEAST_NODE = 24;

/**
 * Ends the process with one clear line under a Node that is too old: the database driver crashes
 * there without a word.
 */
export function requireNode(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) >= LEAST_NODE) return;
  process.stderr.write(
    `This is Node ${version}; Surfaces needs Node ${LEAST_NODE} or newer. Use "npm start": it runs the right one, which "npm ci" installed.\n`,
  );
  // EX_CONFIG; the table of exit codes is not loaded here.
  process.exit(78);
}
