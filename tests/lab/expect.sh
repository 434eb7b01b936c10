#!/bin/bash
# Every scenario of aksu lab, segment by segment, against what was derived by hand (README.md); and the
# comparison itself: what is not as it should be is noticed, in the record as in the expectation.
set -u
cd "$(dirname "$0")" || exit 1
export AKSU=${AKSU:-../../build/gcc/aksu} PYTHONDONTWRITEBYTECODE=1
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# --- the comparison ---
cat > "$tmp/handshake.expect" << 'EXPECT'
acts 2
act 1
0.000   client > server 10.000  SYN seq 0 wnd 65535 <mss 1460, wscale 4, sackok, ts>
        client SYN-SENT
10.000  server SYN-RECEIVED
        server > client 20.000  SYN,ACK seq 0 ack 1
20.000  client ESTABLISHED
        client negotiated snd_mss 1448
        client tcb snd_nxt 1
        client > server 30.000  ACK seq 1 ack 1
30.000  server ESTABLISHED
act 2
0.000   client SYN-SENT
...
20.000  client > server 30.000  PSH,ACK seq 1 len 77 ack 1
...
40.000  client rtt sample_us 20000
EXPECT
"$AKSU" lab handshake --json - > "$tmp/record" || echo "FAIL aksu lab handshake --json -: exit status $?"
# Plays that record through a sed program.
printf '#!/bin/bash\nsed -E -f "%s/edit" "%s/record"\n' "$tmp" "$tmp" > "$tmp/aksu" && chmod +x "$tmp/aksu"
: > "$tmp/edit"

compare() # FILE...
{
    python3 expect.py "$tmp/aksu" "$@" > "$tmp/said" 2>&1
}

finds() # NAME FILE TEXT: something is found in this file, and is said where it stands
{
    if grep -A 1 -E "$2:[0-9]+: " "$tmp/said" | grep -qF -- "$3"; then
        echo "ok expect: $1"
    else
        echo "FAIL expect: $1: should have said \"$3\""
        grep -A 1 -F "$2:" "$tmp/said"
    fi
}

variants=()
in_expectation() # NAME SED-PROGRAM TEXT: all are looked at in one go
{
    local dir=$tmp/${#variants[@]}
    mkdir "$dir"
    sed -E "$2" "$tmp/handshake.expect" > "$dir/handshake.expect"
    variants+=("$1" "$dir/handshake.expect" "$3")
}

in_record() # NAME SED-PROGRAM TEXT
{
    echo "$2" > "$tmp/edit"
    compare "$tmp/handshake.expect"
    finds "$1" "$tmp/handshake.expect" "$3"
}

compare "$tmp/handshake.expect"
if [ "$(cat "$tmp/said")" = "ok handshake: segment by segment" ]; then
    echo "ok expect: nothing is found in what is right"
else
    echo "FAIL expect: nothing is found in what is right"
    sed 's/^/    /' "$tmp/said"
fi
in_expectation "a segment that is not expected" '/server 30.000  ACK/d' \
    'not expected: 20.000  client > server 30.000  ACK seq 1'
in_expectation "a segment that does not come" '/^30.000/i 25.000 client > server ACK seq 1 ack 1' 'it does not happen'
in_expectation "a segment at the end that does not come" '/^act 2/i 35.000 client > server ACK seq 1 ack 1' \
    'nothing comes any more'
in_expectation "another time" '/^20.000  client E/s/20/21/' 'another time: 20.000  client ESTABLISHED'
in_expectation "another time of arrival" 's/20.000  SYN,ACK/20.001  SYN,ACK/' 'it arrives at 20.000'
in_expectation "another number" 's/SYN,ACK seq 0 ack 1/SYN,ACK seq 0 ack 2/' '(ack is 1)'
in_expectation "another flag" 's/PSH,ACK seq/ACK seq/' 'PSH,ACK seq 1 len 77'
in_expectation "text where none is expected" 's/ len 77//' 'len 77'
in_expectation "an option less" 's/, sackok//' 'it has the option sackok'
in_expectation "an option more" 's/, ts>/, ts, ao>/' 'it has no option ao'
in_expectation "another value of an option" 's/mss 1460/mss 1400/' '(mss is 1460)'
in_expectation "lost, and it was not" 's/server 30.000  ACK/lost  ACK/' '(it goes to server)'
in_expectation "another state" 's/server SYN-RECEIVED/server LAST-ACK/' '(it is SYN-RECEIVED)'
in_expectation "a state that is not expected" '/client SYN-SENT/d' 'not expected: 0.000  client SYN-SENT'
in_expectation "a field of an event" 's/snd_mss 1448/snd_mss 1460/' '(snd_mss is 1448)'
in_expectation "a member of the TCB" 's/snd_nxt 1/snd_nxt 2/' 'snd_nxt is 1'
in_expectation "an event that is not looked for elsewhere" 's/^40.000 /41.000 /' 'another time: 20.000  client rtt'
in_expectation "an act that nothing is said of" '/^act 2/,$d' 'nothing is said of act 2'
in_expectation "another number of acts" 's/^acts 2/acts 3/' 'instead: 2'
in_expectation "a line that says nothing" 's/client SYN-SENT/client/' 'who does what?'
compare "$tmp"/[0-9]*/handshake.expect
for ((i = 0; i < ${#variants[@]}; i += 3)); do
    finds "${variants[@]:i:3}"
done
in_record "a segment less" '/"at":20000000,.*"segment_out"/d' 'it does not happen; next: 30.000'
in_record "a segment more" '/"at":20000000,.*"segment_out"/p' 'not expected: 20.000  client > lost'
in_record "a segment that does not arrive" '/"at":30000000,.*"segment_in"/d' '(it goes to nobody)'
in_record "a segment that arrives twice" '/"at":30000000,.*"segment_in"/p' 'not expected: 30.000  ? > server'
in_record "a segment that arrives altered" '/"at":10000000,.*"segment_in"/s/"wnd":65535/"wnd":65534/' \
    '(it goes to nobody)'
in_record "a time" '/"at":10000000,.*"segment_out"/s/"at":10000000/"at":10000001/' '10.000001  server > client'
in_record "a connection that nothing is said of" \
    '/"segment_out"/{p;s/10.0.0.1:[0-9]+/10.0.0.1:9/;s/"conn":[0-9]+/"conn":0/}' 'nothing is said of connection 2'
in_record "a drop that is not expected" \
    '/"at":30000000,.*"ESTABLISHED"/{p;s/"event.*/"event":"dropped","rule":"RFC 9293 3","why":"x"}/}' \
    'not expected: 30.000  server drops RFC 9293 3: x'
in_record "a TCB that is gone" '/"at":20000000,.*"host":"client".*"tcb":/s/"tcb":.*/"tcb":null}/' \
    'the TCB of client cannot be seen any more: it is gone, or its user closed, at 20.000'
in_record "a TCB that nothing is known of" '/"host":"client".*"tcb":/d' 'nothing is known of the TCB of client'
in_record "a check that does not hold" 's/"ok":true/"ok":false/' 'does not hold'

# --- the scenarios ---
names=$("$AKSU" lab --list | awk '{ print $2 }')
for name in $names; do
    [ -f "expect/$name.expect" ] || { echo "FAIL $name: there is no expect/$name.expect"; continue; }
    for knob in $("$AKSU" lab "$name" --help | sed -n '/^Knobs of/,$s/^  \(--[a-z0-9-]*\) .*/\1/p'); do
        grep -qE "^with .*$knob( |\$)" "expect/$name.expect" || echo "FAIL $name: no play with $knob"
    done
done
for file in expect/*.expect; do
    grep -qx "$(basename "$file" .expect)" <<< "$names" || echo "FAIL $file: there is no such scenario"
done
timeout 100 python3 expect.py "$AKSU" expect/*.expect || echo "FAIL expect.py: exit status $?"
