/** How a run is to be done. */
export interface Settings {
  /** As short as can be: shows that everything runs, its figures mean nothing. */
  readonly quick: boolean;
  /** Of the largest file that is sent; the benchmark's own by default. */
  readonly sizeMiB: number | undefined;
  /** Where databases go: on a disk, for a file system in memory would flush nothing. */
  readonly dataDir: string;
  /** Where CPU profiles of the processes go. */
  readonly profileDir: string | undefined;
}
