#!/bin/bash
# link.sh - interop-path, the link of bench/path: two namespaces, a TAP in each, and the nodes of aksu/path.h between them.
# Linux on both ends, ours on both ends (on the same TAPs by AF_PACKET), and one of each.
. "$(dirname "$0")/common.bash"

path=$tree/build/gcc/tests/interop-path
there "$path" link || exit
for ns in near far; do
    ns_new $ns && tap_new $ns tap 1500 || exit
done
in_ns near ip address add 10.9.0.1/24 dev tap
in_ns far ip address add 10.9.0.2/24 dev tap

# link OPTION...: joins the two from now on
link()
{
    begin link "$path" "$@" "$(space near)" tap "$(space far)" tap
    ready link ready
}

# counted NAME WAY FIELD LEAST: what the link says at its end
counted()
{
    local seen
    seen=$(sed -n "s/^$2:.* $3 \([0-9]*\).*/\1/p" "$work/link.out")
    if [ "${seen:-0}" -ge "$4" ]; then ok "$1 ($seen)"; else fail "$1" "$(cat "$work/link.out")"; fi
}

# -- a round trip is twice the delay ---------------------------------------------------------------

link --delay 20ms
seen=$(in_ns near ping -c 5 -i 0.1 -q 10.9.0.2 | sed -n 's|^rtt [^=]*= \([0-9]*\)\.[0-9]*/.*|\1|p')
if [ "${seen:-0}" -ge 40 ] && [ "$seen" -lt 80 ]; then ok "ping: 20 ms each way"; else fail "ping" "$seen ms"; fi
stop link
counted "ping: counted" there out 5

# -- files over everything, both ways round --------------------------------------------------------

big=$(file_of $((1 << 22)))
faults="--both --delay 2ms --loss 1% --reorder 1% --duplicate 1% --corrupt 1%"
serve_files far 8000 "$work/files"
link $faults
works "Linux to Linux" in_ns near timeout 100 curl -s -o "$work/linux" http://10.9.0.2:8000/$((1 << 22))
same "Linux to Linux: the file" "$big" "$work/linux"
works "ours from Linux" in_ns near timeout 100 "$aksu" get --device packet:tap --address 10.9.0.11/24 \
    -o "$work/ours" http://10.9.0.2:8000/$((1 << 22))
same "ours from Linux: the file" "$big" "$work/ours"
begin_in far serve "$aksu" serve --device packet:tap --address 10.9.0.12/24 "$work/files"
ready serve 'http://'
works "ours from ours" in_ns near timeout 100 "$aksu" get --device packet:tap --address 10.9.0.11/24 \
    -o "$work/both" http://10.9.0.12/$((1 << 22))
same "ours from ours: the file" "$big" "$work/both"
works "Linux from ours" in_ns near timeout 100 curl -s -o "$work/from" http://10.9.0.12/$((1 << 22))
same "Linux from ours: the file" "$big" "$work/from"
stop link
counted "losses on the way back" back lost 50
counted "reordering on the way back" back reordered 50

# -- a rate holds ----------------------------------------------------------------------------------

serve_files near 8001 "$work/files"
link --rate 20mbit --delay 2ms          # from the near one to the far one
begun=${EPOCHREALTIME/[.,]/}
works "4 MiB to the far one" in_ns far timeout 60 curl -s -o "$work/rate" http://10.9.0.1:8001/$((1 << 22))
took=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
if [ $took -ge 1677 ]; then ok "20 Mbit/s and not more ($took ms)"; else fail "the rate" "$took ms"; fi
same "4 MiB to the far one: the file" "$big" "$work/rate"
stop link
