/**
 * Releases that must not run beside a guard. The daemon's interface has no
 * call for its version: it tells 3 from 4 and nothing more. What is known
 * beyond that is what the program installed here prints, which is not
 * necessarily the one that runs: after an upgrade it is so from the daemon's
 * next start on.
 */
interface Fault {
  readonly releases: RegExp;
  readonly what: string;
  readonly remedy: string;
}

const FAULTS: readonly Fault[] = [
  {
    releases: /^4\.[012]\./,
    what: 'ends itself when its tables are read and changed at once (GoBGP issue 3294)',
    remedy: 'install 4.3 or later but 4.5, or 3.x',
  },
  {
    releases: /^4\.5\./,
    what: 'can send an announcement and its withdrawal in the wrong order (GoBGP issue 3428)',
    remedy: 'install 4.6 or later, or 3.x',
  },
];

/** `4.8.0` from what `gobgpd --version` prints. */
export const versionIn = (printed: string): string | undefined => /\b(\d+\.\d+\.\d+)\b/.exec(printed)?.[1];

/** Why this release is refused, with the remedy; `undefined` when it is not. */
export function faultOf(version: string): string | undefined {
  const fault = FAULTS.find(({ releases }) => releases.test(version));
  return fault && `gobgpd ${version} is installed here, which ${fault.what}; ${fault.remedy}, and restart the daemon`;
}
