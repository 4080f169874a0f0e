#!/bin/sh
# Runs inside the machine: are all the parts of the lab there, and does ip_gre
# carry packets? One line per part; exit status 1 when any is missing.
failed=0
report() {
  if [ "$1" = 0 ]; then echo "ok      $2"; else echo "FAILED  $2" && failed=1; fi
}
try() {
  what=$1
  shift
  output=$("$@" 2>&1)
  status=$?
  [ $status = 0 ] || echo "$output" | tail -n 5
  report $status "$what"
}
# Waits at most ten seconds of machine time for a condition.
soon() {
  for _ in $(seq 100); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}

for module in ip_gre ip6_gre gre veth bridge tun nf_tables nft_ct nft_limit nf_conntrack nf_conntrack_netlink sch_tbf; do
  try "module $module" modprobe "$module"
done
try 'node starts' node -e 'process.exit(0)'

ip netns add near && ip netns add far
ip link add eth1 netns near type veth peer name eth1 netns far
for side in near:1:2 far:2:1; do
  IFS=: read -r name mine theirs <<SIDE
$side
SIDE
  ip -n "$name" addr add "198.18.0.$mine/24" dev eth1
  ip -n "$name" link set eth1 up
  ip -n "$name" link set lo up
  ip -n "$name" link add gre-far type gre local "198.18.0.$mine" remote "198.18.0.$theirs" nopmtudisc ttl 64
  ip -n "$name" addr add "10.255.0.$mine/30" dev gre-far
  ip -n "$name" -6 addr add "2001:db8::$mine/64" dev gre-far nodad
  ip -n "$name" link set gre-far up mtu 1476
done
try 'ip_gre carries IPv4' ip netns exec near ping -c 2 -i 0.2 -W 2 10.255.0.2
try 'ip_gre carries IPv6' ip netns exec near ping -c 2 -i 0.2 -W 2 2001:db8::2

ip link add v0 type veth peer name v1
ip netns add customer
try 'a tunnel whose underlay stays outside' ip link add gre-us netns customer type gre local 127.0.0.1 remote 127.0.0.2
try 'nft: marks, NOTRACK, clamp, counters' nft -f - <<'NFT'
table inet probe {
  map marks { type ipv4_addr : mark; flags interval; elements = { 203.0.113.0/24 : 0x77 } }
  counter dropped { }
  chain pre { type filter hook prerouting priority -310; policy accept;
    meta mark set ip daddr map @marks
    meta mark 0x77 notrack
    ip saddr 198.18.10.66 counter name dropped drop
  }
  chain clamp { type filter hook forward priority -150; policy accept;
    tcp flags syn / syn,rst tcp option maxseg size set 1436
  }
}
NFT
try 'nexthop groups' sh -c 'ip link set v0 up && ip link set v1 up && ip nexthop add id 1 dev v0 && ip nexthop add id 2 dev v1 && ip nexthop add id 3 group 1,2/2,1 && ip route add 203.0.113.0/24 nhid 3'
try 'conntrack' conntrack -L

mkdir -p /run/parts /run/frr && chown frr:frr /run/frr 2>/dev/null
printf 'router id 192.0.2.1;\nprotocol device { }\n' >/run/parts/bird.conf
bird -c /run/parts/bird.conf -s /run/parts/bird.ctl && soon birdc -s /run/parts/bird.ctl show status
report $? 'BIRD answers'
printf 'no zebra nexthop kernel enable\n' >/run/frr/frr.conf
/usr/lib/frr/zebra -d -f /run/frr/frr.conf >/dev/null 2>&1 && soon vtysh -d zebra -c 'show version'
report $? 'FRR answers'
gobgpd --api-hosts unix:///run/parts/gobgpd.sock --pprof-disable >/run/parts/gobgpd.log 2>&1 &
soon test -S /run/parts/gobgpd.sock
report $? 'gobgpd answers'
echo lasting >/var/lib/culvert-vm && test -s /var/lib/culvert-vm
report $? 'the root can be written (and forgets)'
exit $failed
