#!/usr/bin/env python3
"""Captures of one conversation, in each format: captures.py DIRECTORY. The text of the fifth packet is sent twice."""

import pathlib
import struct
import sys

CLIENT, SERVER = (10, 0, 0, 1), (10, 0, 0, 2)
FIN, SYN, PSH, ACK = 1, 2, 8, 16
VLAN = 0x10001      # Ethernet whose frames have a tag
# (milliseconds, who, flags, seq, ack, octets of text)
TALK = [(0, 'c', SYN, 0, 0, 0), (10, 's', SYN | ACK, 0, 1, 0), (30, 'c', ACK, 1, 1, 0),
        (31, 'c', PSH | ACK, 1, 1, 77), (41, 's', PSH | ACK, 1, 78, 500), (341, 's', PSH | ACK, 1, 78, 500),
        (361, 'c', ACK, 78, 501, 0), (362, 'c', FIN | ACK, 78, 501, 0), (372, 's', FIN | ACK, 501, 79, 0),
        (392, 'c', ACK, 79, 502, 0)]


def packet(who, flags, seq, ack, length):
    source, destination, ports = (CLIENT, SERVER, (20000, 80)) if who == 'c' else (SERVER, CLIENT, (80, 20000))
    options = struct.pack('!BBH', 2, 4, 1460) if flags & SYN else b''
    isn = {'c': 4294967290, 's': 1000}
    theirs = isn['s' if who == 'c' else 'c']
    tcp = struct.pack('!HHIIBBHHH', *ports, (isn[who] + seq) % 2**32, (theirs + ack) % 2**32 if flags & ACK else 0,
                      (20 + len(options)) // 4 << 4, flags, 65535, 0, 0) + options + bytes(length)
    return struct.pack('!BBHHHBBH4B4B', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, *source, *destination) + tcp


def frames(link):
    head = {0: b'\x02\0\0\0', 1: bytes(12) + b'\x08\x00', 101: b'', 105: bytes(24),
            VLAN: bytes(12) + b'\x81\0\0\5\x08\0',
            113: b'\0\0\0\1\0\6' + bytes(8) + b'\x08\0', 276: b'\x08\0\0\0\0\0\0\1\0\1\0\6' + bytes(8)}[link]
    return [(ms, head + packet(*what)) for ms, *what in TALK]


def pcap(order='<', unit=10**6, link=1, snaplen=65535):
    out = struct.pack(order + 'IHHiIII', 0xa1b2c3d4 if unit == 10**6 else 0xa1b23c4d, 2, 4, 0, 0, snaplen,
                      link & 0xffff)
    for ms, data in frames(link):
        kept = data[:snaplen]
        out += struct.pack(order + 'IIII', 1700000000, ms * unit // 1000, len(kept), len(data)) + kept
    return out


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, 12 + len(body)) + body + struct.pack('<I', 12 + len(body))


def option(code, value):
    return struct.pack('<HH', code, len(value)) + value + bytes(-len(value) % 4)


def pcapng(said=b'', other=b''):
    """`said`: options of each packet; `other`: blocks before them."""
    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack('<HHI', 1, 0, 0)) + other
    for ms, data in frames(1):
        at = 1700000000 * 10**6 + ms * 1000
        out += block(6, struct.pack('<IIIII', 0, at >> 32, at % 2**32, len(data), len(data)) + data +
                     bytes(-len(data) % 4) + said)
    return out


# A name for an address, and a block that nobody knows.
NAMES = block(4, struct.pack('<HH', 1, 11) + bytes(CLIENT) + b'client\0' + bytes(5)) + block(0xbad, b'what is it')
to = pathlib.Path(sys.argv[1])
for name, octets in {'plain': pcap(), 'big-endian': pcap('>'), 'nanoseconds': pcap(unit=10**9), 'raw': pcap(link=101),
                     'pcapng': pcapng(), 'snaplen': pcap(snaplen=68), 'wifi': pcap(link=105),
                     'short': pcap(snaplen=50), 'vlan': pcap(link=VLAN), 'sll': pcap(link=113), 'sll2': pcap(link=276),
                     'null': pcap(link=0), 'comments': pcapng(option(1, b'a comment') + option(0, b''), NAMES),
                     'two-types': pcapng() + block(1, struct.pack('<HHI', 101, 0, 0)),
                     'not-tcp': pcap(link=101)[:49] + b'\x11' + pcap(link=101)[50:84],
                     'empty': b'', 'text': b'this is no capture at all, but a text\n' * 10,
                     'gzip': b'\x1f\x8b\x08\x00' + bytes(100), 'no packets': pcap()[:24]}.items():
    (to / name).write_bytes(octets)
