#!/usr/bin/env python3
"""The host's side of tests/run: small servers on loopback, one per kind of behaviour.

Prints one line `KIND4 PORT KIND6 PORT ...` and serves until it is terminated. Every kind listens on
127.0.0.1 (KIND4) and on ::1 (KIND6):
  http    answers each request with as many pseudo-random octets as its path names: GET /BYTES
  echo    sends back what it gets, and ends when the peer has
  late    reads to the end of input, then answers `got N sha256` (the peer must half-close)
  reset   sends `partial`, waits for one octet, and resets (SO_LINGER 0)
  burst   sends 100000 octets and resets 0.2 s later
  judge   sends `hi`, then reads until the end or a reset
  verdict answers with what judge saw last: `end COUNT` or `reset`, or `none`
  full    never accepts: its queue is full, so the host drops SYNs
"""
import hashlib
import os
import signal
import socket
import struct
import sys
import threading
import time

BLOCK = hashlib.shake_256(b"aksu").digest(1 << 20)
AT_ONCE = struct.pack("ii", 1, 0)
last_verdict = ["none"]


def read_all(peer):
    while piece := peer.recv(1 << 18):
        yield piece


def http(peer):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = peer.recv(65536)
        if not piece:
            return
        head += piece
    length = int(head.split()[1].strip(b"/") or 0)
    peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
    while length > 0:
        piece = BLOCK[:length]
        peer.sendall(piece)
        length -= len(piece)


def echo(peer):
    for piece in read_all(peer):
        peer.sendall(piece)
    peer.shutdown(socket.SHUT_WR)


def late(peer):
    digest, count = hashlib.sha256(), 0
    for piece in read_all(peer):
        digest.update(piece)
        count += len(piece)
    peer.sendall(b"got %d %s\n" % (count, digest.hexdigest().encode()))


def reset(peer):
    peer.sendall(b"partial")
    peer.recv(1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


def burst(peer):
    peer.sendall(BLOCK[:100000])
    time.sleep(0.2)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


def judge(peer):
    count = 0
    peer.sendall(b"hi")
    try:
        for piece in read_all(peer):
            count += len(piece)
        last_verdict[0] = "end %d" % count
    except ConnectionResetError:
        last_verdict[0] = "reset"


def verdict(peer):
    peer.sendall(last_verdict[0].encode() + b"\n")


def accept_all(listener, serve):
    def one(peer):
        with peer:
            try:
                serve(peer)
            except OSError:
                pass

    while True:
        peer, _ = listener.accept()
        threading.Thread(target=one, args=(peer,), daemon=True).start()


def listen(family, address, backlog):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen(backlog)
    return listener


def fill(listener, family, keep):
    """Linux queues one connection more than the backlog says; then it drops SYNs."""
    for _ in range(4):
        filler = socket.socket(family, socket.SOCK_STREAM)
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        keep.append(filler)


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    keep, line = [], []
    for family, address, digit in ((socket.AF_INET, "127.0.0.1", "4"), (socket.AF_INET6, "::1", "6")):
        for serve in (http, echo, late, reset, burst, judge, verdict):
            try:
                listener = listen(family, address, 512)
            except OSError:
                continue
            keep.append(listener)
            line += [serve.__name__ + digit, str(listener.getsockname()[1])]
            threading.Thread(target=accept_all, args=(listener, serve), daemon=True).start()
    full = listen(socket.AF_INET, "127.0.0.1", 0)
    fill(full, socket.AF_INET, keep)
    line += ["full4", str(full.getsockname()[1])]
    print(" ".join(line), flush=True)
    sys.stdin.read()


main()
