#!/bin/bash
# Devices that cannot be had, and devices that go away or do not work for a while, also in the middle of a transfer: each
# is told in a sentence with the way round it, no program spins or hangs.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in curl setpriv unshare; do
    there $tool linux_errors || exit
done
linux 1500
big=$(file_of $((1 << 26)))
chmod 755 "$work"
install -m 755 "$aksu" "$work/aksu"

# refused NAME SENTENCE COMMAND...: by serve, with 125 and these words alone
refused()
{
    local said status
    said=$("${@:3}" 2>&1 </dev/null)
    status=$?
    is "$1" "125: aksu serve: $2" "$status: $said"
}

serve() # DEVICE OPTION...
{
    in_ns net timeout -k 5 20 "$aksu" serve --device "$@" "$work"
}

# -- words that are wrong --------------------------------------------------------------------------

refused "no such kind of device" "\"nonsense:x\" is no kind of device: there are tap:NAME, tun:NAME, packet:NAME, fd:N, \
dgram:OURS,PEER and stream:PATH" serve nonsense:x --address $ours4/24
refused "no such interface" "there is no interface nosuch here; there are: lo, ours" \
    serve packet:nosuch --address $ours4/24
refused "a name that no interface has" "\"a/b\" cannot be the name of an interface: it has 1 to 15 characters, without \
slash, colon or blank; \`ip link\` shows those that exist" serve tap:a/b --address $ours4/24
refused "TUN by the name of a TAP" "cannot open TUN device ours: there is an interface of that name that is no TUN \
device; take another name, or tap:ours" serve tun:ours --address $ours4/24
refused "an interface without Ethernet" "lo is no Ethernet interface, so it cannot carry a second MAC address; take \
another, or make a TAP device (tap:NAME)" serve packet:lo --address $ours4/24
refused "no such descriptor" "descriptor 77 is not open: whoever starts this program must leave it open, without \
FD_CLOEXEC" serve fd:77 --address $ours4/24
refused "no length" "--address $ours4 has no prefix length; write $ours4/24 (or $ours4/32 for a link with nobody else on \
it)" serve tap:ours --address $ours4
refused "no address" "which device? For example: --device tap:tap0 --address 10.0.0.2/24" \
    in_ns net "$aksu" serve --address $ours4/24 "$work"

# -- not permitted ---------------------------------------------------------------------------------

# As nobody, with a /dev/net/tun of the script's own: MODE.
mknod "$work/tun" c 10 200
in_ns net ip tuntap add dev roots mode tap user root
nobody() # MODE DEVICE
{
    chmod "$1" "$work/tun"
    in_ns net unshare -m sh -c 'mount --bind "$1" /dev/net/tun && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
        --inh-caps=-all --bounding-set=-all timeout -k 5 20 "$2" serve --device "$3" --address "$4" /usr/share' \
        sh "$work/tun" "$work/aksu" "$2" $ours4/24
}

refused "nobody may not open a TAP" "cannot open TAP device ours: /dev/net/tun is not permitted; use sudo, or as root run \
\`chmod 666 /dev/net/tun\` once" nobody 600 tap:ours
refused "nobody may not have root's TAP" "cannot open TAP device roots: not permitted; use sudo, or as root run \`ip tuntap \
add roots mode tap user \$USER\` first" nobody 666 tap:roots
refused "nobody may not make a TUN" "cannot open TUN device new: not permitted; use sudo, or as root run \`ip tuntap add \
new mode tun user \$USER\` first" nobody 666 tun:new
refused "nobody may not open a packet socket" "cannot open packet:ours: not permitted; use sudo, or give the program \
CAP_NET_RAW: \`sudo setcap cap_net_raw+ep PROGRAM\`" nobody 666 packet:ours

# -- another has it --------------------------------------------------------------------------------

aksu_serve net tap:ours $ours4/24 "$work/files" || exit
refused "two want one TAP" "cannot open TAP device ours: another program has it; end that, or take another name" \
    serve tap:ours --address 10.9.0.4/24
is "the first one still serves" 200 "$(in_ns net curl -s -m 5 -o /dev/null -w '%{http_code}' http://$ours4/)"

# -- it does not work for a while ------------------------------------------------------------------

ticks() # PID: hundredths of a second of the processor
{
    echo $(($(cut -d ' ' -f 14 "/proc/$1/stat") + $(cut -d ' ' -f 15 "/proc/$1/stat")))
}

# at_rest NAME PROGRAM: for a second it needs nothing of the processor, or almost
at_rest()
{
    local before after
    before=$(ticks "${pid_of[$2]}")
    sleep 1
    after=$(ticks "${pid_of[$2]}")
    if [ $((after - before)) -le 3 ]; then ok "$1"; else fail "$1" "$((after - before)) % of a processor"; fi
}

at_rest "a server without clients is at rest" serve
in_ns net ip link set ours down
at_rest "and with its TAP down" serve
in_ns net ip link set ours up
rm -f "$work/got"
begin_in net curl curl -sS -m 40 --limit-rate 20M -o "$work/got" "$(url $ours4 80 "$big")"
within 5 test -s "$work/got"
in_ns net ip link set ours down
sleep 0.5
at_rest "and with its TAP down in the middle of a transfer" serve
in_ns net ip link set ours up
end_of curl 30
is "which goes on when it is up" 0 $?
same "and is complete" "$big" "$work/got"

# -- it goes away ----------------------------------------------------------------------------------

# ends NAME PROGRAM STATUS SENTENCE: at once, with these words last
ends()
{
    end_of "$2" 3
    is "$1: exit status" "$3" $?
    is "$1" "$4" "$(tail -n 1 "$work/$2.out")"
}

rm -f "$work/got"
begin_in net curl curl -sS -m 40 --limit-rate 20M -o "$work/got" "$(url $ours4 80 "$big")"
within 5 test -s "$work/got"
in_ns net ip link delete dev ours
ends "the TAP of serve is deleted in a transfer" serve 125 \
    "aksu serve: the device ours was deleted: make it again, and open it again"
stop curl

# get_stuck NS DEVICE SERVER: what it sends fills the window of one who does not read
get_stuck()
{
    begin_in "$1" get "$aksu" get --device "$2" --address $ours4/24 -T "$big" "$(url "$3" $put_port put)"
    sleep 1
    at_rest "a client that waits for a window is at rest" get
}

kernel_takes 30 || exit
tap_new net ours 1500 $kernel4/24
get_stuck net tap:ours $kernel4
in_ns net ip link delete dev ours
ends "the TAP of get is deleted in a transfer" get 56 \
    "aksu get: $kernel4:$put_port: the device ours was deleted: make it again, and open it again"

# The same for an interface that the kernel uses too.
ns_new far
veth_new net near far end 1500 on
addresses far end 1500 $kernel4/24
aksu_serve net packet:near $ours4/24 "$work/files" || exit
rm -f "$work/got"
begin_in far curl curl -sS -m 40 --limit-rate 20M -o "$work/got" "$(url $ours4 80 "$big")"
within 5 test -s "$work/got"
in_ns net ip link set near down
sleep 0.5
at_rest "packet: its interface is down in the middle of a transfer" serve
in_ns net ip link set near up
end_of curl 30
is "packet: which goes on when it is up" 0 $?
same "packet: and is complete" "$big" "$work/got"
rm -f "$work/got"
begin_in far curl curl -sS -m 40 --limit-rate 20M -o "$work/got" "$(url $ours4 80 "$big")"
within 5 test -s "$work/got"
in_ns net ip link delete dev near
ends "packet: the interface of serve is deleted in a transfer" serve 125 \
    "aksu serve: the interface near was deleted: make it again, and open it again"
