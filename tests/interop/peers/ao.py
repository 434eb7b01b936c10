#!/usr/bin/env python3
"""Computes the MAC of every TCP segment of a capture anew (RFC 5925 5, RFC 5926), with Python's hmac and openssl's CMAC,
knowing only the master key, and fails when one is wrong or missing.
    ao.py CAPTURE sha1|aes128 KEY [PORT]     prints how many segments were good; PORT: only of that server"""

import hashlib
import hmac
import struct
import subprocess
import sys

SYN, ACK = 2, 16


def cmac(key, message):
    done = subprocess.run(['openssl', 'mac', '-cipher', 'AES-128-CBC', '-macopt', 'hexkey:' + key.hex(), 'CMAC'],
                          input=message, stdout=subprocess.PIPE, check=True)
    return bytes.fromhex(done.stdout.decode().strip())


def sha1(key, message):
    return hmac.new(key, message, hashlib.sha1).digest()


def aes128(key, message):
    return cmac(key, message)


def master(algorithm, key):
    if algorithm == 'sha1' or len(key) == 16:
        return key
    return cmac(bytes(16), key)


def packets(path):
    """The IP packets of a pcap file of Ethernet frames."""
    with open(path, 'rb') as f:
        data = f.read()
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    at = 24
    while at + 16 <= len(data):
        length, = struct.unpack_from(order + 'I', data, at + 8)
        yield data[at + 16 + 14:at + 16 + length]
        at += 16 + length


def segments(path):
    """(source, destination, TCP segment) of each."""
    for p in packets(path):
        if p and p[0] >> 4 == 4 and p[9] == 6:
            header, total = (p[0] & 15) * 4, struct.unpack_from('>H', p, 2)[0]
            yield p[12:16], p[16:20], p[header:total]
        elif p and p[0] >> 4 == 6 and p[6] == 6:
            yield p[8:24], p[24:40], p[40:40 + struct.unpack_from('>H', p, 4)[0]]


def option(header):
    """Where TCP-AO stands; 0: nowhere."""
    at = 20
    while at < len(header) and header[at] != 0:
        if header[at] == 29:
            return at
        at += 1 if header[at] == 1 else header[at + 1]
    return 0


class Judge:
    def __init__(self, algorithm, key):
        self.algorithm, self.prf = algorithm, {'sha1': sha1, 'aes128': aes128}[algorithm]
        self.key, self.isn, self.keys, self.last = master(algorithm, key), {}, {}, {}

    def traffic_key(self, source, destination, ports, isns):
        what = source, destination, ports, isns
        if what not in self.keys:
            bits = 160 if self.algorithm == 'sha1' else 128
            context = source + destination + ports + struct.pack('>II', *isns)
            self.keys[what] = self.prf(self.key, b'\1TCP-AO' + context + struct.pack('>H', bits))
        return self.keys[what]

    def sne(self, end, seq):
        """Segments of this capture are never 2^31 apart."""
        high = self.last.get(end, self.isn[end])
        full = high + ((seq - high + (1 << 31)) & 0xffffffff) - (1 << 31)
        self.last[end] = max(high, full)
        return full >> 32 & 0xffffffff

    def is_good(self, source, destination, segment):
        length = (segment[12] >> 4) * 4
        at, flags = option(segment[:length]), segment[13]
        if at == 0 or segment[at + 1] != 16:
            return False
        seq, = struct.unpack_from('>I', segment, 4)
        ports = segment[:4]
        end, other = (source, ports), (destination, ports[2:] + ports[:2])
        if flags & SYN:
            self.isn[end] = seq
            self.last.pop(end, None)
        destination_isn = 0 if flags & (SYN | ACK) == SYN else self.isn.get(other, 0)
        key = self.traffic_key(source, destination, ports, (self.isn.get(end, seq), destination_isn))
        number = len(segment)
        pseudo = (struct.pack('>HH', 6, number) if len(source) == 4 else struct.pack('>II', number, 6))
        bare = bytearray(segment)
        bare[16:18] = bytes(2)
        bare[at + 4:at + 16] = bytes(12)
        sne = 0 if end not in self.isn else self.sne(end, seq)
        return self.prf(key, struct.pack('>I', sne) + source + destination + pseudo + bare)[:12] == \
            segment[at + 4:at + 16]


def main():
    judge, good, bad = Judge(sys.argv[2], sys.argv[3].encode()), 0, []
    port = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    for source, destination, segment in segments(sys.argv[1]):
        if port and port not in struct.unpack_from('>HH', segment):
            continue
        if judge.is_good(source, destination, segment):
            good += 1
        else:
            bad.append(f'{source.hex()} to {destination.hex()}: {segment[:60].hex()}')
    print('\n'.join([*bad[:5], f'{good} good, {len(bad)} bad']))
    sys.exit(bool(bad) or good == 0)


main()
