#!/bin/bash
# Every kind of device that leads to Linux: TUN, descriptors that somebody else has opened, an interface that the kernel
# uses too, and a TAP whose frames go on over a cable where each can be seen as it is on the wire.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in curl openssl; do
    there $tool linux_devices || exit
done
file=$(file_of $((1 << 21)))
sum=$(sum <"$file")
sides="--side $ours4 --side $ours6 --gro $gro"
here4=$kernel4 here6=$kernel6 far4=10.9.0.3 far6=fd09::3

# served NAME NS: curl, in NS, gets 2 MiB from our server and puts them there
served()
{
    local version ours
    for version in 4 6; do
        ours=ours$version
        is "curl gets from $1 over IPv$version" "$sum" \
            "$(in_ns "$2" curl -sSg -m 30 "$(url "${!ours}" 80 "$file")" 2>&1 | sum)"
        is "curl puts to $1 over IPv$version" "204 $sum" "$(in_ns "$2" curl -sSg -m 30 -o "$work/answer" \
            -w '%{http_code}' -T "$file" "$(url "${!ours}" 80 put)" 2>&1) $(sum <"$work/files/put")"
        : >"$work/files/put"
    done
}

# fetched NAME NS SERVER4 SERVER6 COMMAND...: a command to which a URL is added gets 2 MiB and puts them
fetched()
{
    local server
    for server in "$3" "$4"; do
        is "aksu gets by $1 from $server" "$sum" \
            "$(in_ns "$2" timeout 60 "${@:5}" "$(url "$server" 8000 "$file")" 2>&1 | sum)"
        is "aksu puts by $1 to $server" "$sum" \
            "$(in_ns "$2" timeout 60 "${@:5}" -T "$file" "$(url "$server" $put_port put)" 2>&1)"
    done
}

: >"$work/files/put"
kernel_servers() # NS
{
    begin_in "$1" "http $1" python3 -m http.server --bind :: --directory "$work/files" 8000
    begin_in "$1" "put $1" python3 "$here/peers/put.py" $put_port
    listening "$1" 8000 && listening "$1" $put_port
}

ours_at() # DEVICE...: the options of serve and get
{
    echo --device "$@" --address $ours4/24 --address $ours6/64
}

# -- TUN, and descriptors --------------------------------------------------------------------------

ns_new net
kernel_servers net || exit
for kind in tap tun; do
    in_ns net ip tuntap add dev $kind mode $kind
done

# turn NAME DEVICE "SPEC [OPTION...]" JUDGE-OPTION [COMMAND-BEFORE-OURS...]
turn()
{
    addresses net "$2" 1500 $here4/24 $here6/64
    capture_start net "$2" turn
    begin_in net serve "${@:5}" "$aksu" serve $(ours_at $3) --writable "$work/files"
    ready serve 'http://' && served "$1" net
    stop serve
    fetched "$1" net $here4 $here6 "${@:5}" "$aksu" get $(ours_at $3)
    judge "$1: capture" turn $sides "$4"
    in_ns net ip address flush dev "$2"
}

opened="python3 $here/peers/opened.py"
turn tun: tun tun:tun --offload
turn "tun: --no-offload" tun "tun:tun --no-offload" --payload
turn "fd: TAP" tap fd:N --payload $opened tap tap
turn "fd: TAP with virtio headers" tap fd:N --offload $opened tap tap,vnet
turn "fd: TAP with both headers" tap fd:N --offload $opened tap tap,vnet,pi
turn "fd: TUN" tun fd:N --payload $opened tun tun
turn "fd: TUN with virtio headers" tun fd:N --offload $opened tun tun,vnet
turn "fd: TUN with packet information" tun fd:N --payload $opened tun tun,pi

# -- what leaves a TAP, on a wire ------------------------------------------------------------------

# The kernel cuts our large segments for the cable and fills in their checksums; each frame is there to be seen.
ns_new far
veth_new net near far end 1500 off
bridge_new net br tap near
addresses far end 1500 $far4/24 $far6/64
kernel_servers far || exit
in_ns net ip link set tap mtu 1500
for mtu in 1500 1280; do
    in_ns far ip link set end mtu $mtu
    in_ns net ip link set near mtu $mtu
    capture_start far end wire
    begin_in net serve "$aksu" serve $(ours_at tap:tap) --mtu $mtu --writable "$work/files"
    ready serve 'http://' && served "tap: over a cable of MTU $mtu" far
    stop serve
    fetched "tap: over a cable of MTU $mtu" net $far4 $far6 "$aksu" get $(ours_at tap:tap) --mtu $mtu
    judge "tap: over a cable of MTU $mtu: capture" wire $sides --payload
done
in_ns net ip link delete dev br

# -- an interface that the kernel uses too ---------------------------------------------------------

in_ns far ip link set end mtu 1500
in_ns net ip link set near mtu 1500
addresses net near 1500 $here4/24 $here6/64
for cable in on off; do
    offload net near $cable
    offload far end $cable
    for option in "" --no-offload; do
        name="packet:${option:+ $option} with offloads $cable"
        capture_start far end packet 0 "host $ours4 or host $ours6"
        begin_in far beside sh -c \
            "while curl -sS -m 20 --limit-rate 32M -o /dev/null http://$here4:8000/$(basename "$file"); do echo one; done"
        begin_in net serve "$aksu" serve $(ours_at packet:near) $option --writable "$work/files"
        ready serve 'http://' && served "$name" far
        works "$name: the kernel's address answers" in_ns far ping -q -c 3 -i 0.05 -W 2 $here4
        stop serve
        fetched "$name" net $far4 $far6 "$aksu" get $(ours_at packet:near) $option
        has "$name: the kernel serves meanwhile" one "$(cat "$work/beside.out")"
        is "$name: the kernel serves without error" "" "$(grep -v one "$work/beside.out")"
        stop beside
        seen=--payload
        [ $cable = off ] || seen=--offload
        judge "$name: capture" packet $sides $seen
        is "$name: no connection of ours is reset" "" "$(tshark -r "$work/packet.pcap" \
            -Y "tcp.flags.reset == 1 and (ip.addr == $ours4 or ipv6.addr == $ours6)" 2>/dev/null | head -n 3)"
    done
done
