/** The two expansions of a topology file: the environment over the whole text, and containerlab's own variables in single values. */

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?)[-=]([^}]*))?\})/g;

/**
 * `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:=default}`; without the
 * colon only an unset name takes the default. `$$` is one dollar sign. A name
 * that is not set becomes nothing, as containerlab has it.
 */
export function expandEnvironment(text: string, environment: Environment): string {
  const assigned = new Map<string, string>();
  return text.replace(REFERENCE, (...groups: (string | undefined)[]) => {
    const [, dollar, plain, braced, colon, fallback] = groups;
    if (dollar) return '$';
    const name = plain ?? braced ?? '';
    const value = assigned.get(name) ?? environment[name];
    const missing = value === undefined || (colon === ':' && value === '');
    if (!missing || fallback === undefined) return value ?? '';
    assigned.set(name, fallback);
    return fallback;
  });
}

export interface MagicNames {
  readonly lab: string;
  readonly node: string;
  /** Where containerlab keeps the lab's files: `clab-<lab>` beside the topology file. */
  readonly labFolder: string;
}

/** `__clabNodeName__`, `__clabNodeDir__`, `__clabDir__`, `__clabLabName__`. */
export const expandMagic = (text: string, names: MagicNames): string =>
  text
    .replaceAll('__clabNodeName__', names.node)
    .replaceAll('__clabNodeDir__', `${names.labFolder}/${names.node}`)
    .replaceAll('__clabDir__', names.labFolder)
    .replaceAll('__clabLabName__', names.lab);
