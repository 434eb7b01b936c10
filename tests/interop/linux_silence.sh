#!/bin/bash
# Linux falls silent: it is filtered, absent, its interface goes down for a while or for good, it stops reading. The
# cases mostly wait; each is this script again, with its name as argument, and all run at a time.
. "$(dirname "$0")/common.bash"
. "$here/peers/ends.bash"

megabyte=1000000

now() { echo "${EPOCHREALTIME/[.,]/}"; }

# after NAME TENTHS SINCE: so many tenths of a second have passed, or up to two seconds more, because all cases run at a
# time. tests/script is exact.
after()
{
    local tenths=$((($(now) - $3) / 100000))
    if [ $tenths -ge "$2" ] && [ $tenths -le $(($2 + 20)) ]; then
        ok "$1"
    else
        fail "$1" "after $tenths tenths of a second"
    fi
}

# sent_at FILTER: when the frames of our side's capture `net` that pass were there, in seconds since the first
sent_at()
{
    capture_stop net
    shark net "$1" -T fields -e frame.time_epoch |
        awk 'NR == 1 { first = $1 } { printf "%s%d", (NR > 1 ? " " : ""), $1 - first + 0.3 } END { print "" }'
}

begin_case() # [OPTION...]
{
    net_new && us_new --no-offload "$@" && them_new && capture_start net tap net ${snap:-0} || exit
}

end_case()
{
    judge "$1: capture" net --side $us4 --side $us6 --gro $gro
}

# A firewall takes SYNs and says nothing: 0, 1, 3 seconds, and then R2.
filtered() # VERSION
{
    local them=them$1 us=us$1 start
    begin_case --config syn_r2=4000
    block net input tcp dport 9 drop
    start=$(now)
    step us connect "${!them}" 9
    says "filtered, IPv$1" "ok CLOSED: connection timed out" us wait failed
    after "filtered, IPv$1: reported after R2, 4 s" 39 "$start"
    in_ns net sysctl -qw net.ipv4.tcp_syn_retries=1 net.ipv4.tcp_syn_linear_timeouts=0
    is "filtered, IPv$1: SYNs at" "0 1 3" "$(sent_at 'tcp.flags.syn == 1')"
    capture_start net tap net
    step us listen 10 hold && step them start "${!us}" 10 && step us wait SYN-RECEIVED && step us ignore
    step us wait SYN-RECEIVED 3000 && step us ignore
    says "we ignore a held SYN, and once more, IPv$1" "no ETIMEDOUT" them connected
    is "we ignore a held SYN, IPv$1: SYNs at" "0 1" "$(sent_at 'tcp.dstport == 10')"
}

# Nobody has the address.
absent() # VERSION
{
    local nobody=10.9.0.77 start
    [ "$1" = 4 ] || nobody=fd09::77
    begin_case --config syn_r2=5000
    start=$(now)
    step us connect $nobody 9
    says "nobody has the address, IPv$1: it is told" "ok SYN-SENT: ok" us wait soft
    after "nobody has the address, IPv$1: it is told after 3 s" 28 "$start"
    says "nobody has the address, IPv$1" "ok CLOSED: host unreachable" us wait failed
    after "nobody has the address, IPv$1: given up after R2, 5 s" 49 "$start"
    says "nobody has the address, IPv$1: Linux" "no EHOSTUNREACH" them connect $nobody 9
    capture_stop net
}

down() { in_ns net ip link set tap down; }
up() { in_ns net ip link set tap up; }

# still NAME: what it was told to do is not done yet
still()
{
    if read -r -t 0 <&"${from[$1]}"; then fail "$case: $1 has done it already"; fi
}

# The longest pause in what that address sends, in seconds.
pause()
{
    local ip=ip
    [[ $1 != *:* ]] || ip=ipv6
    capture_stop net
    shark net "$ip.src == $1" -T fields -e frame.time_epoch |
        awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { printf "%d\n", most }'
}

# The interface is down for 8 s in the middle of a transfer. RFC 6298 5.5: the timer that finds it up again was started
# before that, so that it lasts at most as long as the silence until then; and a second for the neighbour to be found.
outage() # us|them: who sends
{
    local size=$((16 * megabyte)) version=4 receiver=them ours=$us4 most
    [ "$1" = us ] || { version=6 receiver=us ours=$us6; }
    begin_case
    in_ns net sysctl -qw net.ipv6.conf.tap.keep_addr_on_down=1
    we_open $version 5000
    step $receiver pace 20
    step "$1" send $size && tell $receiver expect $size 50000
    sleep 0.5
    still $receiver
    down
    sleep 8
    still $receiver
    up
    is "down for 8 s while $1 send: all arrives" ok "$(reply $receiver)"
    most=$(pause $ours)
    if [ "$most" -ge 8 ] && [ "$most" -le 17 ]; then
        ok "down for 8 s while $1 send: our side is silent for $most s"
    else
        fail "down for 8 s while $1 send: our side is silent for $most s"
    fi
    # What leaves while it is down, a probe for instance, is in no capture.
    judge "down for 8 s while $1 send: capture" net --side $ours --gro $gro --without gap
}

r1_told() { [ "$(us signals)" = "ok R1: no acknowledgment yet" ]; }

# Down for longer than R2: told after R1, over after R2.
lost() # VERSION down|filtered
{
    local how="$2, IPv$1" size=$((50 * megabyte)) start signals
    begin_case --config data_r1=2 --config data_r2=4 --config rto_max=1000
    we_open "$1" 5000
    step us send 1000 && step them expect 1000 && step us wait sent
    if [ "$2" = down ]; then down; else block net input tcp dport 5000 drop; fi
    start=$(now)
    step us send $size
    if within 10 r1_told; then
        says "$how: R1 is told while the connection lives" "ok ESTABLISHED: ok" us wait ESTABLISHED 0
    else
        fail "$how: R1 is not told" "$(us signals)"
    fi
    says "$how: after R2" "ok CLOSED: connection timed out" us wait failed
    after "$how: after 3.4 s" 33 "$start"
    [ "$2" = down ] || is "$how: the last segment that Linux took, and 4 times more" 5 \
        "$(sent_at "tcp.dstport == 5000 and tcp.seq == 1001" | wc -w)"
}

# How many frames that pass the filter have come since the last of Linux's.
unanswered()
{
    shark net "($1) or tcp.srcport == 5000" -T fields -e tcp.srcport |
        awk '$1 == 5000 { n = 0; next } { n++ } END { print n + 0 }'
}

# An idle connection whose peer is no more; and one whose peer is.
keepalive() # VERSION
{
    local start
    begin_case
    we_open "$1" 5000
    step us set keepalive-idle 1000 && step us set keepalive-interval 1000 && step us set keepalive-count 3
    step us set keepalive 1 && step us sleep 3500
    says "keep-alive is answered, IPv$1" "ok ESTABLISHED: ok" us wait ESTABLISHED 0
    block net input tcp dport 5000 drop
    start=$(now)
    says "keep-alive is not answered, IPv$1" "ok CLOSED: connection timed out" us wait failed
    after "keep-alive is not answered, IPv$1: after 4 s" 28 "$start"
    has "keep-alive, IPv$1: probes at" "0 1 2 3 4 5" "$(sent_at 'tcp.dstport == 5000 and tcp.seq == 0 and tcp.ack == 1')"
    is "keep-alive, IPv$1: probes after Linux's last ACK" 3 "$(unanswered 'tcp.dstport == 5000 and tcp.seq == 0')"
}

user_timeout() # VERSION
{
    local start
    begin_case
    we_open "$1" 5000
    block net input tcp dport 5000 drop
    start=$(now)
    step us set user-timeout 2500 && step us send 100000
    says "user timeout, IPv$1" "ok CLOSED: connection aborted due to user timeout" us wait failed
    after "user timeout, IPv$1: after 2.5 s" 24 "$start"
}

# How many frames of the capture `net` pass a filter.
count()
{
    shark net "$1" | wc -l
}

# The other side stops reading for 5 s.
full() # us|them: who sends
{
    local size=$((12 * megabyte)) version=4 receiver=them probes
    [ "$1" = us ] || { version=6 receiver=us; }
    begin_case
    we_open $version 5000
    step "$1" send $size && step us sleep 5000
    says "$receiver do not read for 5 s: all arrives afterwards" ok $receiver expect $size
    judge "$receiver do not read for 5 s: capture" net --side $us4 --side $us6 --gro $gro
    probes=$(count "tcp.analysis.zero_window_probe or tcp.analysis.keep_alive")
    if [ "$probes" -ge 3 ] && [ "$(count tcp.analysis.zero_window)" -ge 1 ]; then
        ok "$receiver do not read for 5 s: zero window, $probes probes"
    else
        fail "$receiver do not read for 5 s: $probes probes of $(count tcp.analysis.zero_window) zero windows"
    fi
}

case=$*
case ${1:-all} in
all)
    parallel "filtered 4" "filtered 6" "absent 4" "absent 6" "outage us" "outage them" "lost 4 down" "lost 6 down" \
        "lost 4 filtered" "keepalive 4" "keepalive 6" "user_timeout 4" "full us" "full them"
    ;;
*) "$@" ;;
esac
