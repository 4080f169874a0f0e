/** Files and folders of this machine. Paths are absolute. */
export interface Files {
  /** The text of a file; `undefined` when there is none. Works on `/proc`. */
  read(path: string): Promise<string | undefined>;
  /** Replaces a file at once: a reader sees the old text or the new one, never half of it. */
  write(path: string, text: string): Promise<void>;
  /** Makes one folder, and its parents. `false` when it was there before: of two callers only one gets `true`. */
  makeFolder(path: string): Promise<boolean>;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Removes a file, or a folder with all it holds. Nothing there is not an error. */
  remove(path: string): Promise<void>;
  kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'missing'>;
}
