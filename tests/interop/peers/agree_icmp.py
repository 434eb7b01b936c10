#!/usr/bin/env python3
"""The ICMP errors about TCP in a capture, as tshark reads them and as aksu trace tells them: agree_icmp.py AKSU CAPTURE.
Each is compared: when, from whom, type, code, MTU, and both ends of the quoted segment."""

import collections
import json
import subprocess
import sys

FIELDS = ['frame.time_relative', 'icmp.type', 'icmp.code', 'icmp.mtu', 'icmpv6.type', 'icmpv6.code', 'icmpv6.mtu',
          'ip.src', 'ipv6.src', 'tcp.srcport', 'tcp.dstport', 'tcp.seq_raw']
aksu, capture = sys.argv[1:3]


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def theirs():
    """(at, from, type, code, mtu, source, destination): times"""
    found, first = collections.Counter(), None
    for line in lines('tshark', '-n', '-r', capture, '-T', 'fields', *[x for f in FIELDS for x in ('-e', f)]):
        at, t4, c4, m4, t6, c6, m6, v4, v6, source, destination, _ = line.split('\t')
        if not (t4 or t6) or not source:
            continue
        whole, _, part = at.partition('.')
        when = int(whole) * 10**9 + int(part.ljust(9, '0'))
        mtu = int(m4 or 0) if t4 == '3' and c4 == '4' else int(m6 or 0) if t6 == '2' else 0
        found[when, (v4 or v6).split(',')[0], int(t4 or t6), int(c4 or c6), mtu, int(source), int(destination)] += 1
    return found


def ours():
    found, ends, last = collections.Counter(), {}, None
    for e in map(json.loads, lines(aksu, 'trace', '--json', capture)):
        event = e.get('event')
        if event in ('segment_out', 'segment_in'):
            ends[e['conn'], e['host']] = [int(e[x].rpartition(':')[2]) for x in ('local', 'remote')]
        elif event == 'icmp_in':
            last = (e['at'], e['from'], e['type'], e['code'])
            found[*last, 0, *ends[e['conn'], e['host']]] += 1
        elif event == 'path_mtu':
            assert e['at'] == last[0]
            of = ends[e['conn'], e['host']]
            found[*last, 0, *of] -= 1
            found[*last, e['mtu'], *of] += 1
    return +found


one, other = theirs(), ours()
for what, times in sorted((one - other).items()):
    print(f'only tshark has {times} of {what}')
for what, times in sorted((other - one).items()):
    print(f'only aksu has {times} of {what}')
print(f'{sum(one.values())} errors, {len({x[1:5] for x in one})} kinds')
sys.exit(0 if one and one == other else 1)
