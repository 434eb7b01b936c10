#!/bin/bash
# network.sh - programs on a bad network: delays measured by the program itself, files that come whole over loss,
# disorder, repetition and damage, cables that are pulled, a rate that holds, the summary, and options that make no sense.
. "$(dirname "$0")/common.bash"
start_server
url=http://127.0.0.1:${port[http4]}

there curl network || finish

# times OPTION...: what curl saw, in whole milliseconds: connected, first octet, end
times()
{
    run "${@:2}" -- curl -s -o /dev/null -w '%{time_connect} %{time_starttransfer} %{time_total}\n' "$url/$1" \
        2>"$work/err" | awk '{ printf "%d %d %d\n", $1 * 1000, $2 * 1000, $3 * 1000 }'
}

# between NAME LEAST MOST SEEN
between()
{
    if [ "${4:--1}" -ge "$2" ] && [ "$4" -le "$3" ]; then ok "$1"; else fail "$1" "wanted: $2 to $3" "seen: $4"; fi
}

lines_fit() # NAME: what was said has lines of at most 80 columns
{
    is "$1" "" "$(awk 'length > 80' "$work/err")"
}

# -- delay and rate --------------------------------------------------------------------------------

read -r connected first all <<<"$(times 1000 --delay 50ms)"
between "delay: a handshake takes a round trip" 100 190 "$connected"
between "delay: the first octet takes two" 200 390 "$first"
between "delay: handshake in the summary" 100 190 "$(sed -n 's/.*handshake \([0-9]*\)\.[0-9] ms.*/\1/p' "$work/err")"
between "delay: least RTT in the summary" 100 150 "$(sed -n 's/.*(least \([0-9]*\)\.[0-9] ms).*/\1/p' "$work/err")"
has "delay: octets in the summary" "octets out, 10" "$(cat "$work/err")"
has "delay: how it ended" "closed by the" "$(cat "$work/err")"
lines_fit "delay: the summary fits"

read -r connected first all <<<"$(times 1000 --delay 700us)"
between "delays below a millisecond" 1 30 "$connected"

read -r connected first all <<<"$(times 1000000 --rate 8mbit)"
between "a megaoctet at 8 Mbit/s takes a second" 1000 3000 "$all"

# -- faults ----------------------------------------------------------------------------------------

size=$((4 << 20))
wanted=$(digest_of $size)
is "4 MiB over everything at once" "$wanted" "$(run --seed 7 --delay 2ms --jitter 1ms --loss 1% --bursts 1%,3 \
    --reorder 2% --duplicate 1% --corrupt 1% --mark 1% -- curl -s "$url/$size" 2>"$work/err" | sum)"
for what in lost repeated damaged marked "out of order" "by the other side"; do
    has "everything: $what" "$what" "$(cat "$work/err")"
done
lines_fit "everything: the summary fits"
run --seed 7 --rate 20mbit --codel -- curl -s "$url/$size" 2>"$work/err" >/dev/null
has "codel: marked" "marked" "$(cat "$work/err")"
is "4 MiB up over everything at once" "got $size $wanted" "$(run --seed 8 --delay 2ms --loss 1% --reorder 2%,1ms \
    --duplicate 1% --corrupt 1% -- python3 -c "
import hashlib, socket
s = socket.create_connection(('127.0.0.1', ${port[late4]}))
s.sendall((hashlib.shake_256(b'aksu').digest(1 << 20) * 4)[:$size])
s.shutdown(socket.SHUT_WR)
print(s.makefile().read().strip())" 2>"$work/err")"
has "everything up: the program's stack has sent again" "segments sent again" "$(grep -v ' 0 segments' "$work/err")"

# answered SEED: whether the handshake of a program comes through at half of all frames lost, at the first attempt
answered()
{
    run --seed "$1" --loss 50% --rate 1gbit -- curl -s --connect-timeout .5 -m .5 -o /dev/null "$url/0" 2>"$work/err"
    echo -n "$(grep -c handshake "$work/err") "
}
once=$(for seed in 1 2 3 4 5 6 7 8; do answered $seed; done)
is "the same seed hits the same frames" "$once" "$(for seed in 1 2 3 4 5 6 7 8; do answered $seed; done)"
has "another seed hits others: some are not answered" 0 "$once"
has "another seed hits others: some are" 1 "$once"
has "a seed is told" "--seed 8 gives this network again" "$(cat "$work/err")"
run --delay 1ms -- true 2>"$work/err"
has "one that was drawn, too" "gives this network again" "$(cat "$work/err")"
lines_fit "a drawn seed: the summary fits"

# -- cuts ------------------------------------------------------------------------------------------

read -r connected first all <<<"$(times 3000000 --rate 20mbit --cut .3s+1s)"
between "a cut that heals costs its time" 2000 9000 "$all"
has "what was cut off is counted" "cut off" "$(cat "$work/err")"
run --cut 0s+100s -- curl -s --connect-timeout 1 "$url/1000" 2>"$work/err" >/dev/null
is "a cut beyond the program's patience: its own exit status" 28 $?
has "and nobody answered" "no answer came" "$(cat "$work/err")"

run --delay 5ms -- curl -s http://127.0.0.1:1/ 2>"$work/err"
is "a refusal passes" 7 $?
has "and is the cause of the end" "connection refused" "$(cat "$work/err")"

# -- a device --------------------------------------------------------------------------------------

# Two of ours on a socket pair: the far one with `aksu serve`, the near one behind a bad network.
cat >"$work/pair.py" <<'PYTHON'
import os, socket, subprocess, sys, time
aksu, files, url, *options = sys.argv[1:]
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
serve = subprocess.Popen([aksu, "serve", "--device", f"fd:{theirs.fileno()}", "--address", "10.0.0.1/24", files],
                         pass_fds=[theirs.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
time.sleep(0.3)
run = subprocess.run([aksu, "run", "--device", f"fd:{ours.fileno()}", "--address", "10.0.0.2/24", *options, "--", "curl",
                      "-s", "-w", "%{stderr}connected %{time_connect}\n", url], pass_fds=[ours.fileno()], timeout=50)
serve.kill()
sys.exit(run.returncode)
PYTHON
mkdir "$work/files"
head -c 1000000 /dev/urandom >"$work/files/file"
is "a device behind a bad network" "$(sum <"$work/files/file")" "$(python3 "$work/pair.py" "$aksu" "$work/files" \
    http://10.0.0.1/file --delay 10ms --loss 1% --corrupt 1% --reorder 1% --mark 5% --seed 7 2>"$work/err" | sum)"
has "device: the summary" "10.0.0.1:80" "$(cat "$work/err")"
has "device: damaged frames" "damaged" "$(cat "$work/err")"
has "device: marked frames" "marked" "$(cat "$work/err")"
python3 "$work/pair.py" "$aksu" "$work/files" http://10.0.0.1/file --delay 10ms 2>"$work/err" >"$work/out"
between "device: a handshake takes a round trip, and ARP perhaps another" 20 900 \
    "$(awk '/^connected/ { printf "%d", $2 * 1000 }' "$work/err")"  # a SYN or ARP request again would be a second

# -- options ---------------------------------------------------------------------------------------

# refused NAME TEXT OPTION...
refused()
{
    local seen status
    seen=$(run "${@:3}" -- touch "$work/started" 2>&1)
    status=$?
    is "$1: exit status" 125 $status
    has "$1" "$2" "$seen"
    is "$1: one line" 1 "$(wc -l <<<"$seen")"
    [ ! -e "$work/started" ] || fail "$1: the program was started"
    rm -f "$work/started"
}
refused "a delay without a unit" "--delay takes a time such as 50ms or 0.2s, not '50'" --delay 50
refused "a delay of another unit" "--delay takes a time" --delay 5mbit
refused "a negative delay" "--delay takes a time" --delay -5ms
refused "a long delay" "it must be at most 100s" --delay 101s
refused "jitter alone" "give a --delay of 5000us or more" --jitter 5ms
refused "more jitter than delay" "--jitter must not be more than --delay" --delay 1ms --jitter 5ms
refused "a share without per cent" "--loss takes a share such as 1% or .1%, not '1'" --loss 1
refused "more than all" "--loss 100.1%: it must be at most 100%" --loss 100.1%
refused "nothing but a point" "--loss takes a share" --loss .%
refused "a slow rate" "--rate 1bit: it must be from 1kbit" --rate 1bit
refused "a rate without a unit" "--rate takes a rate such as 20mbit" --rate 20
refused "a queue without a rate" "--queue is about the queue of a rate: add one" --queue 64k
refused "codel without a rate" "--codel is about the queue of a rate" --codel
refused "a small queue" "--queue 1k: it must be from 1500" --rate 1mbit --queue 1k
refused "bursts without a length" "--bursts takes a share and a length, such as 1%,5" --bursts 1%
refused "bursts of nothing" "from 1 to 100000" --bursts 1%,0
refused "reorder by nothing" "--reorder takes a time" --reorder 1%,
refused "a cut without an end" "--cut takes two times such as 3s+8s" --cut 3s
refused "a cut of nonsense" "--cut takes two times such as 3s+8s" --cut 3s+x
refused "a word for another" "did you mean --jitter?" --jiter 5ms
for option in --delay --rate --loss --cut; do
    refused "$option without a value" "takes" $option ""
done
is "--help fits" "" "$("$aksu" run --help | awk 'length > 80')"
has "--help has them" "--duplicate P" "$("$aksu" run --help)"
finish
