#!/bin/sh
# usage: test/vm/initrd.sh KERNEL INITRD
#
# The first file system: busybox, init.sh, and the modules that reach the disks
# and the root of the host.
set -eu
PATH=$PATH:/usr/sbin:/sbin
kernel=$1
initrd=$2
version=$(basename "$kernel/modules/lib/modules/"*)
first=$initrd.first
trap 'rm -rf "$first" "$first.order"' EXIT
mkdir -p "$first/bin"
for folder in modules proc sys dev host memory programs project root; do mkdir "$first/$folder"; done
cp "$(command -v busybox)" "$first/bin/busybox"
cp "$(dirname "$0")/init.sh" "$first/init"
chmod 755 "$first/init"
for module in virtio_pci virtio_blk ext4 9pnet_virtio 9p overlay; do
  modprobe -d "$kernel/modules" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' >"$first.order"
number=100
while read -r file; do
  cp "$file" "$first/modules/$number-$(basename "$file")"
  number=$((number + 1))
done <"$first.order"
(cd "$first" && find . | busybox cpio -o -H newc 2>/dev/null) >"$initrd"
