#!/bin/sh
# usage: test/vm/image.sh IMAGE PATH…
#
# A read-only disk with these files and folders of this machine at their own
# places. The host's root over 9p has everything, but each file opened there is
# a conversation with the host; a disk is a machine's own.
set -eu
PATH=$PATH:/usr/sbin:/sbin
image=$1
shift
stage=$image.stage
trap 'rm -rf "$stage" "$image.new"' EXIT
rm -rf "$stage"
mkdir -p "$stage"
for path; do
  [ -e "$path" ] || continue
  into=$stage$(dirname "$path")
  mkdir -p "$into"
  # Links where both lie on one file system: no byte is copied.
  cp -al "$path" "$into/" 2>/dev/null || cp -a "$path" "$into/"
done
size=$(($(du -sm "$stage" | cut -f 1) * 5 / 4 + 32))
inodes=$(($(find "$stage" | wc -l) * 5 / 4 + 1000))
mke2fs -q -t ext4 -O '^has_journal,^metadata_csum,^64bit' -m 0 -N "$inodes" -d "$stage" "$image.new" "${size}M" >&2
mv "$image.new" "$image"
