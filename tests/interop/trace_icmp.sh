#!/bin/bash
# aksu trace on ICMP errors, between kernels: a router without a way, with one that is forbidden, with a smaller MTU
# behind it; an end that rejects; packets whose time is over. Each error is compared with what tshark reads of it
# (peers/agree_icmp.py), and so is how the connections end.
. "$(dirname "$0")/common.bash"

for program in tshark tcpdump nft; do
    there $program trace_icmp || exit
done

ns_new one
ns_new router
ns_new two
veth_new one va router ra 1500 off
veth_new router rb two vb 1400 off
addresses one va 1500 10.1.0.1/24 fd01::1/64
addresses router ra 1500 10.1.0.254/24 fd01::fe/64
addresses router rb 1400 10.2.0.254/24 fd02::fe/64
addresses two vb 1400 10.2.0.2/24 fd02::2/64
in_ns one ip route add default via 10.1.0.254
in_ns one ip -6 route add default via fd01::fe
in_ns two ip route add default via 10.2.0.254
in_ns two ip -6 route add default via fd02::fe
in_ns router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 \
    net.ipv6.icmp.ratelimit=0
in_ns router ip route add unreachable 10.3.0.0/24
in_ns router ip -6 route add unreachable fd03::/64
in_ns router ip route add prohibit 10.4.0.0/24
in_ns router ip -6 route add prohibit fd04::/64
in_ns two ip link set dev vb mtu 1500       # or it would announce an MSS that fits
in_ns two nft -f - <<'NFT'
table inet fate {
    chain input {
        type filter hook input priority 0
        tcp dport 8101 reject with icmpx port-unreachable
        tcp dport 8102 reject with icmpx admin-prohibited
        tcp dport 8103 reject with tcp reset
        tcp dport 8104 reject with icmpx host-unreachable
    }
}
NFT

# try ADDRESS PORT: opens a connection in the background; how that ends is not this script's business
try()
{
    in_ns one timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null &
    tries+=($!)
}

# agree NAME CAPTURE
agree()
{
    local said
    if said=$("$here/peers/agree_icmp.py" "$aksu" "$work/$2.pcap" 2>&1); then
        ok "$1 ($(tail -n 1 <<<"$said"))"
        traced "$1" "$2"
    else
        fail "$1" "$said"
    fi
}

# says NAME CAPTURE PORT SENTENCE...: the connections to that port end so, and no other way. How many SYNs it takes is
# left out: the kernel does not hear an error that comes before connect() has let go of the socket.
says()
{
    local said
    said=$("$aksu" trace --summary --json --filter "port $3 or icmp or icmp6" "$work/$2.pcap" |
        sed -n 's/.*"sentence":"\([^"]*\)".*/\1/p' | sed 's/, the answer to.*//; s/[0-9]* segments/segments/' | sort -u)
    is "$1" "$(printf '%s\n' "${@:4}" | sort)" "$said"
}

# -- nobody is reached -----------------------------------------------------------------------------

tries=()
capture_start one va opening
capture_start router any several
for port in 8101 8102 8103 8104; do
    try 10.2.0.2 $port
    try fd02::2 $port
done
try 10.3.0.1 8105
try fd03::1 8105
try 10.4.0.1 8106
try fd04::1 8106
wait "${tries[@]}"
tries=()
in_ns one sysctl -qw net.ipv4.ip_default_ttl=1 net.ipv6.conf.va.hop_limit=1
try 10.2.0.2 8107
try fd02::2 8107
wait "${tries[@]}"
in_ns one sysctl -qw net.ipv4.ip_default_ttl=64 net.ipv6.conf.va.hop_limit=64
capture_stop opening
capture_stop several
agree "errors while a connection is opened, as tshark has them" opening
# how many errors there are is the kernel's business (see says): as many as one device saw
errors() # CAPTURE: how many aksu trace tells
{
    "$aksu" trace --json "$work/$1.pcap" | grep -c '"event":"icmp_in"'
}
packets() # CAPTURE: how many there are in it
{
    tshark -r "$work/$1.pcap" -Y 'icmp.type == 3 || icmp.type == 11 || icmpv6.type in {1, 3}' 2>/dev/null | wc -l
}
is "an error that was captured on several devices is one" "$(errors opening)" "$(errors several)"
works "those that the router forwards were captured twice" test "$(packets several)" -ge $(($(errors opening) + 6))
says "the end rejects" opening 8101 "ended by ICMP port unreachable from 10.2.0.2" \
    "ended by ICMP port unreachable from fd02::2"
says "the end forbids" opening 8102 "ended by ICMP prohibited by a filter from 10.2.0.2" \
    "ended by ICMP prohibited by a filter from fd02::2"
says "a RST is no ICMP" opening 8103 "refused: the server answers the SYN with RST"
says "no host" opening 8104 "ended by ICMP host unreachable from 10.2.0.2" \
    "ended by ICMP address unreachable from fd02::2"
says "no way" opening 8105 "ended by ICMP host unreachable from 10.1.0.254" "ended by ICMP no route from fd01::fe"
says "no permission" opening 8106 "ended by ICMP prohibited by a filter from 10.1.0.254" \
    "ended by ICMP prohibited by a filter from fd01::fe"
says "no time" opening 8107 "ended by ICMP time to live exceeded from 10.1.0.254" \
    "ended by ICMP hop limit exceeded from fd01::fe"

# -- a smaller MTU, and a way that goes ------------------------------------------------------------

begin_in two server python3 -c '
import socket, threading
def serve(s):
    while s.recv(1 << 16):
        pass
    s.close()
listener = socket.create_server(("::", 8200), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()'
listening two 8200

# uploads ADDRESS: 100,000 octets, and waits until the end has taken them
uploads()
{
    in_ns one timeout 10 python3 -c '
import socket, sys
with socket.create_connection((sys.argv[1], 8200)) as s:
    s.sendall(bytes(100_000))
    s.shutdown(socket.SHUT_WR)
    s.recv(1)' "$1"
}

capture_start one va mtu
works "an upload through a smaller MTU, IPv4" uploads 10.2.0.2
works "an upload through a smaller MTU, IPv6" uploads fd02::2
capture_stop mtu
agree "a smaller MTU, as tshark has it" mtu
says "it ends nothing" mtu 8200 "closed, by the client first"
is "the MTU of the path is in the summary" "1400 1400" "$("$aksu" trace --summary --json "$work/mtu.pcap" | python3 -c '
import json, sys
print(*[o["client"]["path_mtu"] for o in map(json.loads, sys.stdin) if "client" in o])')"
is "and in the table" 2 "$("$aksu" trace --summary "$work/mtu.pcap" | grep -c '^     ICMP to the client: .* (MTU 1400) from ')"

# falls ADDRESS: opens, talks, then the way to it goes
falls()
{
    in_ns one timeout 8 python3 -c '
import socket, sys, time
s = socket.create_connection((sys.argv[1], 8200))
s.sendall(b"a")
time.sleep(0.3)
print("connected", flush=True)
time.sleep(0.5)
s.sendall(b"b")
time.sleep(3)' "$1" >"$work/falls$2.out"
}

capture_start one va falls
falls 10.2.0.2 4 & tries=($!)
falls fd02::2 6 & tries+=($!)
within 5 grep -q connected "$work/falls4.out" && in_ns router ip route add unreachable 10.2.0.2/32
within 5 grep -q connected "$work/falls6.out" && in_ns router ip -6 route add unreachable fd02::2/128
sleep 3
capture_stop falls
wait "${tries[@]}"
agree "a way that goes, as tshark has it" falls
says "a way that goes" falls 8200 \
    "the server is silent: segments of the client were not answered but by ICMP host unreachable from 10.1.0.254" \
    "the server is silent: segments of the client were not answered but by ICMP no route from fd01::fe"
