#!/bin/busybox sh
# First program of the machine. The host's root arrives over 9p, read-only,
# below disks with the part of it that is used most, below a layer of memory:
# the guest may write everywhere and reaches nothing.
b=/bin/busybox
stop() {
  $b echo "culvert-vm: $1"
  $b poweroff -f
}
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*; do $b insmod "$module" || stop "cannot load $module"; done
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /host || stop 'cannot reach the root of the host'
$b mount -t ext4 -o ro,noatime /dev/vda /programs || stop 'cannot mount the disk of programs'
$b mount -t ext4 -o ro,noatime /dev/vdb /project || stop 'cannot mount the disk of the project'
$b mount -t tmpfs -o size=60% memory /memory
$b mkdir /memory/upper /memory/work
$b mount -t overlay -o lowerdir=/project:/programs:/host,upperdir=/memory/upper,workdir=/memory/work overlay /root || stop 'cannot layer memory over the root'
for tree in proc sys dev; do $b mount --move "/$tree" "/root/$tree"; done
run=$($b sed -n 's/.*culvert\.run=\([^ ]*\).*/\1/p' /root/proc/cmdline)
exec $b switch_root /root /bin/sh "$run/guest.sh"
