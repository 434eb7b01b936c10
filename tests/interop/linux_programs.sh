#!/bin/bash
# Programs that everybody has, on Linux's TCP, against `aksu serve` and `aksu get`: curl, wget, nc, Python's server, nginx,
# wrk, ping; a file in parts, two hundred files at once, readers that stop for a while.
room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
[ "${room:-0}" -lt 4000000 ] || export TMPDIR=${TMPDIR:-/dev/shm}
. "$(dirname "$0")/common.bash"
. "$here/peers/linux.bash"

for tool in curl wget nc nginx wrk ping openssl; do
    there $tool linux_programs || exit
done
linux 1500
big=$(file_of $((1 << 26))) file=$(file_of $((1 << 23))) four=$(file_of $((1 << 22))) one=$(file_of 1)
hello=$work/files/hello.txt
echo "hello, all of you" >"$hello"
sum=$(sum <"$file")

# -- they fetch from us ----------------------------------------------------------------------------

aksu_serve net tap:ours $ours4/24 "$work/files" $both --writable --control "$control" || exit
capture_start net ours fetch

for version in 4 6; do
    ours=ours$version
    at=$(url "${!ours}" 80 "$file")
    is "curl gets 8 MiB over IPv$version" "$sum" "$(in_ns net curl -sSg -m 20 "$at" | sum)"
    is "wget gets 8 MiB over IPv$version" "$sum" "$(in_ns net wget -q -T 20 -O - "$at" | sum)"
    is "nc -N closes its half and gets all over IPv$version" "$sum" \
        "$(printf 'GET /%s HTTP/1.0\r\n\r\n' "$(basename "$file")" | in_ns net timeout 20 nc -N "${!ours}" 80 |
            sed '1,/^\r$/d' | sum)"
    rm -f "$work/files/put"
    is "Python's urllib puts 8 MiB over IPv$version" "201 $sum" "$(in_ns net python3 -c '
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=open(sys.argv[2], "rb"), method="PUT")
request.add_header("Content-Length", str(8 << 20))
print(urllib.request.urlopen(request, timeout=20).status)' "${at%/*}/put" "$file") $(sum <"$work/files/put")"
    works "ping over IPv$version" in_ns net ping -q -c 3 -i 0.05 -W 2 "${!ours}"
    works "ping of 1400 octets over IPv$version" in_ns net ping -q -c 3 -i 0.05 -W 2 -s 1400 "${!ours}"
    works "ping of 20000 octets, in fragments, over IPv$version" \
        in_ns net ping -q -c 3 -i 0.05 -W 2 -s 20000 "${!ours}"
done
at=$(url $ours4 80 "$file")
head -c 3000001 "$file" >"$work/part"
works "curl goes on where it stopped" in_ns net curl -sS -m 20 -C - -o "$work/part" "$at"
same "curl goes on where it stopped: octets" "$file" "$work/part"
is "curl gets the octets 65535 to 65537" "$(tail -c +65536 "$file" | head -c 3 | od -An -c)" \
    "$(in_ns net curl -sS -m 20 -r 65535-65537 "$at" | od -An -c)"
is "curl asks for octets beyond the end" 416 \
    "$(in_ns net curl -sS -m 20 -r 99999999- -o /dev/null -w '%{http_code}' "$at")"
is "no such file" 404 "$(in_ns net curl -sS -m 20 -o /dev/null -w '%{http_code}' "${at%/*}/nothing")"
all_closed "all of these connections are closed"
judge "curl, wget, nc, Python: capture" fetch --side $ours4 --side $ours6 --gro $gro --offload

# -- readers that do not read ----------------------------------------------------------------------

frames() # CAPTURE FILTER: how many there are
{
    tshark -r "$work/$1.pcap" -Y "$2" 2>/dev/null | wc -l
}

some() # NAME COUNT
{
    if [ "$2" -gt 0 ]; then ok "$1"; else fail "$1" "there is none"; fi
}

# A reader that pauses: what it has room for comes, then only probes, then the rest.
pauses() # SECONDS
{
    python3 -c '
import sys, time
sys.stdout.buffer.write(sys.stdin.buffer.read(1 << 16))
time.sleep(float(sys.argv[1]))
while piece := sys.stdin.buffer.read(1 << 20):
    sys.stdout.buffer.write(piece)' "$1"
}

sum_of_big=$(sum <"$big")
capture_start net ours slow 128
is "curl does not read for 4 s" "$sum_of_big" "$(in_ns net curl -sS -m 60 "$(url $ours4 80 "$big")" | pauses 4 | sum)"
is "curl reads 4 MiB/s" "$sum" "$(in_ns net curl -sS -m 60 --limit-rate 4M "$(url $ours4 80 "$file")" | sum)"
judge "readers that pause: capture" slow --side $ours4 --gro $gro --offload
some "Linux closes its window" "$(frames slow "ip.src == $kernel4 and tcp.window_size == 0 and tcp.flags.reset == 0")"
some "we probe it" "$(frames slow "ip.src == $ours4 and tcp.analysis.zero_window_probe")"

# -- many at once ----------------------------------------------------------------------------------

before=$(count accepted)
# 200 of them: curl asks for the same file under 200 names, and sends 200 files.
mkdir "$work/many" "$work/files/many"
in_ns net curl -sS -m 60 -Z --parallel-max 200 --parallel-immediate -o "$work/many/#1" \
    "$(url $ours4 80 "$four")?[1-200]" >"$work/curl.out" 2>&1
is "200 connections, each gets 4 MiB" "200 $(sum <"$four")" \
    "$(openssl dgst -sha256 -r "$work"/many/* | cut -d ' ' -f 1 | uniq -c | xargs)"
rm -rf "$work/many"
for i in $(seq 200); do
    printf 'upload-file = "%s"\nurl = "http://%s/many/%s"\n' "$four" $ours4 "$i"
done >"$work/many"
in_ns net curl -sS -m 60 -Z --parallel-max 200 --parallel-immediate -K "$work/many" >"$work/curl.out" 2>&1
is "200 connections, each puts 4 MiB" "200 $(sum <"$four")" \
    "$(openssl dgst -sha256 -r "$work"/files/many/* | cut -d ' ' -f 1 | uniq -c | xargs)"
is "400 connections there were" 400 $(($(count accepted) - before))
rm -rf "$work/files/many"
all_closed "none of them is left"

answers "wrk, 100 persistent connections" "$(in_ns net wrk -t 2 -c 100 -d 3s --timeout 5s "$(url $ours4 80 "$hello")")"
answers "wrk, 100 persistent connections over IPv6" \
    "$(in_ns net wrk -t 2 -c 100 -d 3s --timeout 5s "$(url $ours6 80 "$hello")")"
begin_in net churn wrk -t 1 -c 50 -d 4s --timeout 5s -H 'Connection: close' "$(url $ours4 80 "$hello")"
for i in 1 2 3; do
    is "a file while 50 connections come and go: $i" "$sum_of_big" \
        "$(in_ns net curl -sS -m 60 --limit-rate 60M "$(url $ours4 80 "$big")" | sum)"
done
end_of churn
answers "50 connections that come and go beside a file" "$(cat "$work/churn.out")"
all_closed "none is left but in TIME-WAIT"
stop serve

# -- we fetch from them ----------------------------------------------------------------------------

kernel_nginx || exit
serve_files net 8000 "$work/files" || exit
capture_start net ours get
for version in 4 6; do
    ours=ours$version kernel=kernel$version bits=24
    [ $version = 4 ] || bits=64
    for port in $nginx_port 8000; do
        at=$(url "${!kernel}" $port "$file")
        is "aksu gets 8 MiB from port $port over IPv$version" "$sum" \
            "$(aksu_get net tap:ours "${!ours}/$bits" - "$at" | sum)"
        aksu_get net tap:ours "${!ours}/$bits" "$work/nothing" "${at%/*}/nothing" >"$work/said" 2>&1
        is "aksu gets what is not there from port $port over IPv$version" 22 $?
        [ ! -e "$work/nothing" ] || fail "and touches the file"
    done
    for size in 56 1400; do
        works "aksu ping of $size octets over IPv$version" \
            in_ns net "$aksu" ping --device tap:ours --address "${!ours}/$bits" -c 3 -i 0.05 -s $size "${!kernel}"
    done
done

# nc answers, and closes its half, before it has read the request
printf 'HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n' >"$work/answer"
begin_in net nc sh -c "nc -N -l 8003 <$work/answer"
listening net 8003
is "aksu gets what nc -N says first" hello "$(aksu_get net tap:ours $ours4/24 - "http://$kernel4:8003/" 2>&1)"
end_of nc
judge "aksu get: capture" get --side $ours4 --side $ours6 --gro $gro --offload

capture_start net ours late 128
is "aksu get's reader pauses for 4 s" "$sum_of_big" \
    "$(aksu_get net tap:ours $ours4/24 - "$(url $kernel4 $nginx_port "$big")" | pauses 4 | sum)"
kernel_takes 4
is "aksu get sends to one who does not read for 4 s" "$sum_of_big" \
    "$(aksu_get net tap:ours $ours4/24 - "$(url $kernel4 $put_port x)" -T "$big")"
judge "readers that pause, of aksu get: capture" late --side $ours4 --gro $gro --offload
some "we close our window" "$(frames late "ip.src == $ours4 and tcp.window_size == 0 and tcp.flags.reset == 0")"
some "Linux closes its window too" \
    "$(frames late "ip.src == $kernel4 and tcp.window_size == 0 and tcp.flags.reset == 0")"
