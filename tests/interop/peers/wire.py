"""wire.py - a wire that a script holds: python3 wire.py TAP OURS PEER takes frames from a TAP to the AF_UNIX datagram
socket PEER, and from its own, OURS, to the TAP. Commands as in end.py: `hold` keeps what comes from the TAP from now on,
`held N [MS]` waits until N frames are kept, `release` sends them on."""
import fcntl
import os
import select
import socket
import struct
import sys
import time

tap = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH', sys.argv[1].encode(), 0x1002))     # TUNSETIFF: TAP, no header
ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ours.bind(sys.argv[2])
kept = None                 # a list: held


def forward(frame):
    try:
        ours.sendto(frame, sys.argv[3])
    except (FileNotFoundError, ConnectionRefusedError):
        pass                # nobody is there yet


def turn():
    readable = select.select([0, tap, ours], [], [], 0.02)[0]
    if tap in readable:
        frame = os.read(tap, 65536)
        if kept is None:
            forward(frame)
        else:
            kept.append(frame)
    if ours in readable:
        os.write(tap, ours.recv(65536))
    return 0 in readable


def execute(word):
    global kept
    at = time.monotonic() + (int(word[2]) if len(word) > 2 else 5000) / 1000
    if word[0] == 'hold':
        kept = []
    elif word[0] == 'release':
        frames, kept = kept, None
        for frame in frames:
            forward(frame)
    while word[0] == 'held' and len(kept) < int(word[1]):
        if time.monotonic() > at:
            return f'no {len(kept)} frames'
        turn()
    return 'ok'


print('ready', flush=True)
while True:
    if turn():
        lines = os.read(0, 4096).decode().split('\n')
        if lines == ['']:
            break
        for line in lines[:-1]:
            print(execute(line.split()), flush=True)
