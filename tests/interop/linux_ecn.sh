#!/bin/bash
# Explicit congestion notification with Linux (RFC 3168): who asks, who agrees, a path that marks, and one that loses
# every SYN that asks.
. "$(dirname "$0")/common.bash"
. "$here/peers/ends.bash"

mebibyte=1048576
port=5000
ask=1 # enum aksu_ecn
asks='tcp flags & (syn | ecn | cwr) == (syn | ecn | cwr)'
there nft nft || exit 0

linux() # 0: no ECN; 1: asks; 2: agrees
{
    in_ns net sysctl -qw net.ipv4.tcp_ecn=$1
}

# between NAME VERSION us|them OCTETS: who opens; so many octets each way, one after the other
between()
{
    case=$1
    port=$((port + 1))
    if [ "$3" = us ]; then we_open "$2" $port; else they_open "$2" $port; fi || return
    step us send "$4" && says "$1: $4 octets to Linux" ok them expect "$4" 40000
    step them send "$4" && says "$1: $4 octets from Linux" ok us expect "$4" 40000
}

closed()
{
    step us shutdown && step them eof && step them close && step us eof && step us close
}

agreed() # NAME 0|1
{
    has "$1: we say ecn=$2" " ecn=$2 " "$(us status)"
}

words() # of `ss` about Linux's end
{
    in_ns net ss -Htin "( sport = :$port or dport = :$port )" | grep -Eo "$1"
}

# -- who agrees with whom --

# pair NAME OURS LINUX HOW AGREED
pair()
{
    linux "$3"
    us_new --no-offload --config ecn="$2" && between "$1" $4 1000 && agreed "$1" "$5" && closed
    end_stop us
}

net_new && them_new || exit
capture_start net tap agree
pair "Linux asks" 0 1 "4 them" 1
pair "Linux asks, IPv6" 0 1 "6 them" 1
pair "Linux asks, we do not want it" 2 1 "4 them" 0
pair "we ask" $ask 2 "4 us" 1
pair "we ask, IPv6" $ask 2 "6 us" 1
pair "we ask, Linux does not want it" $ask 0 "4 us" 0
pair "nobody asks" 0 2 "4 us" 0
judge "agreements: capture" agree --side $us4 --side $us6 --gro $gro

# -- a path that marks --

# packets FROM FILTER: how many of the capture
packets()
{
    shark marks "$ip.src == $1 && tcp.port == $port && $2" | wc -l
}

# few NAME COUNT: of a hundred marks; a loss probe (RFC 8985 7) may come when the machine has no time for us
few()
{
    if [ "${2:-0}" -lt 10 ]; then ok "$1: ${2:-0}"; else fail "$1: $2"; fi
}

some() # NAME COUNT
{
    if [ "$2" -gt 0 ]; then ok "$1: $2"; else fail "$1: none"; fi
}

# marks VERSION us|them PERCENT [WORD...]
marks()
{
    local name="marked, IPv$1, $2 open${*:4}" percent=$3 us them nft=ip ip=ip ecn=ip.dsfield.ecn
    [ "$1" = 4 ] || nft=ip6 ip=ipv6 ecn=ipv6.tclass.ecn
    us=us$1 them=them$1
    linux $([ "$2" = us ] && echo 2 || echo 1)
    capture_start net tap marks 128
    block net input "$nft ecn ect0 tcp sport != 0 numgen random mod 100 < $percent $nft ecn set ce"
    in_ns net nft "add chain inet block output { type filter hook output priority 0; }
        add rule inet block output $nft ecn ect0 tcp sport != 0 numgen random mod 100 < $percent $nft ecn set ce"
    between "$name" "$1" "$2" $((8 * mebibyte))
    agreed "$name" 1
    few "$name: segments sent again" "$(us status | sed 's/.* retransmits=\([0-9]*\) .*/\1/')"
    few "$name: segments sent again by Linux" "$(words ' retrans:[^ ]*' | sed 's/.*\///')"
    has "$name: Linux heard of marks" delivered_ce: "$(words 'delivered_ce:[0-9]*')"
    unblock net
    closed
    capture_stop marks
    some "$name: segments from us with ECT(0)" "$(packets "${!us}" "tcp.len > 0 && $ecn == 2")"
    is "$name: other segments of ours with ECT" 0 "$(packets "${!us}" "tcp.len == 0 && $ecn != 0")"
    some "$name: times that Linux echoes" "$(packets "${!them}" 'tcp.flags.ece == 1 && tcp.flags.syn == 0')"
    some "$name: times that we say CWR" "$(packets "${!us}" 'tcp.flags.cwr == 1 && tcp.flags.syn == 0')"
    some "$name: times that we echo" "$(packets "${!us}" 'tcp.flags.ece == 1 && tcp.flags.syn == 0')"
    some "$name: times that Linux says CWR" "$(packets "${!them}" 'tcp.flags.cwr == 1 && tcp.flags.syn == 0')"
    [ $# -gt 3 ] || judge "$name: capture" marks --side "${!us}" --gro $gro --payload
}

us_new --no-offload --config ecn=$ask || exit
in_ns net ip link set dev tap gso_max_segs 1
marks 4 us 2
marks 6 us 2
marks 4 them 2
in_ns net ip link set dev tap gso_max_segs 65535
end_stop us
us_new --config ecn=$ask || exit        # large segments: the kernel cuts, CWR goes with the first piece
marks 4 them 20 ", large segments"
marks 6 us 20 ", large segments"
end_stop us

# -- SYNs that ask are lost --

us_new --config ecn=$ask || exit
linux 2
block net input "$asks counter drop"
between "our SYN that asks is lost" 4 us 1000
agreed "our SYN that asks is lost" 0
unblock net
closed
linux 1
block net output "$asks counter drop"
between "Linux's SYN that asks is lost" 4 them 1000
agreed "Linux's SYN that asks is lost" 0
unblock net
closed
end_stop us
