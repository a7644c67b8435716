/** How a process of ours ends; the numbers are those of sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  /** A command line option that does not exist. */
  usage: 64,
  /** The database was written by a newer version. */
  newerData: 65,
  /** Something it needs cannot be had: a port in use, no surface or agent that starts. */
  unavailable: 69,
  /** A defect of ours. */
  internal: 70,
  /** The data directory cannot be written. */
  notWritable: 73,
  /** The disk is full or broken. */
  disk: 74,
  /** Another live process uses the data directory: try again when it has ended. */
  inUse: 75,
  /** The configuration is wrong. */
  config: 78,
  /** A second Ctrl-C: ended without draining. */
  interrupted: 130,
} as const;
