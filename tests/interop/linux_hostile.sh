#!/bin/bash
# Those who do not behave: servers against `aksu get`, clients against `aksu serve`; outputs that are closed, full or
# blocked; signals at every time; a capture on a full disk. Run it with AKSU of a build with SAN=1, too.
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

linux 1500
mv "$(file_of 4000000)" "$work/files/big"
echo "hello, all of you" >"$work/files/hello.txt"

# -- clients ---------------------------------------------------------------------------------------

aksu_serve net tap:ours $ours4/24 "$work/files" --writable --control "$control" || exit
files() # how many descriptors it has
{
    ls "/proc/${pid_of[serve]}/fd" | wc -l
}
before=$(files)
is "clients that do not behave" "drops 200 pipeline 501 large-head 431 continue 201 version 505 no-host 400 zero 400 \
lengths 400 overflow 400 bad-chunk 400 folded 400 outside 404" \
    "$(in_ns net timeout 60 python3 "$here/peers/rude.py" $ours4 2>&1 | xargs)"
few()
{
    [ "$(files)" -eq "$before" ]
}
works "their files are closed" within 5 few
is "nothing is left of uploads that broke off" "" "$(find "$work/files" -name '.aksu-*' -o -name lost)"
in_ns net curl -sS -m 20 --limit-rate 100K -T "$work/files/big" "http://$ours4/half" >"$work/curl.out" 2>&1 &
upload=$!
begun()
{
    [ -n "$(find "$work/files" -name '.aksu-*')" ]
}
works "an upload begins" within 5 begun
serve=${pid_of[serve]}
kill -HUP "$serve"
end_of serve 5
is "the terminal is closed: serve ends" 0 $?
wait $upload
is "nothing is left of the upload, nor of the control socket" "" \
    "$(find "$work/files" -name '.aksu-*' -o -name half; ls "$control" 2>/dev/null)"
[ ! -s "$work/serve.out" ] || is "serve says nothing else" "" "$(grep -v '^serving ' "$work/serve.out")"

# -- servers ---------------------------------------------------------------------------------------

begin_in net hostile python3 "$here/peers/hostile.py" 8004
listening net 8004
get() # NAME [OPTION...]
{
    in_ns net timeout -k 5 20 "$aksu" get --device tap:ours --address $ours4/24 "${@:2}" "http://$kernel4:8004/$1"
}

for case in no-content:0 short:56 chunks:0 bad-chunks:56 huge-chunk:56 circle:47 up:1 garbage:8 nothing:52 \
    endless-head:8 half-head:56 negative:8 escape:8 patience:0 drops:0 reset:56; do
    get "${case%:*}" -o "$work/got" >"$work/said" 2>&1
    is "a server with ${case%:*}: exit status" "${case#*:}" $?
done
is "a server with escape sequences: they are not printed" 0 "$(get escape 2>&1 | grep -c $'\e')"

stop_with() # SIGNAL: the program `ends`; its exit status
{
    kill "-$1" "${pid_of[ends]}"
    end_of ends 5
}

# -- outputs ---------------------------------------------------------------------------------------

get big >&- 2>"$work/said"
is "stdout is closed" 23 $?
get big <&- >&- 2>&-
is "stdin, stdout and stderr are closed" 23 $?
get big >/dev/full 2>"$work/said"
is "stdout is full" 23 $?
mkfifo "$work/pipe"
(sleep 0.5; wc -c <"$work/pipe" >"$work/count") &
get big -o "$work/pipe"
is "a named pipe, whose reader comes later" "0 3000000" "$? $(wait $!; cat "$work/count")"
begin_in net ends "$aksu" get --device tap:ours --address $ours4/24 -o "$work/pipe" "http://$kernel4:8004/big"
sleep 0.5
stop_with TERM
is "a named pipe, whose reader does not come: it can be ended" 143 $?
(ulimit -f 100; get big -o "$work/limited") >"$work/said" 2>&1
is "a file that may not grow" 23 $?
mkdir "$work/small"
in_ns net unshare -m sh -c "mount -t tmpfs -o size=64k none '$work/small' && '$aksu' get --device tap:ours \
    --address $ours4/24 --capture '$work/small/c' -o '$work/got' http://$kernel4:8004/big; cp '$work/small/c' '$work/c'" \
    >"$work/said" 2>&1
has "a capture on a full disk ends with a sentence" "the capture ends here" "$(cat "$work/said")"
is "and the transfer goes on" 3000000 "$(stat -c %s "$work/got")"
works "and it has whole packets" tshark -r "$work/c"

# -- signals ---------------------------------------------------------------------------------------

ends() # NAME STATUS SIGNAL OPTION...: it does so half a second after it began
{
    begin_in net ends "$aksu" get --device tap:ours "${@:4}"
    sleep 0.5
    stop_with "$3"
    is "$1" "$2" $?
}
ends "SIGTERM while it waits for an address" 143 TERM --address dhcp "http://$kernel4:8004/big"
ends "SIGTERM while it waits for a name" 143 TERM --address $ours4/24 --dns 10.9.0.77 http://name.example/
ends "SIGHUP while it waits for the answer" 130 HUP --address $ours4/24 "http://$kernel4:8004/silence"
"$aksu" stat "$control" >"$work/said" 2>&1
is "stat of a server that has ended" 125 $?
