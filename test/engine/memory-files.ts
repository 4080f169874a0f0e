import type { Files } from '../../src/ports/files.js';

/** A disk in memory, enough for one folder. */
export class MemoryFiles implements Files {
  readonly contents = new Map<string, string>();
  full = false;

  async read(path: string): Promise<string | undefined> {
    return this.contents.get(path);
  }
  async write(path: string, text: string): Promise<void> {
    if (this.full) throw new Error('ENOSPC');
    this.contents.set(path, text);
  }
  async makeFolder(): Promise<boolean> {
    return true;
  }
  async list(path: string): Promise<readonly string[]> {
    return [...this.contents.keys()].filter((name) => name.startsWith(`${path}/`)).sort();
  }
  async remove(path: string): Promise<void> {
    this.contents.delete(path);
  }
  async kindOf(path: string): Promise<'file' | 'missing'> {
    return this.contents.has(path) ? 'file' : 'missing';
  }
}
