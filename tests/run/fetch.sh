#!/bin/bash
# fetch.sh - seven clients of different kinds fetch 64 MiB, byte for byte, over IPv4 and IPv6; fifty at
# the same time; several aksu side by side; and where pidfd_getfd is refused.
. "$(dirname "$0")/common.bash"
size=$((64 << 20))
wanted=$(digest_of $size)
start_server

fetch_with() # NAME COMMAND...: the command writes what it fetched
{
    is "$1" "$wanted" "$(run -- "${@:2}" 2>"$work/err" | sum)"
}

url4=http://127.0.0.1:${port[http4]}/$size
! there curl curl-ipv4 || fetch_with curl-ipv4 curl -s "$url4"
! there wget wget-ipv4 || fetch_with wget-ipv4 wget -q -O - "$url4"
fetch_with python3-ipv4 python3 -c \
    "import urllib.request as u, sys, shutil; shutil.copyfileobj(u.urlopen('$url4'), sys.stdout.buffer)"
! there node node-ipv4 || fetch_with node-ipv4 node -e \
    "require('http').get('$url4', r => r.pipe(process.stdout))"
if there nc nc-ipv4; then
    printf 'GET /%d HTTP/1.0\r\n\r\n' $size >"$work/request"
    is nc-ipv4 "$wanted" "$(run -- nc 127.0.0.1 "${port[http4]}" <"$work/request" \
        | tail -c $size | sum)"
fi
if there go go-static; then
    if CGO_ENABLED=0 GOCACHE="$work/go" GOFLAGS=-mod=mod go build -o "$work/gofetch" "$here/clients/fetch.go" \
            2>"$work/err"; then
        is go-static "$wanted" "$(run -- "$work/gofetch" "$url4")"
    else
        fail go-static "$(cat "$work/err")"
    fi
fi
if there musl-gcc musl-static; then
    musl-gcc -static -O2 -o "$work/fetch" "$here/clients/fetch.c"
    fetch_with musl-static "$work/fetch" 127.0.0.1 "${port[http4]}" $size
fi

if [ -n "${port[http6]:-}" ]; then
    url6="http://[::1]:${port[http6]}/$size"
    ! there curl curl-ipv6 || fetch_with curl-ipv6 curl -s "$url6"
    ! there wget wget-ipv6 || fetch_with wget-ipv6 wget -q -O - "$url6"
    fetch_with python3-ipv6 python3 -c \
        "import urllib.request as u, sys, shutil; shutil.copyfileobj(u.urlopen('$url6'), sys.stdout.buffer)"
    ! there node node-ipv6 || fetch_with node-ipv6 node -e \
        "require('http').get('$url6', r => r.pipe(process.stdout))"
    ! there nc nc-ipv6 || is nc-ipv6 "$wanted" \
        "$(run -- nc ::1 "${port[http6]}" <"$work/request" | tail -c $size | sum)"
    [ ! -x "$work/gofetch" ] || is go-static-ipv6 "$wanted" "$(run -- "$work/gofetch" "$url6")"
    [ ! -x "$work/fetch" ] || fetch_with musl-static-ipv6 "$work/fetch" ::1 "${port[http6]}" $size
    fetch_with mapped-ipv4 python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET6)
s.connect(('::ffff:127.0.0.1', ${port[http4]}))
assert s.getpeername()[:2] == ('::ffff:127.0.0.1', ${port[http4]})
s.sendall(b'GET /$size HTTP/1.0\r\n\r\n')
f = s.makefile('rb')
while f.readline() != b'\r\n': pass
while piece := f.read(1 << 16): sys.stdout.buffer.write(piece)"
else
    skip ipv6 'the host has no ::1'
fi

# The other way: 64 MiB to a server that says what it got after the end.
python3 -c "
import hashlib, sys
block = hashlib.shake_256(b'aksu').digest(1 << 20)
for _ in range($size >> 20): sys.stdout.buffer.write(block)" >"$work/upload"
answer="got $size $wanted"
! there nc nc-upload || is nc-upload "$answer" \
    "$(run -- nc -N 127.0.0.1 "${port[late4]}" <"$work/upload")"
! there node node-upload || is node-upload "$answer" "$(run -- node -e "
const s = require('net').connect({port: ${port[late4]}, host: '127.0.0.1', allowHalfOpen: true})
require('fs').createReadStream('$work/upload').pipe(s)
s.pipe(process.stdout)" 2>&1)"
is asyncio-upload "$answer" "$(run -- python3 -c "
import asyncio
async def main():
    r, w = await asyncio.open_connection('127.0.0.1', ${port[late4]})
    with open('$work/upload', 'rb') as f:
        while piece := f.read(100003):
            w.write(piece); await w.drain()
    w.write_eof(); print((await r.read()).decode().strip())
asyncio.run(main())" 2>&1)"
is sendfile-upload "$answer" "$(run -- python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', ${port[late4]}))
s.sendfile(open('$work/upload', 'rb')); s.shutdown(1); print(s.makefile().read().strip())" 2>&1)"
is octet-by-octet "got 20000 $(head -c 20000 "$work/upload" | sum)" "$(run -- python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', ${port[late4]}))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for octet in open('$work/upload', 'rb').read(20000): s.send(bytes((octet,)))
s.shutdown(1); print(s.makefile().read().strip())" 2>&1)"

# Fifty clients at a time under one aksu, 64 MiB each.
if there curl fifty-clients; then
    is fifty-clients "50 $wanted" "$(run -- bash -c "
        for i in \$(seq 50); do curl -s '$url4' | sha256sum & done; wait" 2>&1 | cut -d' ' -f1 | sort | uniq -c \
        | awk '{ print $1, $2 }')"
fi

# Fifty at a time, in one program.
cat >"$work/fifty.py" <<'PYTHON'
import concurrent.futures, hashlib, sys, urllib.request
def fetch(_):
    return hashlib.sha256(urllib.request.urlopen(sys.argv[1]).read()).hexdigest()
with concurrent.futures.ThreadPoolExecutor(50) as pool:
    print(len(set(pool.map(fetch, range(50)))), fetch(0))
PYTHON
is fifty-connections "1 $(digest_of 1048576)" \
    "$(run -- python3 "$work/fifty.py" "http://127.0.0.1:${port[http4]}/1048576" 2>&1)"

# Several copies at the same time.
for i in 1 2 3 4; do
    run -- python3 -c "import urllib.request as u, sys; sys.stdout.buffer.write(u.urlopen('$url4').read())" \
        | sum >"$work/copy$i" &
    copies="${copies:-} $!"
done
# shellcheck disable=SC2086
wait $copies
is side-by-side "$wanted $wanted $wanted $wanted" "$(cat "$work"/copy? | paste -sd ' ')"

if cc -o "$work/deny" "$here/clients/deny.c" -lseccomp 2>"$work/err"; then
    is without-pidfd_getfd "$wanted" \
        "$(timeout 60 "$work/deny" pidfd_getfd "$aksu" run -- python3 -c \
            "import urllib.request as u, sys; sys.stdout.buffer.write(u.urlopen('$url4').read())" | sum)"
else
    skip without-pidfd_getfd 'the helper needs cc and libseccomp'
fi
finish
