#!/bin/bash
# ends.sh - how connections begin and end: refused, unanswered, half-closed, reset from either side, each
# in the words of the program.
. "$(dirname "$0")/common.bash"
start_server

# A port where nobody listens, for sure: bound, but not listening.
python3 -c '
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()' \
    <"$work/control" >"$work/closed" &
holder=$!
while [ ! -s "$work/closed" ]; do sleep 0.05; done
closed=$(cat "$work/closed")

if there curl curl-refused; then
    seen=$(run -- curl -sS "http://127.0.0.1:$closed/" 2>&1)
    is curl-refused 7 $?
    has curl-refused-words "Couldn't connect" "$seen"
fi
! there wget wget-refused || has wget-refused 'Connection refused' \
    "$(run -- wget -t 1 -O - "http://127.0.0.1:$closed/" 2>&1)"
! there nc nc-refused || has nc-refused 'Connection refused' "$(run -- nc -v 127.0.0.1 "$closed" 2>&1)"
has python3-refused ConnectionRefusedError \
    "$(run -- python3 -c "import socket; socket.create_connection(('127.0.0.1', $closed))" 2>&1)"
! there node node-refused || has node-refused ECONNREFUSED "$(run -- node -e \
    "require('net').connect($closed, '127.0.0.1').on('error', e => console.log(e.code))" 2>&1)"
is refused-then-again 'ECONNREFUSED ECONNREFUSED 0' "$(run -- python3 -c "
import socket, errno
s = socket.socket()
def go(port):
    e = s.connect_ex(('127.0.0.1', port)); return errno.errorcode.get(e, e)
print(go($closed), go($closed), go(${port[echo4]}))" 2>&1)"

if there curl curl-timed-out; then
    run -- curl -s --connect-timeout 2 "http://127.0.0.1:${port[full4]}/"
    is curl-timed-out 28 $?
fi
is unreachable-network ENETUNREACH "$(run -- python3 -c "
import socket, errno
print(errno.errorcode[socket.socket().connect_ex(('224.0.0.1', 80))])" 2>&1)"
if cc -D_GNU_SOURCE -o "$work/interrupted" "$here/clients/interrupted.c" 2>"$work/err"; then
    is connect-interrupted 'EINTR EALREADY EINPROGRESS' \
        "$(run -- "$work/interrupted" 127.0.0.1 "${port[full4]}" 2>&1)"
else
    skip connect-interrupted "$(head -1 "$work/err")"
fi

digest=$(digest_of 1048576)
python3 -c 'import hashlib, sys; sys.stdout.buffer.write(hashlib.shake_256(b"aksu").digest(1 << 20))' \
    >"$work/mega"
! there nc nc-half-close || is nc-half-close "got 1048576 $digest" \
    "$(run -- nc -N 127.0.0.1 "${port[late4]}" <"$work/mega")"
is python3-half-close "got 1048576 $digest" "$(run -- python3 -c "
import socket, sys
s = socket.create_connection(('127.0.0.1', ${port[late4]}))
s.sendall(open('$work/mega', 'rb').read())
s.shutdown(socket.SHUT_WR)
print(s.makefile().read().strip())" 2>&1)"
is close-delivers "$digest" "$(run -- python3 -c "
import socket, hashlib
s = socket.create_connection(('127.0.0.1', ${port[echo4]}))
import threading
threading.Thread(target=lambda: (s.sendall(open('$work/mega', 'rb').read()), s.shutdown(1))).start()
print(hashlib.sha256(s.makefile('rb').read()).hexdigest())" 2>&1)"

is reset-by-peer 'partial ECONNRESET' "$(run -- python3 -c "
import socket, time, errno
s = socket.create_connection(('127.0.0.1', ${port[reset4]}))
got = s.recv(100).decode()
s.sendall(b'x')
try: got += ' end' + str(s.recv(100))
except OSError as e: got += ' ' + errno.errorcode[e.errno]
print(got)" 2>&1)"
is reset-after-half-close 'partial ECONNRESET' "$(run -- python3 -c "
import socket, errno
s = socket.create_connection(('127.0.0.1', ${port[reset4]}))
s.shutdown(socket.SHUT_WR)
got = s.recv(100).decode()
try: got += ' end' + str(s.recv(100))
except OSError as e: got += ' ' + errno.errorcode[e.errno]
print(got)" 2>&1)"

is text-before-a-reset-is-read '100000 ECONNRESET' "$(run -- python3 -c "
import socket, time, errno
s = socket.create_connection(('127.0.0.1', ${port[burst4]}))
time.sleep(0.5)
got = 0
try:
    while piece := s.recv(1000): got += len(piece)
except OSError as e: print(got, errno.errorcode[e.errno])" 2>&1)"

verdict_after() # PYTHON with a socket s; the greeting of the server is not read yet
{
    run -- python3 -c "
import os, socket, struct, time
s = socket.create_connection(('127.0.0.1', ${port[judge4]}))
s.sendall(b'hello')
time.sleep(0.2)
$1" 2>&1
    verdict
}
is close-is-end 'end 5' "$(verdict_after 's.recv(9); s.close(); time.sleep(0.1)')"
is exit-is-end 'end 5' "$(verdict_after 's.recv(9); os._exit(0)')"
is killed-is-end 'end 5' "$(verdict_after 's.recv(9); os.kill(os.getpid(), 9)')"
is shutdown-both-is-end 'end 5' "$(verdict_after 's.recv(9); s.shutdown(2); time.sleep(0.2)')"
is linger-zero-is-reset reset "$(verdict_after "
s.recv(9)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close(); time.sleep(0.1)")"
is close-unread-is-reset reset "$(verdict_after 's.close(); time.sleep(0.1)')"
is exit-unread-is-reset reset "$(verdict_after 'os._exit(0)')"
kill $holder
wait $holder 2>/dev/null
finish
