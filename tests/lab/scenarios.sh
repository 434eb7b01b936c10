#!/bin/bash
# Every scenario of aksu lab: what must hold does, with other seeds, with each knob at its ends and with loss; what is
# shown is what was looked at (golden/NAME.txt; the Korean ones as digests), and fits 80 columns.
# AKSU_GOLDEN=write in the environment writes what is shown now.
set -u
cd "$(dirname "$0")" || exit 1
aksu=${AKSU:-../../build/gcc/aksu}
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

verdict() # NAME CONDITION-COMMAND...
{
    local name=$1
    shift
    if "$@"; then echo "ok $name"; else echo "FAIL $name"; fi
}

holds() # SCENARIO OPTION...: all checks hold, and there are some
{
    timeout 60 "$aksu" lab "$@" --check > "$tmp/check" 2>&1 && grep -q '^[1-9][0-9]* passed, 0 failed$' "$tmp/check" && return
    grep -v '^ok ' "$tmp/check" | head -n 5
    return 1
}

same() # WANTED GOT
{
    diff "$1" "$2" > "$tmp/diff" && return
    head -n 20 "$tmp/diff"
    return 1
}

fits() # FILE: no line is wider than 80 columns
{
    python3 - "$1" << 'END'
import sys, unicodedata
wide = [line for line in open(sys.argv[1], encoding='utf-8').read().split('\n')
        if sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line) > 80]
print('\n'.join(wide[:3]), end='\n' if wide else '')
sys.exit(bool(wide))
END
}

knobs() # SCENARIO: "--delay 0", "--delay 10000", "--no-cookies", one to a line
{
    LC_ALL=C "$aksu" lab "$1" --help | sed -n '/^Knobs of/,$p' |
        sed -nE 's/^  (--[a-z0-9-]+) .*; ([0-9]+)\.\.([0-9]+)\]$/\1 \2\n\1 \3/p; t; s/^  (--[a-z0-9-]+) .*/\1/p'
}

scenario() # NAME
{
    local name=$1 knob
    LC_ALL=C "$aksu" lab "$name" > "$tmp/en" 2>&1
    LC_ALL=C.UTF-8 "$aksu" lab "$name" --lang ko > "$tmp/ko" 2>&1
    if [ "${AKSU_GOLDEN:-}" = write ]; then
        cp "$tmp/en" "golden/$name.txt"
        echo "$(sha256sum < "$tmp/ko" | cut -c 1-32) $name" >> "$tmp/digests"
    fi
    verdict "$name: what is shown" same "golden/$name.txt" "$tmp/en"
    verdict "$name: fits" fits "$tmp/en"
    verdict "$name: fits in Korean" fits "$tmp/ko"
    for knob in "--seed 1" "--seed 2" "--seed 3"; do
        verdict "$name $knob" holds "$name" $knob
    done
    while read -r knob; do
        verdict "$name $knob" holds "$name" $knob
    done < <(knobs "$name")
}

names=$("$aksu" lab --list | awk '{ print $2 }')
verdict "there are scenarios" test "$(wc -w <<< "$names")" -ge 20
for name in $names; do
    scenario "$name"
done
[ "${AKSU_GOLDEN:-}" != write ] || cp "$tmp/digests" golden/korean.tsv
for name in $names; do
    echo "$(LC_ALL=C.UTF-8 "$aksu" lab "$name" --lang ko | sha256sum | cut -c 1-32) $name"
done > "$tmp/digests"
verdict "what is shown in Korean" same golden/korean.tsv "$tmp/digests"

# --- chance: what must hold does with any seed, also where much is lost ---
holds_with() # "SEED..." SCENARIO OPTION...
{
    local seed seeds=$1
    shift
    for seed in $seeds; do
        holds "$@" --seed "$seed" || { echo "with --seed $seed"; return 1; }
    done
}
for name in $names; do
    verdict "$name with seeds from 4 on" holds_with "$(seq -s ' ' 4 13)" "$name"
done
verdict "loss where chance damages nothing, or repeats no data" holds_with "33 58 178 225 $(seq -s ' ' 34 48)" loss
verdict "loss with much of all" holds_with "$(seq -s ' ' 10)" loss --loss 15 --duplicate 50 --corrupt 15 --reorder 50
verdict "close with loss" holds_with "39 47 70 $(seq -s ' ' 10)" close --loss 20
verdict "close with more loss" holds_with "$(seq -s ' ' 20)" close --loss 30
verdict "handshake where half is lost, and where none arrives" holds_with "49 86 275 $(seq -s ' ' 20)" handshake --loss 50

# --- what bad input gets ---
says() # TEXT STATUS ARGUMENT...
{
    local text=$1 status=$2 got=0
    shift 2
    "$aksu" lab "$@" > "$tmp/out" 2> "$tmp/err" || got=$?
    verdict "lab $*: $text" test "$got" -eq "$status" -a "$(grep -c "" "$tmp/err")" -eq 1 -a \
        -n "$(grep -F -- "$text" "$tmp/err")"
}
says "did you mean 'aksu lab handshake'?" 125 handshke
says "did you mean 'aksu lab handshake'?" 125 hand
says "did you mean 'aksu lab syn-lost' or 'aksu lab syn-flood'?" 125 syn
says "did you mean" 125 nosuch
says "which scenario?" 125 --seed 1
says "one of them" 125 handshake --check --step
says "one scenario" 125 --all --step
says "--step writes no file" 125 handshake --step --json "$tmp/none"
says "--step writes no file" 125 handshake --step --html "$tmp/none"
verdict "nor does it" test ! -e "$tmp/none"
says "there is no scenario 'nosuch'" 125 nosuch --help
mkdir -p "$tmp/bin" && cp "$aksu" "$tmp/bin/aksu"
aksu=$tmp/bin/aksu says "'make install' after it installs it" 125 --page
says "comes first: aksu lab --serve" 125 handshake --serve
says "takes the name of a file" 125 handshake --html ''
says "the languages are en and ko" 125 handshake --lang fr
says "--delay" 125 handshake --delay nonsense
says "one too many" 125 handshake close
says "cannot be written" 125 handshake --html /nowhere/page.html
says "cannot write /dev/full" 125 handshake --json /dev/full
says "which scenario?" 125 --check
says "did you mean 'aksu lab handshake'?" 125 handshke --delay 5
says "did you mean 'aksu lab handshake'?" 125 --delay 5 handshke
says "there is no scenario 'nosuch'" 125 nosuch --delay 5
says "--delay is a knob of some scenarios: which one?" 125 --delay 5
says "--msl is no knob of handshake (aksu lab handshake --help" 125 handshake --msl 5
says "there is no option --nosuch" 125 handshake --nosuch
says "there is no option --nosuch" 125 --all --lang en --nosuch
says "--no-timestamps takes no value" 125 wraparound --no-timestamps=1
says "there is no option -x" 125 --delay=5 -xy handshake
says "did you mean 'aksu lab handshake'?" 125 --lang ko handshke
verdict "the scenario may stand behind its options" same <("$aksu" lab handshake --seed 2 --delay 5) \
    <("$aksu" lab --seed 2 --delay 5 handshake)
for name in HANDSHAKE s01 Two_Way; do
    verdict "lab $name is a name" holds "$name"
done
for option in "" --list --help; do
    "$aksu" lab $option > /dev/full 2> "$tmp/err"
    verdict "lab $option > /dev/full" test "$?" -eq 125 -a "$(cat "$tmp/err")" = "aksu lab: cannot write: No space left on device"
done
verdict "lab says what to type next" grep -q "aksu lab handshake --step" <("$aksu" lab)
verdict "lab --list does not" eval '! "$aksu" lab --list | grep -q -- --step'
verdict "lab --serve --help is about itself" grep -q "^Usage: aksu lab --serve" <("$aksu" lab --serve --help)
told() # COUNT OPTION...: of the acts that are played so many have a text that is of other values
{
    local count=$1
    shift
    [ "$(LC_ALL=C "$aksu" lab "$@" | grep -c "^  (The text describes the first values: --")" = "$count" ]
}
verdict "a text is of the first values" told 0 cable-pull
verdict "so it says nothing where they are given" told 0 cable-pull --r2 8 --cut 2000
verdict "a text of other values says so" told 1 cable-pull --r2 3
verdict "so do those of all acts that tell of them" told 2 cable-pull --cut 3000
verdict "a knob that no text tells of" told 0 cable-pull --delay 20
verdict "which are the first values" grep -qF '(The text describes the first values: --cut 2000 ms, --r2 8.)' \
    <("$aksu" lab cable-pull --cut 3000 --r2 3 --lang en)
verdict "it is in the record" grep -qF '\n(이 설명은 처음 값에 맞춘 것이다: --r2 8.)"}' \
    <(LC_ALL=C.UTF-8 "$aksu" lab cable-pull --r2 3 --lang ko --json -)
verdict "a flood of 2,000 takes no time" timeout 5 "$aksu" lab blind-attack --flood 2000 --check

# With ever more memory, from where the program starts to where the scenario is played. Each allocation of each
# act: tests/unit/test_lab_memory.c.
starves() # SCENARIO
{
    local kib status told=0
    for kib in $(seq 10000 500 60000); do
        status=0
        (ulimit -v "$kib"; exec "$aksu" lab "$1" --check) > "$tmp/out" 2> "$tmp/err" || status=$?
        [ "$status" -ne 0 ] || break
        [ "$status" -ne 127 ] || continue      # the loader had none
        if [ "$status" -ne 125 ] || [ "$(grep -c "" "$tmp/err")" -ne 1 ] ||
            ! grep -q "^aksu lab: $1 cannot be played: no memory" "$tmp/err" || grep -q "^FAIL" "$tmp/out"; then
            echo "$kib KiB: status $status"
            head -n 3 "$tmp/err"
            return 1
        fi
        told=$((told + 1))
    done
    [ "$status" -eq 0 ] && [ "$told" -gt 5 ]
}
for name in udp loss segments; do
    verdict "lab $name without memory says so" starves "$name"
done
says "shows one scenario" 125 --all --html "$tmp/page.html"
"$aksu" lab handshake --html "$tmp/page.html" > /dev/null
verdict "lab --html writes a page" grep -q '"scenario":"handshake"' "$tmp/page.html"
"$aksu" lab handshake --json - > "$tmp/record"
"$aksu" lab close --json - > "$tmp/close"
verdict "the record says that a TCB cannot be asked any more, once for each end of three acts" \
    test "$(grep -c '"tcb":null' "$tmp/close")" = 6
verdict "lab --json is one object a line" python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$tmp/record"
