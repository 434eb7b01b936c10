#!/bin/bash
# How connections with Linux begin and end, each step of both sides given by this script: refused, prohibited, reset,
# half-closed, opened and closed by both at a time, opened again in TIME-WAIT, and with a program killed.
. "$(dirname "$0")/common.bash"
. "$here/peers/ends.bash"

port=5000

# refused VERSION
refused()
{
    local us=us$1 them=them$1 ip=IPv$1
    case="refused $ip"
    step us connect "${!them}" 9
    says "Linux refuses, $ip" "ok CLOSED: connection refused" us wait failed
    says "Linux refuses, $ip: states" "ok SYN-SENT, CLOSED" us path
    step us close
    says "we refuse, $ip" "no ECONNREFUSED" them connect "${!us}" 9
    step us listen 9 hold
    step them start "${!us}" 9
    step us wait SYN-RECEIVED
    step us refuse
    says "we refuse a held SYN, $ip" "no ECONNREFUSED" them connected
    step us unlisten
}

# answers VERSION CODE ERRNO: we answer a SYN with ICMP
answers()
{
    local us=us$1
    case="answers $1 $2"
    step us listen 9 hold
    step them start "${!us}" 9
    step us wait SYN-RECEIVED
    step us unreachable "$2"
    says "we answer IPv$1 with the code $2 of ICMP" "no $3" them connected
    step us unlisten
}

# rejected VERSION TYPE REASON: Linux's firewall answers our SYN with ICMP; REASON after syn_r2 if it may be transient
rejected()
{
    local them=them$1 icmp=icmp
    [ "$1" = 4 ] || icmp=icmpv6
    case="rejected $1 $2"
    block net input tcp dport 9 reject with $icmp "$2"
    step us connect "${!them}" 9
    says "a firewall answers IPv$1 with $2" "ok CLOSED: $3" us wait failed
    step us close
    unblock net
}

# opened VERSION us|them: a connection that that side opens
opened()
{
    port=$((port + 1))
    if [ "$2" = us ]; then we_open "$1" $port; else they_open "$1" $port; fi
}

# The states of our side after those of the opening.
after_opening()
{
    us path | sed 's/.*ESTABLISHED, //'
}

# resets VERSION us|them
resets()
{
    local how="IPv$1, opened by $2"
    case="resets $1 $2"
    opened "$1" "$2" && step them abort &&
        says "SO_LINGER 0 of Linux, $how" "ok CLOSED: connection reset" us wait failed
    step us close
    opened "$1" "$2" && step us abort &&
        says "our ABORT, $how" "ok ECONNRESET" them error
    step them close
    opened "$1" "$2" && step us send 1000 && step us wait sent && step them close &&
        says "Linux closes with text unread, $how" "ok CLOSED: connection reset" us wait failed
    step us close
    opened "$1" "$2" && step them send 1000 && step us wait queued && step us close &&
        says "we close with text unread, $how" "ok ECONNRESET" them error
    step them close
    opened "$1" "$2" && step us set linger 0 && step us close &&
        says "our linger 0, $how" "ok ECONNRESET" them error
    step them close
}

# half_closed VERSION us|them: FIN from each side in turn, while the other one still sends
half_closed()
{
    local how="IPv$1, opened by $2" size=1048576
    case="half_closed $1 $2"
    opened "$1" "$2" && step us send 70000 && step us shutdown && step them expect 70000 && step them eof
    step us wait FIN-WAIT-2
    is "we half-close, $how: Linux's state" CLOSE-WAIT "$(ss_state $port)"
    step them send $size && says "we half-close, $how: 1 MiB after it" ok us expect $size
    step them shutdown && says "we half-close, $how: the end" ok us eof
    says "we half-close, $how: our state" "ok TIME-WAIT: ok" us wait TIME-WAIT
    is "we half-close, $how: states" "FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT" "$(after_opening)"
    is "we half-close, $how: Linux has ended" "" "$(ss_state $port)"
    step us close && step them close

    opened "$1" "$2" && step them send 70000 && step them shutdown && step us expect 70000 && step us eof
    is "Linux half-closes, $how: its state" FIN-WAIT-2 "$(ss_state $port)"
    step us send $size && says "Linux half-closes, $how: 1 MiB after it" ok them expect $size
    step us shutdown && says "Linux half-closes, $how: the end" ok them eof
    step us wait CLOSED
    is "Linux half-closes, $how: states" "CLOSE-WAIT, LAST-ACK, CLOSED" "$(after_opening)"
    is "Linux half-closes, $how: its state at the end" TIME-WAIT "$(ss_state $port)"
    us close >"$work/closed"
    step them close
}

# again VERSION: the four numbers of a connection in TIME-WAIT once more, at once
again()
{
    local us=us$1 them=them$1 how="IPv$1, ${2:-timestamps}"
    case="again $how"
    port=$((port + 1))
    step us listen $port && step them connect "${!us}" $port 6000 && step us accept && both_ways 1000
    step us shutdown && step them eof && step them close && step us wait TIME-WAIT && step us close
    says "Linux opens again what is in our TIME-WAIT, $how" ok them connect "${!us}" $port 6000
    step us accept && step us unlisten && both_ways 100000 &&
        is "our states, $how" "ok LISTEN, SYN-RECEIVED, ESTABLISHED" "$(us path)"
    step us abort && step them error && step them close

    port=$((port + 1))
    step them listen $port && step us connect "${!them}" $port 7000 && step them accept && both_ways 1000
    step them shutdown && step us eof && step us shutdown && step us wait CLOSED
    us close >"$work/closed"
    is "Linux is in TIME-WAIT, $how" TIME-WAIT "$(ss_state $port)"
    step us connect "${!them}" $port 7000
    says "we open again what is in Linux's TIME-WAIT, $how" "ok ESTABLISHED: ok" us wait ESTABLISHED
    step them accept && step them unlisten && both_ways 100000 && ok "text both ways, $how"
    step them abort && step us wait failed && step us close
}

# killed VERSION
killed()
{
    local how="IPv$1"
    case="killed $1"
    opened "$1" us && step us send 50000000 && step them expect 1000000
    end_stop them KILL
    says "Linux's program is killed with text unread, $how" "ok CLOSED: connection reset" us wait failed
    step us close
    them_new
    opened "$1" us && step them send 1000000 && step us expect 1000000
    end_stop them KILL
    says "Linux's program is killed with all read, $how: our side reads the end" ok us eof
    says "... and is in CLOSE-WAIT, $how" "ok CLOSE-WAIT: ok" us wait CLOSE-WAIT
    step us send 1000
    says "... and is reset when it sends, $how" "ok CLOSED: connection reset" us wait failed
    step us close
    them_new

    opened "$1" them && step them send 50000000 && step us expect 1000000
    end_stop us KILL
    them sleep 300 >"$work/slept"
    is "our program is killed, $how: nobody tells Linux" ESTABLISHED "$(ss_state $port)"
    us_new --no-offload
    in_ns net ip neighbor flush dev tap         # it has another MAC address
    says "a new stack with this address resets it, $how" "ok ECONNRESET" them error
    step them close
}

net_new && us_new --no-offload --config syn_r2=1500 && them_new || exit
capture_start net tap ends
for version in 4 6; do
    refused $version
done
answers 4 1 EHOSTUNREACH
answers 4 3 ECONNREFUSED
answers 4 13 EHOSTUNREACH
answers 6 13 EACCES
answers 6 3 ECONNREFUSED
rejected 4 port-unreachable "connection refused"
rejected 4 admin-prohibited "communication administratively prohibited"
rejected 4 host-unreachable "host unreachable"
rejected 6 port-unreachable "connection refused"
rejected 6 admin-prohibited "communication administratively prohibited"
rejected 6 addr-unreachable "host unreachable"
resets 4 us
resets 6 them
half_closed 4 us
half_closed 6 them
judge "refused, reset, half-closed: capture" ends --side $us4 --side $us6 --gro $gro
capture_start net tap again
again 4
again 6
in_ns net sysctl -qw net.ipv4.tcp_timestamps=0
again 4 "no timestamps"
in_ns net sysctl -qw net.ipv4.tcp_timestamps=1
judge "TIME-WAIT: capture" again --side $us4 --side $us6 --gro $gro
capture_start net tap killed
killed 4
killed 6
judge "killed: capture" killed --side $us4 --side $us6 --gro $gro
end_stop us

# -- both at a time: over a wire that keeps Linux's frames back until our side has sent its own --

wire() { ask wire "$@"; }

# both VERSION
both()
{
    local us=us$1 them=them$1 how="IPv$1"
    case="both $1"
    opened "$1" us && step us abort && step them error && step them close   # neighbours know each other
    step wire hold && step them start "${!us}" 800$1 900$1 && step wire held 1
    step us connect "${!them}" 900$1 800$1
    says "both open, $how: Linux has our SYN" "ok SYN-RECEIVED" them wait SYN-RECEIVED
    step wire release
    says "both open, $how: Linux" ok them connected
    says "both open, $how: we" "ok ESTABLISHED: ok" us wait ESTABLISHED
    says "both open, $how: states" "ok SYN-SENT, SYN-RECEIVED, ESTABLISHED" us path
    both_ways 1048576 && ok "both open, $how: 1 MiB both ways"

    step wire hold && step them shutdown && step wire held 1 && step us shutdown
    says "both close, $how: Linux has our FIN" "ok CLOSING" them wait CLOSING
    step wire release
    says "both close, $how: we" "ok TIME-WAIT: ok" us wait TIME-WAIT
    is "both close, $how: states" "SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, CLOSING, TIME-WAIT" \
        "$(us path | cut -c 4-)"
    is "both close, $how: Linux" TIME-WAIT "$(ss_state 900$1)"
    step us close && step them close
}

in_ns net sysctl -qw net.unix.max_dgram_qlen=1000
end_new wire net python3 "$here/peers/wire.py" tap "$work/wire" "$work/ours" || exit
device=dgram:$work/ours,$work/wire us_new --no-offload || exit
capture_start net tap both
both 4
both 6
judge "both open and close: capture" both --side $us4 --side $us6 --gro $gro
