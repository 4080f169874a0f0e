#!/bin/sh
# Unpacks Debian's own kernel below .cache/vm and builds a first file system
# for it; installs nothing. Prints the folder: vmlinuz, initrd, modules/.
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

# The first file system: busybox, the modules that reach the host's root, and init.
first=$work/first
mkdir -p "$first/bin" "$first/modules" "$first/proc" "$first/sys" "$first/dev" "$first/host" "$first/memory" "$first/root"
cp "$(command -v busybox)" "$first/bin/busybox"
cp "$repo/test/vm/init.sh" "$first/init"
chmod 755 "$first/init"
for module in virtio_pci 9pnet_virtio 9p overlay; do
  modprobe -d "$work/modules" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' >"$work/order"
number=100
while read -r file; do
  cp "$file" "$first/modules/$number-$(basename "$file")"
  number=$((number + 1))
done <"$work/order"
(cd "$first" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initrd"
rm -rf "$first" "$work/order" "$work/download.log"
: >"$work/complete"
mv "$work" "$home"
echo "$home"
