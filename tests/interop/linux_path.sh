#!/bin/bash
# What lies between, and what is not there: a smaller MTU behind a router, loss, and Linux without timestamps, SACK,
# window scaling. Every transfer is byte-exact.
. "$(dirname "$0")/common.bash"
. "$here/peers/ends.bash"

mebibyte=1048576
port=5000

# transfer NAME VERSION us|them OCTETS: who opens; then so many octets each way, one after the other
transfer()
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

# -- options --

# without NAME SYSCTL... -- FIELD=VALUE...: what `status` must say then
without()
{
    local name=$1 sysctls=() seen
    shift
    while [ "$1" != -- ]; do
        sysctls+=("net.ipv4.tcp_$1=0")
        shift
    done
    in_ns net sysctl -qw "${sysctls[@]}"
    for how in "4 us" "6 them"; do
        transfer "Linux without $name, IPv$how" $how $((16 * mebibyte))
        seen=$(us status)
        for field in "${@:2}"; do
            has "Linux without $name, IPv$how: $field" " $field " "$seen"
        done
        closed
    done
    in_ns net sysctl -qw "${sysctls[@]/=0/=1}"
}

net_new && us_new --no-offload && them_new || exit
capture_start net tap options 128
without timestamps timestamps -- timestamps=0 sack=1
without SACK sack -- timestamps=1 sack=0
without "window scaling" window_scaling -- snd_wscale=0 rcv_wscale=0 timestamps=1
without "any option" timestamps sack window_scaling -- timestamps=0 sack=0 snd_wscale=0 rcv_wscale=0
judge "Linux without options: capture" options --side $us4 --side $us6 --gro $gro

# -- loss --

# loses VERSION input|output us|them: of Linux's end
loses()
{
    local name="1 in 100 lost at Linux's $2, IPv$1" lost
    block net "$2" "tcp sport != 0 numgen random mod 100 < 1 counter drop"
    transfer "$name" "$1" "$3" $((4 * mebibyte))
    lost=$(in_ns net nft list table inet block | grep -o 'packets [0-9]*' | cut -d ' ' -f 2)
    if [ "$lost" -ge 10 ]; then ok "$name: $lost frames were"; else fail "$name: $lost frames were"; fi
    unblock net
    closed
}

in_ns net ip link set dev tap gso_max_segs 1       # or one loss would be of 64 KiB
capture_start net tap loss
loses 4 input us
loses 6 output us
loses 6 input them
loses 4 output them
judge "loss: capture" loss --side $us4 --side $us6 --gro $gro --payload
in_ns net ip link set dev tap gso_max_segs 65535
end_stop us
end_stop them

# -- a router whose second link has a smaller MTU --

# far_new MTU: the kernel's end is beyond the namespace `net`, which routes; and neither end is told
far_new()
{
    ns_new far && veth_new net out far in 1500 off
    addresses net out 1500 10.9.1.1/24 fd19::1/64
    addresses far in 1500 10.9.1.2/24 fd19::2/64
    in_ns net sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    in_ns far ip route add default via 10.9.1.1
    in_ns far ip -6 route add default via fd19::1
    in_ns net ip route add 10.9.1.2 dev out mtu lock "$1"
    in_ns net ip route add fd19::2 dev out mtu lock "$1"
    in_ns net ip route add $us4 dev tap mtu lock "$1"
    in_ns net ip route add $us6 dev tap mtu lock "$1"
}

# smaller MTU [OPTION...]
smaller()
{
    local mtu=$1 them4=10.9.1.2 them6=fd19::2 how name header
    us_new --route "$them4/32 via 10.9.0.1" --route "$them6/128 via fd09::1" "${@:2}"
    for how in "4 us" "6 us" "4 them" "6 them"; do
        name="router with an MTU of $mtu, IPv$how ${*:2}"
        header=$((32 + (${how% *} == 4 ? 20 : 40)))         # timestamps too
        transfer "$name" $how $((4 * mebibyte))
        has "$name: MSS" " mss=$((mtu - header)) " "$(us status)"
        closed
    done
    end_stop us
}

far_new 1300
them_new far
capture_start net tap path
smaller 1300 --no-offload
judge "path MTU: capture" path --side $us4 --side $us6 --gro $gro
smaller 1300
