#!/bin/sh
# Fetches the releases of gobgpd named in daemons.txt, each once, and unpacks
# them below .cache/gobgpd: nothing is installed. What cannot be had is told in
# one line with the remedy, and is no error: the tests of that release are
# skipped and counted.
set -eu
cd "$(dirname "$0")/../.."
LIST=test/conformance/daemons.txt
CACHE=.cache/gobgpd
HELPER=/usr/lib/apt/apt-helper
LIMIT=120 # seconds for one package of 10 MB

releases() { grep -v '^#' "$LIST"; }

# Debian's own mirrors among apt's sources: an Ubuntu machine may have none.
mirrors() { apt-get indextargets --format '$(SITE)' 2>/dev/null | sed 's#/*$##' | grep '/debian$' | sort -u; }

# Prints why a release cannot be had, or nothing when it is there.
fetch() {
  release=$1 suite=$2 package=$3 sum=$4
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || { echo 'its package is pinned for amd64 alone'; return; }
  [ -x "$HELPER" ] || { echo 'there is no apt here'; return; }
  sites=$(mirrors)
  [ -n "$sites" ] || { echo "no mirror of Debian is among apt's sources; add one"; return; }
  work=$CACHE/$release.new
  rm -rf "$work"
  mkdir -p "$work/deb"
  chmod 777 "$work/deb" # apt drops privileges for the download
  answer=
  for site in $sites; do
    url=$site/pool/main/g/gobgp/$package
    if answer=$(timeout "$LIMIT" "$HELPER" -o Acquire::Retries=1 download-file "$url" "$work/deb/$package" "SHA256:$sum" 2>&1 </dev/null); then
      unpack && return
      break
    fi
  done
  rm -rf "$work"
  case $answer in
    *'404 '*) echo "$package is gone from Debian ($suite has moved on); pin what is there now in $LIST" ;;
    *'Hash Sum mismatch'*) echo "$package is not the one that is pinned in $LIST" ;;
    '') echo "$package does not run here: $ran" ;;
    *) echo "$package could not be fetched: $(echo "$answer" | grep -m 1 '^E: ' || echo "no answer within $LIMIT s"); look at the network, then run sh test/conformance/fetch.sh" ;;
  esac
}

# The release as its program tells it; a newer C library may be missing here.
unpack() {
  answer=
  dpkg-deb -x "$work/deb/$package" "$work/root" && ran=$("$work/root/usr/bin/gobgpd" --version 2>&1) || return 1
  case $ran in *"$release"*) ;; *) return 1 ;; esac
  rm -rf "$work/deb" "${CACHE:?}/$release"
  mv "$work/root" "$CACHE/$release"
  rm -rf "$work"
}

ran='it cannot be unpacked'
releases | while read -r release suite package sum; do
  [ ! -x "$CACHE/$release/usr/bin/gobgpd" ] || continue
  mkdir -p "$CACHE"
  echo "   gobgpd $release: fetching for the tests"
  problem=$(fetch "$release" "$suite" "$package" "$sum")
  [ -z "$problem" ] || echo "   gobgpd $release: its tests will be skipped: $problem" >&2
done
