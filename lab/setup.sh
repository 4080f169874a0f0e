#!/bin/sh
# Brings a fresh clone to the point where the lab and the tests can run:
# Debian packages, npm packages, build. Says first what it will change; does
# nothing, in well under a second, when nothing is missing.
#
# usage: lab/setup.sh [--vm] [--tests] [--packages-only]
#   --vm             also what `npm run test:vm` needs
#   --tests          also the releases of gobgpd that the tests run; installs none
#   --packages-only  Debian packages and nothing else (for sudo)
set -eu
cd "$(dirname "$0")/.."

LOCK_WAIT=120 # seconds; an unattended upgrade usually ends within one or two minutes
POLICY=/usr/sbin/policy-rc.d
LOG=.cache/setup.log
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

uses='lab'
only_packages=
tests=
for argument; do
  case $argument in
    --vm) uses='lab vm' ;;
    --tests) tests=1 ;;
    --packages-only) only_packages=1 ;;
    *) echo "setup: unknown argument $argument; usage: lab/setup.sh [--vm] [--tests] [--packages-only]" >&2; exit 1 ;;
  esac
done

fail() {
  echo "setup: $1" >&2
  exit 1
}

# Runs "$@" with its output in the log; on failure shows how it began, where npm and tsc name the cause.
logged() {
  what=$1
  shift
  : >"$LOG"
  "$@" >>"$LOG" 2>&1 && return 0
  head -n 12 "$LOG" >&2
  fail "$what failed; the whole output is in $LOG"
}

missing_packages() {
  while read -r package program use _reason; do
    case $package in '' | '#'*) continue ;; esac
    case " $uses " in *" $use "*) command -v "$program" >/dev/null 2>&1 || printf '%s ' "$package" ;; esac
  done <lab/packages.txt
}

# What the lock file says today; mtimes change with every checkout.
lock_sum() { cksum <package-lock.json; }

npm_is_stale() {
  [ -e node_modules/.package-lock.json ] || return 0
  if [ -e node_modules/.culvert-lock ]; then
    [ "$(cat node_modules/.culvert-lock)" != "$(lock_sum)" ]
  else
    [ package-lock.json -nt node_modules/.package-lock.json ]
  fi
}

# A folder is newer when a file in it was removed.
build_is_stale() {
  [ -x dist/main/cli.js ] && [ -L node_modules/.bin/culvert ] || return 0
  [ -n "$(find src tsconfig.json -newer dist/main/cli.js 2>/dev/null | head -n 1)" ]
}

saved_policy=
policy_is_ours=
forbid_starting() {
  if [ -e "$POLICY" ]; then
    saved_policy=$POLICY.before-culvert
    mv "$POLICY" "$saved_policy"
  fi
  policy_is_ours=1
  printf '#!/bin/sh\n# for the time of an installation: nothing starts\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
}
allow_starting() {
  [ -n "$policy_is_ours" ] || return 0
  rm -f "$POLICY"
  [ -z "$saved_policy" ] || mv "$saved_policy" "$POLICY"
  policy_is_ours=
}
trap allow_starting EXIT
trap 'exit 129' HUP
trap 'echo "setup: interrupted; run it again to go on" >&2; exit 130' INT
trap 'exit 143' TERM

apt() {
  DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y -o "DPkg::Lock::Timeout=$LOCK_WAIT" \
    -o Dpkg::Options::=--force-confold "$@" </dev/null >>"$LOG" 2>&1
}

# apt waits for dpkg's lock by itself, but not for the lock on its lists.
update_lists() {
  printf '   package lists: fetching\n'
  deadline=$(($(date +%s) + LOCK_WAIT))
  until apt update; do
    tail -n 5 "$LOG" | grep -q 'Could not get lock' || return 1
    [ "$(date +%s)" -lt "$deadline" ] || fail "another package manager has held apt's lock for $LOCK_WAIT s; let it end and run this again"
    sleep 2
  done
}

# Debian enables a daemon when it installs it: ours must not come up at the next boot.
disable_units() {
  command -v systemctl >/dev/null 2>&1 || return 0
  for package; do
    for unit in $(dpkg -L "$package" | sed -nE 's#^(/usr)?/lib/systemd/system/([^/@]+\.(service|socket|timer))$#\2#p'); do
      systemctl disable --quiet "$unit" >>"$LOG" 2>&1 || true
    done
  done
}

install_packages() {
  before=$(dpkg-query -W -f '${Package}\n' | sort)
  # shellcheck disable=SC2086 # a list of words
  apt-cache show $packages >/dev/null 2>&1 || update_lists || fail "the package lists could not be fetched; the reason is in $LOG"
  printf '   Debian packages: installing\n'
  forbid_starting
  # shellcheck disable=SC2086
  if ! apt install --no-install-recommends $packages; then
    # Lists that are old name versions that are gone: fetch them once and try again.
    if tail -n 50 "$LOG" | grep -q 'Could not get lock'; then
      fail "another package manager has held dpkg's lock for $LOCK_WAIT s; let it end and run this again"
    fi
    update_lists && apt install --no-install-recommends $packages || {
      tail -n 20 "$LOG" >&2
      fail "the Debian packages could not be installed; the whole output is in $LOG"
    }
  fi
  allow_starting
  after=$(dpkg-query -W -f '${Package}\n' | sort)
  # shellcheck disable=SC2046
  disable_units $(printf '%s\n' "$before" "$before" "$after" | sort | uniq -u)
}

refuse_packages() {
  {
    echo "setup: these Debian packages are missing, and only root can install them:"
    for package in $packages; do
      sed -n "s/^$package  *[^ ]*  *[^ ]*  *\(.*\)/  $(printf '%-16s' "$package") \1/p" lab/packages.txt
    done
    if command -v apt-get >/dev/null 2>&1; then
      echo "Either run this, which starts and enables no daemon, and then the same command again:"
      echo "  sudo sh lab/setup.sh --packages-only$([ "$uses" = lab ] || echo ' --vm')"
      echo "or install them yourself:"
      echo "  apt-get install --no-install-recommends $packages"
    else
      echo "There is no apt-get here. Install the same programs with your package manager, and run this again."
    fi
  } >&2
  exit 1
}

packages=$(missing_packages)
packages=${packages% }
npm_stale=
build_stale=
if [ -z "$only_packages" ]; then
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || fail 'node and npm are missing; install Node 20.11 or later'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 11) ? 0 : 1)' ||
    fail "Node $(node --version) is too old; install Node 20.11 or later"
  if npm_is_stale; then npm_stale=1; fi
  if [ -n "$npm_stale" ] || build_is_stale; then build_stale=1; fi
fi

# Last, and best effort: what is missing is told, and its tests are skipped.
daemons() {
  [ -z "$tests" ] || sh test/conformance/fetch.sh
}

if [ -z "$packages$npm_stale$build_stale" ]; then
  daemons
  exit 0
fi

if [ -n "$packages" ] && { [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; }; then refuse_packages; fi

echo 'Set-up will change:'
[ -z "$packages" ] || echo "   this machine    Debian packages: $packages (no daemon is started or enabled)"
[ -z "$npm_stale" ] || echo '   node_modules    npm packages as in package-lock.json'
[ -z "$build_stale" ] || echo '   dist            built from src'

mkdir -p .cache
: >"$LOG"
[ -z "$packages" ] || install_packages
if [ -n "$npm_stale" ]; then
  printf '   npm packages: installing\n'
  logged 'npm ci' npm ci --no-audit --no-fund --loglevel=error </dev/null
  lock_sum >node_modules/.culvert-lock
fi
if [ -n "$build_stale" ]; then
  printf '   dist: building\n'
  logged 'the build' npm run --silent build </dev/null
fi
daemons
echo 'Set-up is done.'
