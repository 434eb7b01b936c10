#!/bin/bash
# aksu trace beside tshark: connections of every fate between two kernels, over a good link and one that loses one
# packet in ten (nft), captured at either end. Which segments repeat something, window probes, keep-alives, handshakes
# and conversations are compared one by one (peers/agree.py, which has the rules for where they differ).
. "$(dirname "$0")/common.bash"

for program in tshark tcpdump nft editcap; do
    there $program trace || exit
done

# lose NS DEVICE: one packet in ten that arrives there, behind the place of a capture
lose()
{
    in_ns "$1" nft -f - <<NFT
table inet loss {
    chain input {
        type filter hook input priority 0
        iifname "$2" tcp dport 8000-8005 numgen random mod 10 == 0 drop
        iifname "$2" tcp sport 8000-8005 numgen random mod 10 == 0 drop
    }
}
NFT
}

# agree NAME CAPTURE [FEW]
agree()
{
    local said
    if said=$("$here/peers/agree.py" "$aksu" "$work/$2.pcap" "${3:-0}" 2>&1); then
        ok "$1 ($(head -n 1 <<<"$said"))"
        sed -n '2,$p' <<<"$said"
        traced "$1" "$2"
    else
        fail "$1" "$said"
    fi
}

# ends NAME CAPTURE WORD...: the table says each of these, and nothing else
ends()
{
    local said
    said=$("$aksu" trace --summary --json "$work/$2.pcap" | sed -n 's/.*"end":"\([^"]*\)".*/\1/p' | sort -u |
        paste -sd ,)
    is "$1" "$(printf '%s\n' "${@:3}" | sort -u | paste -sd ,)" "$said"
}

ns_new one
ns_new two
veth_new one va two vb 1500 on
in_ns one ip address add 10.1.0.1/24 dev va
in_ns two ip address add 10.1.0.2/24 dev vb
in_ns one ip address add fd00::1/64 dev va
in_ns two ip address add fd00::2/64 dev vb
begin_in two server "$here/peers/talks.py" server
listening two 8004

capture_start two vb good
capture_start two any cooked
works "every fate, over a good link" in_ns one timeout 60 "$here/peers/talks.py" client 10.1.0.2 fd00::2
capture_stop good
capture_stop cooked
agree "tshark and aksu trace agree, segments coalesced by the devices" good
agree "they agree on a cooked capture" cooked
ends "the ends over a good link" good closed refused "s reset"

offload one va off
offload two vb off
lose one va
lose two vb
capture_start one va near 100
capture_start two vb far
works "every fate, one packet in ten lost" in_ns one timeout 120 "$here/peers/talks.py" client 10.1.0.2 fd00::2
capture_stop near
capture_stop far
agree "they agree at the client, of 100 octets of each packet" near 1
agree "they agree at the server" far 1

# Pieces of pcapng: connections whose beginning is missing. What was sent before, both guess from ACKs and SACK blocks.
for piece in 100-2500 2500-9999; do
    editcap -F pcapng -r "$work/far.pcap" "$work/late.pcap" $piece
    agree "they agree on what is left of connections in packets $piece" late 2
    has "some of them without their beginning" '"beginning":false' "$("$aksu" trace --summary --json "$work/late.pcap")"
done

# Nobody answers, and an end that falls silent.
in_ns one nft delete table inet loss
in_ns two nft delete table inet loss
in_ns two nft add table inet deaf
in_ns two nft add chain inet deaf input '{ type filter hook input priority 10; }'
in_ns two nft add rule inet deaf input tcp dport 8001 drop
capture_start two vb deaf
in_ns one timeout 4 bash -c 'exec 3<>/dev/tcp/10.1.0.2/8001' 2>/dev/null
in_ns one timeout 20 python3 -c '
import socket, subprocess, sys, time
s = socket.create_connection(("10.1.0.2", 8002))
s.sendall(b"a")
time.sleep(0.3)
print("connected", flush=True)
time.sleep(0.3)
s.sendall(b"b")
time.sleep(5)' >"$work/silent.out" &
within 5 grep -q connected "$work/silent.out" && in_ns two nft add rule inet deaf input tcp dport 8002 drop
wait $!
capture_stop deaf
agree "they agree on silence" deaf
ends "nobody answers, and one is silent" deaf "no answer" "s silent"
