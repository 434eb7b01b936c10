# common.bash - sourced by tests/interop/*.sh: namespaces and links, programs, captures, verdicts.
# Usage from the top of the tree, as root, after make:  [AKSU=path] tests/interop/NAME.sh
# Each check prints `ok NAME`, `FAIL NAME` or `skip NAME reason`; a script with a FAIL exits with 1.
# KEEP=1 leaves the captures and outputs where they are, and says where.
# Everything is made inside network namespaces of the script's own and goes with them.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
aksu=$(realpath "${AKSU:-$tree/build/gcc/aksu}")
peers=${PEERS:-$tree/build/peers}       # where the programs made from tests/interop/peers are
work=$(mktemp -d)
gro=64                  # one ACK for at most so many: a TAP with offloads hands over 64 KiB of segments as one
declare -A pid_of       # by NAME: the programs that run
order=()                # their names, oldest first
spaces=()

. "$here/../verdicts.bash"

# works NAME COMMAND...: it ends with 0; what it prints is shown if it does not
works()
{
    local name=$1 seen
    shift
    if seen=$("$@" 2>&1); then ok "$name"; else fail "$name" "exit status $? of: $*" "$seen"; fi
}

# same NAME FILE FILE: by sha256
same()
{
    local one two
    one=$(sha256sum <"$2") && [ -e "$3" ] && two=$(sha256sum <"$3")
    if [ "$one" = "${two:-}" ]; then
        ok "$1"
    else
        fail "$1" "$(stat -c '%n: %s octets' "$2" "$3" 2>&1)"
    fi
}

there() # COMMAND-OR-FILE NAME: or the check is skipped
{
    [ -e "$1" ] || command -v "$1" >/dev/null && return 0
    skip "$2" "$1 is not installed"
    return 1
}

# -- namespaces and links --------------------------------------------------------------------------

# ns_new NAME: a network namespace. Its loopback is up, congestion control is reno, IPv6 addresses are
# usable at once. All functions below take the short NAME.
ns_new()
{
    ip netns add "aksu$$-$1" || return 1
    spaces+=("$1")
    in_ns "$1" ip link set lo up
    in_ns "$1" sysctl -qw net.ipv4.tcp_congestion_control=reno net.ipv6.conf.default.accept_dad=0 \
        net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.router_solicitations=0
}

in_ns() # NS COMMAND...
{
    ip netns exec "aksu$$-$1" "${@:2}"
}

addresses() # NS DEVICE MTU ADDRESS/N...
{
    local address
    in_ns "$1" ip link set dev "$2" mtu "$3" up
    for address in "${@:4}"; do
        in_ns "$1" ip address add "$address" dev "$2"
    done
}

# tap_new NS DEVICE MTU [ADDRESS/N...]: a TAP that a stack can open by name, the kernel's end with these addresses
tap_new()
{
    in_ns "$1" ip tuntap add dev "$2" mode tap ${TAP_FLAGS:-} || return 1
    addresses "$@"
}

# veth_new NS1 DEVICE1 NS2 DEVICE2 MTU on|off: a cable between two namespaces (or one), with or without offloads
veth_new()
{
    ip link add name "$2" netns "aksu$$-$1" type veth peer name "$4" netns "aksu$$-$3" || return 1
    addresses "$1" "$2" "$5"
    addresses "$3" "$4" "$5"
    offload "$1" "$2" "$6"
    offload "$3" "$4" "$6"
}

offload() # NS DEVICE on|off
{
    in_ns "$1" ethtool -K "$2" tx "$3" rx "$3" tso "$3" gso "$3" gro "$3" >/dev/null 2>&1
}

# bridge_new NS BRIDGE DEVICE...: a switch between devices that are there
bridge_new()
{
    local device
    in_ns "$1" ip link add name "$2" type bridge mcast_snooping 0
    for device in "${@:3}"; do
        in_ns "$1" ip link set dev "$device" master "$2" up
    done
    in_ns "$1" ip link set dev "$2" up
}

# -- programs --------------------------------------------------------------------------------------

# begin NAME COMMAND...: runs it in the background; its output is in $work/NAME.out, its pid in ${pid_of[NAME]}.
# Use `begin NAME ip netns exec "$(space NS)" COMMAND...` or `begin_in NS NAME COMMAND...`.
begin()
{
    stop "$1"
    : >"$work/$1.out"                   # at once, or `ready` may find what an older program said
    "${@:2}" >>"$work/$1.out" 2>&1 </dev/null &
    pid_of[$1]=$!
    order+=("$1")
}

begin_in() # NS NAME COMMAND...
{
    begin "$2" ip netns exec "aksu$$-$1" "${@:3}"
}

space() # NS: the name that ip netns knows
{
    echo "aksu$$-$1"
}

# end_of NAME [SECONDS]: waits until it ends by itself; its exit status, or 124 after that time [30]
end_of()
{
    local pid=${pid_of[$1]:?}
    within "${2:-30}" gone "$pid" || return 124
    unset "pid_of[$1]"
    wait "$pid"
}

# stop NAME [SIGNAL]: ends it, and waits until it has ended
stop()
{
    local pid=${pid_of[$1]:-}
    [ -n "$pid" ] || return 0
    unset "pid_of[$1]"
    kill "-${2:-TERM}" "$pid" 2>/dev/null
    within 5 gone "$pid" || kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return 0
}

gone() # PID
{
    case $(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null) in
    '' | Z) return 0 ;;
    esac
    return 1
}

# within SECONDS COMMAND...: asks every 20 ms until it succeeds
within()
{
    local until=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    until "${@:2}" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/[.,]/}" -lt "$until" ] || return 1
        sleep 0.02
    done
}

# ready NAME TEXT [SECONDS]: the program has printed a line with this (grep -E); a FAIL if it does not in time [10]
ready()
{
    within "${3:-10}" eval "grep -Eq -- '$2' '$work/$1.out' || gone ${pid_of[$1]}"
    grep -Eq -- "$2" "$work/$1.out" && return 0
    if gone "${pid_of[$1]}"; then
        wait "${pid_of[$1]}"
        fail "$1 has ended with status $?" "$(tail -n 5 "$work/$1.out")"
    else
        fail "$1 does not say '$2'" "$(tail -n 5 "$work/$1.out")"
    fi
    return 1
}

# listening NS PORT [SECONDS]: a kernel socket does
listening()
{
    within "${3:-10}" eval "in_ns '$1' ss -Hltn 'sport = :$2' | grep -q ." && return 0
    fail "nobody listens on port $2"
    return 1
}

# serve_files NS PORT DIRECTORY: python's HTTP server on the kernel's TCP, all addresses
serve_files()
{
    begin_in "$1" "http$2" python3 -m http.server --bind :: --directory "$3" "$2"
    listening "$1" "$2"
}

# -- our programs ----------------------------------------------------------------------------------

# aksu_serve NS DEVICE ADDRESS/N DIRECTORY [OPTION...]: in the background, as program `serve`
aksu_serve()
{
    begin_in "$1" serve "$aksu" serve --device "$2" --address "$3" "${@:5}" "$4"
    ready serve 'http://'
}

# aksu_get NS DEVICE ADDRESS/N FILE URL [OPTION...]
aksu_get()
{
    in_ns "$1" timeout -k 5 60 "$aksu" get --device "$2" --address "$3" -o "$4" "${@:6}" "$5"
}

# -- files -----------------------------------------------------------------------------------------

# file_of OCTETS: makes $work/files/OCTETS unless it is there, and prints its path. Always the same octets.
file_of()
{
    local path=$work/files/$1
    if [ ! -e "$path" ]; then
        mkdir -p "$work/files"
        python3 - "$1" "$path" <<'PYTHON'
import random, sys
left, source = int(sys.argv[1]), random.Random(9293)
with open(sys.argv[2], 'wb') as out:
    while left > 0:
        out.write(source.randbytes(min(left, 1 << 20)))
        left -= 1 << 20
PYTHON
    fi
    echo "$path"
}

# -- captures --------------------------------------------------------------------------------------

# capture_start NS DEVICE NAME [SNAPLEN [FILTER...]]: into $work/NAME.pcap. Whole frames [snaplen 0] let the judge
# verify checksums; 128 is enough for every other rule and for captures of gigabytes.
capture_start()
{
    begin_in "$1" "capture-$3" tcpdump -i "$2" -n -Z root -s "${4:-0}" -B 131072 -w "$work/$3.pcap" "${@:5}"
    ready "capture-$3" 'listening on'
}

# Everything that the kernel has seen is in the file.
captured_all() # PID OUTPUT
{
    kill -USR1 "$1" || return 0
    sleep 0.05
    tail -n 1 "$2" | sed 's/.*tcpdump: //' |
        awk '{ got = $1; for (i = 2; i <= NF; i++) if ($i ~ /received/) seen = $(i - 2) } END { exit got < seen }'
}

capture_stop() # NAME
{
    within 5 captured_all "${pid_of[capture-$1]}" "$work/capture-$1.out"
    stop "capture-$1" INT
}

# judge NAME CAPTURE [OPTION...]: tools/judge finds no violation in $work/CAPTURE.pcap (stopped here if it still runs)
judge()
{
    local lost
    [ -z "${pid_of[capture-$2]:-}" ] || capture_stop "$2"
    lost=$(sed -n 's/^\([0-9]*\) packets* dropped by kernel$/\1/p' "$work/capture-$2.out" | tail -n 1)
    if [ "${lost:-0}" -gt 0 ]; then
        skip "$1" "the capture has lost $lost packets"
    else
        judge_file "$@"
    fi
}

# judge_file NAME CAPTURE [OPTION...]: the same for a capture that something else has made
judge_file()
{
    local seen
    if seen=$("$tree/tools/judge" "${@:3}" "$work/$2.pcap" 2>&1) && [[ $seen != *", 0 connections"* ]]; then
        ok "$1 ($(tail -n 1 <<<"$seen"))"
        traced "$1" "$2"
    else
        fail "$1" "$seen"
    fi
}

# damaged FILE: its first MiB, with 40 octets changed behind the first 24, always the same
damaged()
{
    head -c 1048576 "$1" | python3 -c '
import random, sys
octets, chance = bytearray(sys.stdin.buffer.read()), random.Random(1)
for _ in range(40):
    octets[chance.randrange(24, len(octets))] = chance.randrange(256)
sys.stdout.buffer.write(octets)'
}

# traced NAME CAPTURE: aksu trace finds connections in it, and in two thirds of it, and does not fall over when it is
# damaged; under the sanitizers if that was built, which CI=true asks for. The name goes into the file $TRACED.
traced()
{
    local program=$tree/build/clang-san/aksu whole cut status=0 wrong=0 capture=$work/$2.pcap
    if [ ! -x "$program" ] && [ "${CI:-}" = true ]; then
        fail "$1: traced" "there is no $program: make CC=clang SAN=1 build/clang-san/aksu"
        return
    fi
    [ -x "$program" ] || program=$aksu
    if ! whole=$("$program" trace --summary --json "$capture" 2>&1); then
        fail "$1: traced" "$(tail -n 5 <<<"$whole")"
        return
    fi
    head -c $(($(stat -c %s "$capture") * 2 / 3)) "$capture" >"$work/$2.cut.pcap"
    cut=$("$program" trace --summary --json "$work/$2.cut.pcap" 2>&1) || status=$?
    damaged "$capture" >"$work/$2.damaged.pcap"
    "$program" trace --verify "$work/$2.damaged.pcap" >/dev/null 2>"$work/damaged.err" || wrong=$?
    if [ $wrong -gt 1 ] && [ $wrong -ne 125 ] || grep -q Sanitizer "$work/damaged.err"; then
        fail "$1: traced" "status $wrong when it is damaged" "$(cat "$work/damaged.err")"
    elif [[ $whole == *'"end":'* && $cut == *'"end":'* && $status -le 1 ]]; then
        ok "$1: traced ($(grep -c '"end":' <<<"$whole") connections, and $(grep -c '"end":' <<<"$cut") when it is cut)"
        [ -z "${TRACED:-}" ] || echo "$(basename "$0"): $1" >>"$TRACED"
    else
        fail "$1: traced" "status $status when it is cut: $(tail -n 3 <<<"$cut")"
    fi
}

# -- the end ---------------------------------------------------------------------------------------

finish()
{
    local i status=$?
    trap - EXIT INT TERM
    for ((i = ${#order[@]} - 1; i >= 0; i--)); do
        stop "${order[i]}"
    done
    for i in "${spaces[@]}"; do
        ip netns delete "aksu$$-$i"
    done
    if [ -n "${KEEP:-}" ]; then
        echo "kept: $work"
    else
        rm -rf "$work"
    fi
    [ $failed -eq 0 ] || exit 1
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ "$(id -u)" -ne 0 ]; then
    skip "$(basename "$0" .sh)" "needs root"
    exit
fi
for tool in ip tcpdump tshark python3 ethtool; do
    there $tool "$(basename "$0" .sh)" || exit
done
cd "$tree" || exit 1
[ -x "$aksu" ] || { fail aksu "no program at $aksu (make first, or set AKSU)"; exit; }
