#!/usr/bin/env python3
"""Connections of every fate between two kernels, for a capture: talks.py server | client ADDRESS...
The server's port says what it does. The client does all of it with each address and prints what it has done."""

import socket
import struct
import sys
import threading
import time

SEND, SLOW, IDLE, ABORT, CHAT, NOBODY = 8000, 8001, 8002, 8003, 8004, 8005
OCTETS, EXCHANGES = 2_000_000, 60
LINGER_NOT = struct.pack('ii', 1, 0)


def read_all(s):
    total = 0
    while piece := s.recv(1 << 16):
        total += len(piece)
    return total


def exactly(s, count):
    got = b''
    while len(got) < count and (piece := s.recv(count - len(got))):
        got += piece
    return got


def serve(s, port):
    if port == SEND:
        s.sendall(b'x' * OCTETS)
    elif port == SLOW:
        time.sleep(2.5)                         # long enough for some probes
        read_all(s)
    elif port == IDLE:
        read_all(s)
    elif port == ABORT:
        s.recv(10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    elif port == CHAT:
        while (asked := exactly(s, 100)):
            s.sendall(asked)
    s.close()


def listen(port):
    listener = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    if port == SLOW:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    while True:
        s, _ = listener.accept()
        threading.Thread(target=serve, args=(s, port), daemon=True).start()


def connect(address, port):
    s = socket.create_connection((address, port), timeout=60)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def send(address):
    with connect(address, SEND) as s:
        return read_all(s)


def slow(address):
    with connect(address, SLOW) as s:
        s.sendall(b'y' * 400_000)
        s.shutdown(socket.SHUT_WR)
        return read_all(s)


def idle(address):
    with connect(address, IDLE) as s:
        for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1)):
            s.setsockopt(socket.IPPROTO_TCP, option, value)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        s.sendall(b'hello')
        time.sleep(2.5)


def abort(address):
    with connect(address, ABORT) as s:
        try:
            s.sendall(b'hello')
            s.recv(1)
        except ConnectionResetError:
            return 'reset'


def nobody(address):
    try:
        connect(address, NOBODY)
    except ConnectionRefusedError:
        return 'refused'


def chat(address):
    with connect(address, CHAT) as s:
        for _ in range(EXCHANGES):
            s.sendall(b'z' * 100)
            exactly(s, 100)


def one(address, talk):
    print(address, talk.__name__, talk(address), flush=True)


if sys.argv[1] == 'server':
    for number in (SEND, SLOW, IDLE, ABORT, CHAT):
        threading.Thread(target=listen, args=(number,), daemon=True).start()
    time.sleep(3600)
all_of_them = [threading.Thread(target=one, args=(a, t)) for a in sys.argv[2:]
               for t in (send, slow, idle, abort, nobody, chat)]
for thread in all_of_them:
    thread.start()
for thread in all_of_them:
    thread.join()
