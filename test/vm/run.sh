#!/bin/sh
# Runs one command, as root, under Debian's own kernel: the programs and files
# of this machine, nothing of its network, and no change that outlives it.
#
# usage: test/vm/run.sh [--limit SECONDS] [--accel kvm] [--env NAME=VALUE]… [--] COMMAND [ARGUMENT…]
#
# Its exit status is the command's; 124 when the time ran out, 70 when the
# machine ended without an answer. What the command prints, both streams,
# comes out as it appears.
{ # read to the end before it runs, so that it may be edited meanwhile
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

usage() {
  sed -n 's/^# usage: /usage: /p' "$0" >&2
  exit 2
}

# One word for the shell, whatever is in it.
quote() { printf "'%s' " "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

limit=900
accel=tcg,thread=multi # works everywhere; --accel kvm is ten times faster where nested machines do
environment='CULVERT_SLOW=1 '
while [ $# -gt 0 ]; do
  case $1 in
    --limit) limit=${2:?} && shift 2 ;;
    --accel) accel=${2:?} && shift 2 ;;
    --env) environment="$environment$(quote "${2:?}")" && shift 2 ;;
    --) shift && break ;;
    -*) usage ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || usage
command -v qemu-system-x86_64 >/dev/null || { echo 'vm: qemu-system-x86_64 is missing; run: sh lab/setup.sh --vm' >&2; exit 1; }

kernel=$(sh "$repo/test/vm/kernel.sh")
version=$(basename "$kernel/modules/lib/modules/"*)
find "$repo/.cache/vm" -maxdepth 1 -name 'run-*' -mmin +1440 -exec rm -rf {} + # left by a harness that was killed
run=$(mktemp -d "$repo/.cache/vm/run-XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Disks: what the lab runs, kept until a package changes, and this project as it is now.
programs=$repo/.cache/vm/programs-$(stat -c %Y-%s /var/lib/dpkg/status).ext4
if [ ! -e "$programs" ]; then
  rm -f "$repo"/.cache/vm/programs-*
  sh "$repo/test/vm/image.sh" "$programs" /usr/bin /usr/sbin /usr/lib/frr /usr/lib/bird \
    /usr/lib/x86_64-linux-gnu/*.so* "$(realpath "$(command -v node)")"
fi
sh "$repo/test/vm/image.sh" "$run/project.ext4" "$repo/dist" "$repo/node_modules" "$repo/package.json" \
  "$repo/lab" "$repo/protos" "$repo/src" "$repo/test" "$repo/tsconfig.json"
sh "$repo/test/vm/initrd.sh" "$kernel" "$run/initrd"

command=
for word; do command="$command$(quote "$word")"; done
cat >"$run/guest.sh" <<GUEST
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
mkdir -p /dev/pts /dev/shm /lib/modules/$version
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/log
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
mount --bind $(quote "$kernel/modules/lib/modules/$version") /lib/modules/$version
modprobe tun # /dev/net/tun appears with its module only
ip link set lo up
hostname culvert-vm
cd $(quote "$PWD")
echo "@booted \$(cut -d ' ' -f 1 /proc/uptime)"
env $environment$command </dev/null
echo "@ended \$? \$(cut -d ' ' -f 1 /proc/uptime)"
busybox poweroff -f
GUEST

carriage_return=$(printf '\r')
# Both programs die with their parents, so a harness that is killed leaves no machine behind.
# 3 GiB: the memory layer holds what the command writes.
die_with_parent='setpriv --pdeathsig KILL --'
# shellcheck disable=SC2086 # words
$die_with_parent timeout --kill-after=5 "$limit" $die_with_parent qemu-system-x86_64 \
  -machine q35 -accel "$accel" -cpu max -smp 2 -m 2048 \
  -display none -monitor none -serial stdio -no-reboot -nic none \
  -kernel "$kernel/vmlinuz" -initrd "$run/initrd" \
  -drive "file=$programs,format=raw,if=virtio,readonly=on" \
  -drive "file=$run/project.ext4,format=raw,if=virtio,readonly=on" \
  -append "console=ttyS0 panic=-1 quiet loglevel=3 culvert.run=$run" \
  -virtfs local,path=/,mount_tag=root,security_model=none,multidevs=remap,readonly=on \
  </dev/null 2>"$run/qemu.err" |
  while IFS= read -r line; do
    line=${line%"$carriage_return"}
    case $line in
      '@booted '*) booted=${line#@booted } ;;
      '@ended '*) echo "${line#@ended }" >"$run/ended" && echo "vm: booted in ${booted%.*} s" >&2 ;;
      '['*'reboot: Power down') ;;
      *) printf '%s\n' "$line" ;;
    esac
  done

if [ -e "$run/ended" ]; then
  read -r status uptime <"$run/ended"
  echo "vm: ended after ${uptime%.*} s with status $status" >&2
  exit "$status"
fi
if grep -q 'terminating on signal 15' "$run/qemu.err"; then
  echo "vm: no end within $limit s" >&2
  exit 124
fi
sed 's/^/vm: /' "$run/qemu.err" >&2
echo 'vm: the machine ended without an answer' >&2
exit 70
}
