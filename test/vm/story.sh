#!/bin/sh
# Runs inside the machine: the parts, the tests that need ip_gre, then the
# Acme lab is deployed, its story played, and destroyed. Ends with
# `N passed, N failed`.
#
# CULVERT_VM_STEPS names the steps of the story that are played (`a b c`); all
# of them when it is empty, which takes half an hour. Processors are emulated,
# thirty times slower than real ones, and now and then stand still for longer
# than a BGP session lasts: steps that failed are played once more, and only
# those that fail again count as failed.
passed=0
failed=0
culvert() { node dist/main/cli.js "$@"; }
step() {
  what=$1
  shift
  echo "== $what"
  began=$(cut -d . -f 1 /proc/uptime)
  if "$@"; then
    passed=$((passed + 1)) result=ok
  else
    failed=$((failed + 1)) result=FAILED
  fi
  echo "== $result: $what, $(($(cut -d . -f 1 /proc/uptime) - began)) s"
}
traces() {
  ip netns list
  ip -o link show | sed 's/^[0-9]*: //'
  nft list ruleset
  cut -d ' ' -f 2,3 /proc/mounts | sort
}

step 'the parts of the lab' sh test/vm/parts.sh
ip -all netns delete
nft flush ruleset
ip link delete v0 2>/dev/null
step 'tests on ip_gre' sh test/house/jest.sh test/drivers/tunnel/ip-gre --testTimeout 120000 --reporters default
# Every timer of the fleet that competes for an emulated processor is ten times as long, and a
# lease and grace are longer than an agent takes to start there: in (l) one is restarted.
sed -e 's/interval: 200ms/interval: 2s/' -e 's/^safety:/safety:\n  lease: 30s\n  stopGrace: 90s/' lab/acme/fleet.yaml >lab/acme/fleet.slow.yaml
export CULVERT_FLEET=fleet.slow.yaml
# What waits for a processor that stands still must not be lost, or it would be the instruments that lose it.
sysctl -q -w net.core.rmem_max=33554432 net.core.netdev_max_backlog=20000
before=$(traces)
step 'lab deploy' culvert lab deploy
play() {
  { culvert lab verify "$@"; echo $? >/run/played; } | tee /run/story
  return "$(cat /run/played)"
}
# shellcheck disable=SC2086 # words
story() {
  play $CULVERT_VM_STEPS && return
  steps=$(sed -n '$s/^.* failed (\(.*\)) in .*$/\1/p' /run/story)
  [ -n "$steps" ] || return 1
  echo "== once more: $steps"
  play $steps
}
step 'lab verify' story
if [ "$failed" != 0 ]; then
  for server in ams-s1 ams-s2 sjc-s1 sjc-s2; do
    echo "== $server" && culvert lab exec "$server" -- tail -n 40 /run/log/agent.log /run/log/guard.log
  done
fi
step 'lab destroy' culvert lab destroy
after=$(traces)
step 'nothing is left behind' test "$before" = "$after"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
