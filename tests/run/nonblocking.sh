#!/bin/bash
# nonblocking.sh - connect() without waiting: what select, poll and epoll see, before, during and after;
# options and names; what is not TCP goes its own way.
. "$(dirname "$0")/common.bash"
start_server

cat >"$work/edge.py" <<'PYTHON'
import errno, select, socket, sys, time
def name(e): return errno.errorcode.get(e, str(e))
port = int(sys.argv[1])
s = socket.socket(); s.setblocking(False)
poller = select.epoll()
poller.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
poller.poll(0)
print(name(s.connect_ex(("127.0.0.1", port))), end=" ")
end = time.time() + 5
while time.time() < end:
    events = poller.poll(1)
    if events and events[0][1] & (select.EPOLLOUT | select.EPOLLERR): break
print("out" if events[0][1] & select.EPOLLOUT else hex(events[0][1]), end=" ")
print(name(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)), end=" ")
print(name(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)), end=" ")
if len(sys.argv) > 2:
    print(name(s.connect_ex(("127.0.0.1", port))), name(s.connect_ex(("127.0.0.1", port))), end=" ")
    s.send(b"ping"); poller.poll(1); time.sleep(0.1); print(s.recv(9).decode(), end="")
print()
PYTHON
is edge-triggered 'EINPROGRESS out 0 0 0 EISCONN ping' \
    "$(run -- python3 "$work/edge.py" "${port[echo4]}" go 2>&1)"
is edge-triggered-refused 'EINPROGRESS out ECONNREFUSED 0 ' "$(run -- python3 "$work/edge.py" 1 2>&1)"

is while-connecting 'EINPROGRESS EALREADY EAGAIN not-writable ENOTCONN' "$(run -- python3 -c "
import errno, select, socket
s = socket.socket(); s.setblocking(False); to = ('127.0.0.1', ${port[full4]})
name = lambda e: errno.errorcode.get(e, str(e))
def attempt(call, *args):
    try: return str(call(*args))
    except OSError as e: return name(e.errno)
print(name(s.connect_ex(to)), name(s.connect_ex(to)), attempt(s.send, b'early'),
      'writable' if select.select([], [s], [], 0.3)[1] else 'not-writable', attempt(s.getpeername))" 2>&1)"

is asyncio '100 100' "$(run -- python3 -c "
import asyncio
async def one(i):
    r, w = await asyncio.open_connection('127.0.0.1', ${port[echo4]})
    w.write(b'%d\n' % i); w.write_eof()
    back = await r.read(); w.close()
    return back == b'%d\n' % i
async def main():
    got = await asyncio.gather(*(one(i) for i in range(100)))
    print(len(got), sum(got))
asyncio.run(main())" 2>&1)"

is names 'True True True' "$(run -- python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', ${port[echo4]}))
here, there = s.getsockname(), s.getpeername()
b = socket.socket(); b.bind(('', 0)); local = b.getsockname()[1]; b.connect(('127.0.0.1', ${port[echo4]}))
print(there == ('127.0.0.1', ${port[echo4]}), here[1] > 0, b.getsockname()[1] == local)" 2>&1)"

is options '1 1 30 2 1 6 cubic 1 ENOPROTOOPT ENOPROTOOPT' "$(run -- python3 -c "
import errno, socket, struct
from socket import *
s = create_connection(('127.0.0.1', ${port[echo4]}))
T = IPPROTO_TCP
s.setsockopt(T, TCP_NODELAY, 1); s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1); s.setsockopt(T, TCP_KEEPIDLE, 30)
def attempt(call, *args):
    try: return str(call(*args))
    except OSError as e: return errno.errorcode[e.errno]
cc = s.getsockopt(T, TCP_CONGESTION, 16).rstrip(b'\0').decode()
info = s.getsockopt(T, TCP_INFO, 256)
print(s.getsockopt(T, TCP_NODELAY), s.getsockopt(SOL_SOCKET, SO_KEEPALIVE), s.getsockopt(T, TCP_KEEPIDLE),
      s.getsockopt(SOL_SOCKET, SO_DOMAIN), s.getsockopt(SOL_SOCKET, SO_TYPE), s.getsockopt(SOL_SOCKET, SO_PROTOCOL),
      cc, info[0],
      attempt(s.getsockopt, T, 9999), attempt(s.setsockopt, T, 9999, 1))" 2>&1)"

is not-tcp 'pong pair' "$(run -- python3 -c "
import socket
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); a.bind(('127.0.0.1', 0))
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); b.connect(a.getsockname()); b.send(b'pong')
c, d = socket.socketpair(); c.send(b'pair')
print(a.recv(9).decode(), d.recv(9).decode())" 2>&1)"
is names-are-resolved True "$(run -- python3 -c "
import socket
print(any(a[4][0] in ('127.0.0.1', '::1') for a in socket.getaddrinfo('localhost', 80)))" 2>&1)"
is multipath-tcp EPROTONOSUPPORT "$(run -- python3 -c "
import errno, socket
try: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); print('made')
except OSError as e: print(errno.errorcode[e.errno])" 2>&1)"
has servers-are-told 'called listen(): only clients run' "$(run -- python3 -c "
import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()" 2>&1)"
is closed-unconnected-are-forgotten done "$(run -- sh -c 'ulimit -n 100 2>/dev/null; exec python3 -c "
import socket
for i in range(5000):
    s = socket.socket(); s.close()
print(\"done\")"' 2>&1)"
is inherited-descriptors 'child parent' "$(run -- python3 -c "
import os, socket
s = socket.create_connection(('127.0.0.1', ${port[echo4]}))
if os.fork() == 0:
    s.sendall(b'child'); os._exit(0)
os.wait(); got = s.recv(9).decode(); s.sendall(b'parent'); print(got, s.recv(9).decode())" 2>&1)"
finish
