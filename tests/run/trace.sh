#!/bin/bash
# trace.sh - aksu trace on captures of every format, and on files that are none: what it says and its exit status.
# Damaged and cut captures are read by the build with the sanitizers, when there is one. Agreement with tshark is in
# tests/interop/trace.sh.
. "$(dirname "$0")/common.bash"

checked=$aksu
[ ! -x build/clang-san/aksu ] || checked=build/clang-san/aksu
python3 "$here/captures.py" "$work"

trace()
{
    LC_ALL=C.UTF-8 NO_COLOR=1 timeout -k 5 60 "$aksu" trace "$@"
}

# --- what there is

trace "$work/plain" >"$work/ladder"
cat >"$work/wanted" <<'LADDER'
connection 1  10.0.0.1:20000  <->  10.0.0.2:80
  time/ms       client                                              server
                CLOSED │                                          │ LISTEN
    0.000     SYN-SENT │── SYN seq 0 wnd 65535 ──────────────────→│
                       │   MSS 1460                               │
   10.000              │←──────── SYN,ACK seq 0 ack 1 wnd 65535 ──│ SYN-RECEIVED
                       │                               MSS 1460   │
   30.000              = use MSS 1460                             │
           ESTABLISHED │── ACK seq 1 ack 1 wnd 65535 ────────────→│ ESTABLISHED
   31.000              │── PSH,ACK seq 1 len 77 ack 1 wnd 65535 ─→│
   41.000              │←───────── PSH,ACK seq 1 len 500 ack 78 ──│
  341.000              │                     RETRANSMISSION timer ●
                       │←───────── PSH,ACK seq 1 len 500 ack 78 ──│
                       │                    retransmission: RTO   │
  361.000              │── ACK seq 78 ack 501 wnd 65535 ─────────→│
  362.000   FIN-WAIT-1 │── FIN,ACK seq 78 ack 501 wnd 65535 ─────→│
  372.000              │                                          │ CLOSE-WAIT
            FIN-WAIT-2 │←───── FIN,ACK seq 501 ack 79 wnd 65535 ──│ LAST-ACK
  392.000    TIME-WAIT │── ACK seq 79 ack 502 wnd 65535 ─────────→│ CLOSED
  client: 6 segments, 77 octets; server: 4 segments, 1,000 octets

  handshake 30.000 ms: 10.000 to the server and back, 20.000 to the client
  agreed: MSS 1460
  client: 6 segments, 77 octets; RTT 10.000 to 10.000 ms, mean 10.000 (2)
  server: 4 segments, 500 octets; RTT 20.000 to 20.000 ms, mean 20.000 (1)
    1 sent again: 1 RTO
  end: closed, by the client first

10 packets, 10 of TCP, 1 connection
LADDER
is "the ladder of a conversation" "$(cat "$work/wanted")" "$(cat "$work/ladder")"
for format in big-endian nanoseconds raw pcapng snaplen vlan sll sll2 null comments; do
    is "the same of $format" "$(cat "$work/ladder")" "$(trace "$work/$format")"
done
is "the same of stdin" "$(cat "$work/ladder")" "$(trace - <"$work/plain")"
is "a filter leaves packets out" "2 packets, 2 of TCP, 1 connection" \
    "$(trace --filter 'tcp[13] & 2 != 0' "$work/plain" | tail -n 1)"
is "a filter that nothing matches: a hint" "aksu trace: $work/raw: no packet matches --filter 'port 9'" \
    "$(trace --filter 'port 9' "$work/raw" 2>&1 >/dev/null)"
tagged="aksu trace: $work/vlan: no packet matches --filter 'tcp'; if its frames have VLAN tags: 'vlan and (tcp)'"
is "a filter that matches nothing, on Ethernet: a hint" "$tagged" "$(trace --filter tcp "$work/vlan" 2>&1 >/dev/null)"
is "which helps" "$(cat "$work/ladder")" "$(trace --filter 'vlan and (tcp)' "$work/vlan")"
is "no TCP: a hint" "aksu trace: $work/not-tcp: there are packets, but no TCP segments" \
    "$(trace "$work/not-tcp" 2>&1 >/dev/null)"
trace "$work/two-types" >"$work/two.out" 2>"$work/two.err"
is "interfaces of two link types: exit status" 1 $?
has "interfaces of two link types: what came before is shown" "10 packets, 10 of TCP" "$(cat "$work/two.out")"
has "interfaces of two link types: a sentence" "capture such interfaces into a file each" "$(cat "$work/two.err")"
is "the table" "   1 10.0.0.1:20000        10.0.0.2:80               577 30.000     1 closed" \
    "$(trace --summary "$work/plain" | sed -n 2p)"
is "the table is 80 columns wide at most" "" "$(trace --summary "$work/plain" | grep -E '.{81}')"
is "each line of --json is JSON" 44 \
    "$(trace --json "$work/plain" | python3 -c 'import json, sys; print(sum(bool(json.loads(l)) for l in sys.stdin))')"
is "the summary in JSON" "closed 30000000 1" "$(trace --summary --json "$work/plain" | head -n 1 | python3 -c '
import json, sys
c = json.load(sys.stdin)
print(c["end"], c["handshake"], c["server"]["rto"])')"
trace --summary --html "$work/report.html" "$work/plain" >/dev/null
is "the report has the events of both ends" 20 "$(grep -c '"event":"segment_\(in\|out\)"' "$work/report.html")"
cp "$work/plain" "$work/kept"
is "the capture is not replaced by its report" \
    "aksu trace: the report $work/kept cannot be written: it would replace the file that is read" \
    "$(trace --html "$work/kept" "$work/kept" 2>&1 >/dev/null)"
cmp -s "$work/plain" "$work/kept" || fail "the capture is as it was"
trace --summary --lang ko --html "$work/korean.html" "$work/plain" >/dev/null
is "a report in Korean" 1 "$(grep -c '"lang":"ko"' "$work/korean.html")"
trace --html "$work/none.html" "$work/text" 2>/dev/null
[ ! -e "$work/none.html" ] || fail "a report of a file that is no capture"
is "a capture without packets" "0 packets, 0 of TCP, 0 connections" "$(trace "$work/no packets" 2>/dev/null)"
is "a capture without packets: a hint" "aksu trace: $work/no packets: there are no packets in it" \
    "$(trace "$work/no packets" 2>&1 >/dev/null)"
trace "$work/short" >/dev/null 2>"$work/short.err"
is "headers that are cut: exit status" 0 $?
has "headers that are cut: a hint" "cut before the end of its TCP header; tcpdump -s 128" "$(cat "$work/short.err")"

# --- what there is not

# refused NAME TEXT ARGUMENT...
refused()
{
    local seen status
    seen=$(trace "${@:3}" 2>&1 >/dev/null)
    status=$?
    is "$1: exit status" 125 $status
    has "$1" "$2" "$seen"
    is "$1: one line" 1 "$(wc -l <<<"$seen")"
}

refused "no file" "needs the name of a capture"
refused "two files" "one capture at a time" a b
refused "a language" "takes en or ko" --lang fr "$work/plain"
refused "a file that is not there" "No such file" "$work/nothing"
refused "a directory" "Is a directory" "$work"
refused "an empty file" "nothing in it" "$work/empty"
refused "a text" "not a capture in pcap or pcapng format" "$work/text"
refused "a compressed capture" "gzip -dc" "$work/gzip"
refused "a link type that nobody knows" "its link type is 105 (IEEE802_11)" "$work/wifi"
refused "a bad filter" "--filter 'foo bar': can't parse" --filter 'foo bar' "$work/plain"
refused "an option that is almost one" "did you mean --summary" --sumary "$work/plain"
refused "no room for connections" "from 1 to" --connections 0 "$work/plain"
is "a full disk" "aksu trace: stdout: No space left on device" "$(trace "$work/plain" 2>&1 >/dev/full)"

head -c 400 "$work/plain" >"$work/cut"
trace --summary "$work/cut" >"$work/cut.out" 2>"$work/cut.err"
is "a cut capture: exit status" 1 $?
has "a cut capture: what came before is shown" "4 packets, 4 of TCP, 1 connection" "$(cat "$work/cut.out")"
has "a cut capture: a sentence" "after 4 packets it cannot be read on" "$(cat "$work/cut.err")"

# Every length, and octets that are turned over: never a crash, always an exit status of the manual.
for format in plain pcapng; do
    is "$format, damaged and cut anywhere ($checked)" "" "$(python3 - "$checked" "$work/$format" <<'PYTHON'
import random, subprocess, sys
aksu, octets, chance = sys.argv[1], open(sys.argv[2], 'rb').read(), random.Random(1)
inputs = [octets[:n] for n in range(0, len(octets), 37)]
for _ in range(100):
    changed = bytearray(octets)
    for _ in range(1 + chance.randrange(8)):
        changed[chance.randrange(24, len(changed))] = chance.randrange(256)
    inputs.append(bytes(changed))
for i, data in enumerate(inputs):
    done = subprocess.run([aksu, 'trace', '--verify', '-'], input=data, capture_output=True, timeout=60)
    if done.returncode not in (0, 1, 125) or b'Sanitizer' in done.stderr:
        print(i, done.returncode, done.stderr[-500:])
PYTHON
)"
done
finish
