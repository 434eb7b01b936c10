#!/bin/bash
# output.sh - where --json, --html and the page of aksu report go, one rule for all commands; what a report leaves
# behind when the program is interrupted: nothing.
. "$(dirname "$0")/common.bash"
aksu=$(realpath "$aksu")
python3 "$here/captures.py" "$work"
mkdir "$work/here"
cd "$work/here" || exit 1
"$aksu" lab handshake --json "$work/events" >/dev/null

# refused NAME TEXT ARGUMENT...: by one sentence, before anything is written
refused()
{
    local seen status
    seen=$(timeout 60 "$aksu" "${@:3}" 2>&1)
    status=$?
    is "$1: exit status" 125 $status
    is "$1" "$2" "$seen"
    is "$1: nothing is written" "" "$(ls -A)"
    rm -f ./*
}

# --- '-'

no_name() # OPTION VALUE
{
    echo "$1 takes the name of a file, not '$2' (write ./$2 if it is one)"
}
refused "lab --html -" "aksu lab: $(no_name --html -)" lab handshake --html -
refused "lab --html --check" "aksu lab: $(no_name --html --check)" lab handshake --html --check
refused "lab --json --check" "aksu lab: $(no_name --json --check)" lab handshake --json --check
refused "lab --html ''" "aksu lab: --html takes the name of a file, not ''" lab handshake --html ''
refused "trace --html -" "aksu trace: $(no_name --html -)" trace --html - "$work/plain"
refused "run --html -" "aksu run: $(no_name --html -)" run --html - -- echo text
refused "run --json -" "aksu run: $(no_name --json -)" run --json - -- echo text
refused "report -" "aksu report: the page takes the name of a file, not '-' (write ./- if it is one)" \
    report "$work/events" -
"$aksu" lab handshake --json - >"$work/json"
is "lab --json - is what --json FILE is" "$(sum <"$work/events")" "$(sum <"$work/json")"
"$aksu" lab handshake --html ./- >/dev/null
is "a file of that name" "./-" "$(ls ./*)"
rm -f ./*

# --- one file for both

refused "lab: one file for both" "aksu lab: --json and --html name one file, one; each needs its own" \
    lab handshake --json one --html one
refused "lab: one file by two names" "aksu lab: --json and --html name one file, ./one; each needs its own" \
    lab handshake --json one --html ./one
refused "run: one file for both" "aksu run: --json and --html name one file, one; each needs its own" \
    run --json one --html one -- true
refused "run: a capture, too" "aksu run: --capture and --html name one file, one; each needs its own" \
    run --device tap:none --capture one --html one -- true
echo whole >two
ln -s two one
is "lab: one file by a link" "aksu lab: --json and --html name one file, one; each needs its own" \
    "$("$aksu" lab handshake --json two --html one 2>&1)"
is "lab: what the file had" whole "$(cat two)"
rm -f ./*
"$aksu" lab handshake --json /dev/null --html /dev/null >/dev/null
is "what is no file may be named twice" 0 $?

# --- a program that there is not

"$aksu" run --html page -- true
is "run: a page of a program without connections" 0 $?
before=$(sha256sum <page)
"$aksu" run --html page -- ./nosuch 2>/dev/null
is "run: a program that there is not" 127 $?
is "it leaves an older page as it was" "$before" "$(sha256sum <page)"
is "and nothing else" page "$(echo page*)"
"$aksu" run --html page -- sh -c ./nosuch 2>/dev/null
is "run: a shell that finds none" 127 $?
is "is a program of its own, with a page" 1 "$(grep -c '"command":.*sh -c' page)"
rm page

# --- standard output has one thing

"$aksu" lab handshake --check --json - >"$work/check" 2>"$work/check.err"
is "--check --json -: all lines are JSON" 0 "$(grep -vc '^{' "$work/check")"
has "--check --json -: the count" "passed, 0 failed" "$(cat "$work/check.err")"

# --- interrupted

# A report of what a pipe brings: its file is there, and more is waited for.
begin() # ENV-OPTION ARGUMENT...
{
    local how=$1 i
    shift
    mkfifo "$work/pipe"
    env "$how" "$aksu" "$@" <"$work/pipe" >"$work/out" 2>&1 &
    pid=$!
    exec 8>"$work/pipe"
    head -c 4000 "$input" >&8
    for ((i = 0; i < 100; i++)); do
        ! compgen -G 'page.*' >/dev/null || break
        sleep 0.05
    done
    compgen -G 'page.*' >/dev/null || fail "$*: there is no file yet" "$(cat "$work/out")"
}

end() # NAME WANTED-STATUS WANTED-FILES
{
    exec 8>&-
    wait "$pid" 2>/dev/null
    is "$1: exit status" "$2" $?
    is "$1: what is left" "$3" "$(ls -A)"
    rm -f "$work/pipe" ./*
}

for signal in HUP INT QUIT TERM; do
    input=$work/events
    begin "--default-signal=$signal" report - page
    kill -s "$signal" "$pid"
    end "report, SIG$signal" $((128 + $(kill -l "$signal"))) ""
    input=$work/plain
    begin "--default-signal=$signal" trace --html page -
    kill -s "$signal" "$pid"
    end "trace, SIG$signal" $((128 + $(kill -l "$signal"))) ""
done
begin --ignore-signal=HUP trace --html page -
kill -s HUP "$pid"
end "a signal that is ignored" 0 page
echo old >page
begin --default-signal=INT trace --html page -
kill -s INT "$pid"
exec 8>&-
wait "$pid" 2>/dev/null
is "a page of before stays" "old page" "$(cat page) $(ls -A)"
rm -f "$work/pipe" ./*
{ cat "$work/plain"; for ((i = 0; i < 200; i++)); do tail -c +25 "$work/plain"; done; } >"$work/long"
for kind in "lab item-duplication --json -" "trace --json ../long"; do
    read -r -a words <<<"$kind"
    { env --default-signal=PIPE "$aksu" "${words[@]}" --html page; echo $? >"$work/status"; } | head -c 1 >/dev/null
    is "$kind: the reader leaves: exit status" 141 "$(cat "$work/status")"
    is "$kind: the reader leaves: what is left" "" "$(ls -A)"
done
finish
