#!/bin/sh
# Unpacks Debian's own kernel below .cache/vm; installs nothing. Prints the
# folder: vmlinuz, modules/.
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "vm: $1" >&2
  exit 1
}

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || fail 'needs Debian on amd64: the kernel comes from its archive'

# linux-image-amd64 is an empty package that depends on the newest kernel.
newest() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1; }

# A kernel that is here already will do: no list is fetched for a newer one.
cached=$(find "$repo/.cache/vm" -maxdepth 2 -name complete 2>/dev/null | sort -V | tail -n 1)
package=$(newest)
if [ -z "$package" ] && [ -n "$cached" ]; then
  dirname "$cached"
  exit 0
fi
if [ -z "$package" ]; then
  [ "$(id -u)" = 0 ] && apt-get -q update >/dev/null 2>&1 || true
  package=$(newest)
fi
[ -n "$package" ] || fail 'apt knows no linux-image-amd64; fetch the package lists (apt-get update) and run this again'

home=$repo/.cache/vm/$package
if [ -e "$home/complete" ]; then
  echo "$home"
  exit 0
fi

work=$home.new
rm -rf "$work" "$home"
mkdir -p "$work/deb"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
echo "vm: fetching $package (about 70 MB, once)" >&2
chmod 777 "$work/deb" # apt drops privileges for the download
(cd "$work/deb" && timeout 600 apt-get -q download "$package" >../download.log 2>&1) ||
  { cat "$work/download.log" >&2; fail "$package could not be fetched"; }
dpkg -x "$work"/deb/*.deb "$work/root"
rm -rf "$work/deb"
version=${package#linux-image-}
mv "$work/root/boot/vmlinuz-$version" "$work/vmlinuz"
# Debian 13 compresses its modules; the first file system's insmod reads plain ones.
find "$work/root/lib/modules" "$work/root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} + 2>/dev/null || true
mkdir -p "$work/modules/lib/modules"
mv "$work"/root/*lib/modules/"$version" "$work/modules/lib/modules/" 2>/dev/null ||
  mv "$work"/root/usr/lib/modules/"$version" "$work/modules/lib/modules/"
rm -rf "$work/root"
depmod -b "$work/modules" "$version"

rm -f "$work/download.log"
: >"$work/complete"
mv "$work" "$home"
echo "$home"
