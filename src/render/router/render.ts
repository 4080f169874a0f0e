import nunjucks from 'nunjucks';
import { routerView, type Wanted } from './view.js';

/** Texts by name, as `{% include %}` names them. */
export type Templates = Readonly<Record<string, string>>;

/**
 * The configuration of one router, in the language of its vendor. `templates`
 * holds `router.conf` and what it includes. Throws TypeError or RangeError for
 * what cannot be written in that language, and on a template that names what
 * is not there.
 */
export function renderRouter(templates: Templates, wanted: Wanted): string {
  const loader = {
    getSource: (name: string) => {
      const src = templates[name];
      if (src === undefined) throw new TypeError(`no template ${name}`);
      return { src, path: name, noCache: true };
    },
  };
  const environment = new nunjucks.Environment(loader, {
    autoescape: false,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  return environment.render('router.conf', { router: strict(routerView(wanted)) });
}

/** nunjucks takes an unknown key for false, which in a condition nobody would see. */
function strict<T extends object>(view: T): T {
  return new Proxy(view, {
    get(target, key) {
      if (typeof key === 'string' && !(key in target)) throw new TypeError(`a template names ${key}, which is nowhere`);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'object' && value !== null ? strict(value) : value;
    },
  });
}
