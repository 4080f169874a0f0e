import type { IpRow } from '../../ports/iproute.js';
import { KernelError } from '../../ports/kernel.js';

const unreadable = (what: string): KernelError =>
  new KernelError('unreadable', `ip: ${what}; iproute2 6.1 or newer is expected`);

/** Reads one object of ip's JSON; every field that is not as expected is an error, never a default. */
class JsonRow implements IpRow {
  constructor(private readonly fields: Readonly<Record<string, unknown>>) {}

  has(field: string): boolean {
    return this.fields[field] !== undefined;
  }

  text(field: string): string {
    const value = this.fields[field];
    if (typeof value !== 'string') throw this.wrong(field, 'text');
    return value;
  }

  number(field: string): number {
    const value = this.fields[field];
    const number = typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw this.wrong(field, 'a number');
    return number;
  }

  texts(field: string): readonly string[] {
    const value = this.fields[field];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw this.wrong(field, 'texts');
    return value;
  }

  nested(field: string): IpRow {
    const [row] = rowsOf([this.fields[field]]);
    if (row === undefined) throw this.wrong(field, 'an object');
    return row;
  }

  rows(field: string): readonly IpRow[] {
    const value = this.fields[field];
    return value === undefined ? [] : rowsOf(value);
  }

  private wrong(field: string, wanted: string): KernelError {
    const shown = JSON.stringify(this.fields).slice(0, 160);
    return unreadable(`field ${field} is not ${wanted} in ${shown}`);
  }
}

function rowsOf(value: unknown): readonly IpRow[] {
  if (!Array.isArray(value)) throw unreadable('a list was expected');
  return value
    .filter((item) => !isEmptyObject(item))
    .map((item) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) throw unreadable('an object was expected');
      return new JsonRow(item as Record<string, unknown>);
    });
}

/** ip prints `{}` for objects that its own filter left out. */
const isEmptyObject = (item: unknown): boolean =>
  typeof item === 'object' && item !== null && Object.keys(item).length === 0;

/**
 * The lists that a batch printed, one per command, each on a line of its own.
 * A missing list means that a dump was cut short: unknown, not empty.
 */
export function parseLists(output: string, count: number): readonly (readonly IpRow[])[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  if (lines.length !== count) throw unreadable(`${count} lists expected, ${lines.length} printed`);
  return lines.map((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw unreadable(`not JSON: ${line.slice(0, 80)}`);
    }
    return rowsOf(value);
  });
}
