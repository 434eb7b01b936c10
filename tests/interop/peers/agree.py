#!/usr/bin/env python3
"""What aksu trace says of a capture, beside tshark's analysis: agree.py AKSU CAPTURE [FEW]. Each difference must be one
of the RULES; another one is printed, and fails. FEW: of a thousand segments so many may be called otherwise without a
rule, for captures that are never the same twice: which of two causes came first is a matter of microseconds there."""

import collections
import json
import subprocess
import sys

RULES = {
    'remembers': 'tshark calls out of order what comes sooner than a round trip; its octets were captured before',
    'probe': "Linux probes a closed window from SND.UNA - 1: tshark calls that a keep-alive, whatever the window",
    'cause': 'tshark says fast only within 20 ms of the second duplicate ACK, and else no more than retransmission',
    'acknowledged': 'tshark asks first whether it is fast or out of order, then whether it was acknowledged already',
    'two': 'tshark is content with two duplicate ACKs, FINs may be among them; RFC 5681 asks for three, without',
    'timer': 'after a timeout all goes out again until what was out then is acknowledged, whatever ACKs say meanwhile',
    'unseen': 'tshark does not learn from ACKs what was sent before the capture began: no question, nothing again',
    'early': 'before a round trip was seen, what comes within 3 ms of later text was overtaken: tshark says fast',
    'before': 'of what was sent before the capture began, tshark says that it is out of order, or fast',
    'lone FIN': 'tshark never says of a FIN without text that it is spurious',
    'late FIN': 'tshark says of a FIN without text that it is fast, although no duplicate ACK was captured',
    'no handshake': 'without a handshake tshark says out of order for 3 ms; aksu has seen round trips since',
    'one octet': 'tshark calls one octet before the end a keep-alive, although it was not acknowledged yet',
}
FIELDS = ['frame.number', 'frame.time_relative', 'tcp.stream', 'tcp.srcport', 'tcp.dstport', 'tcp.seq_raw',
          'tcp.ack_raw', 'tcp.len', 'tcp.flags', 'tcp.window_size_value', 'tcp.analysis.retransmission',
          'tcp.analysis.fast_retransmission', 'tcp.analysis.spurious_retransmission', 'tcp.analysis.out_of_order',
          'tcp.analysis.keep_alive',
          'tcp.analysis.zero_window_probe', 'tcp.analysis.initial_rtt',
          'tcp.options.sack_re']
ABSOLUTE = ['-o', 'tcp.relative_sequence_numbers:FALSE']          # those of SACK blocks too
KINDS = ['retransmission', 'fast', 'spurious', 'out of order', 'keep-alive', 'window probe']
NEEDLESS = 'spurious, it was acknowledged'
AGAIN = {'SYN timeout', 'fast', 'RTO', 'loss probe', NEEDLESS}
SYN, FIN, ACK = 2, 1, 16
aksu, capture = sys.argv[1:3]
few = int(sys.argv[3]) if len(sys.argv) > 3 else 0
wrong, otherwise, used = [], [], collections.Counter()


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


class Frame:
    def __init__(self, line):
        v = line.split('\t')
        self.number, self.stream, self.port, self.to = int(v[0]), int(v[2]), int(v[3]), int(v.pop(4))
        whole, _, part = v[1].partition('.')
        self.at = int(whole) * 10**9 + int(part.ljust(9, '0'))
        self.seq, self.ack, self.length = int(v[4]), int(v[5] or 0), int(v[6])
        self.flags, self.window = int(v[7], 16), int(v[8])
        self.end = self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)
        self.said = {k for k, there in zip(KINDS, v[9:15]) if there}
        self.rtt = v[15]
        self.sacked = max(map(int, filter(None, v[16].split(','))), default=0)


def frames():
    options = [x for f in FIELDS for x in ('-e', f)]
    return [Frame(line) for line in lines('tshark', '-n', '-r', capture, *ABSOLUTE, '-Y', 'tcp', '-T', 'fields',
                                          *options)]


def ours():
    """(at, seq) -> what it is"""
    found, timer = {}, None
    for e in map(json.loads, lines(aksu, 'trace', '--json', capture)):
        event = e.get('event')
        if event == 'retransmit':
            found[e['at'], e['seq']] = e['why']
        elif event == 'timer' and e['name'] in ('KEEP-ALIVE', 'PERSIST'):
            timer = e['name']
        elif event == 'segment_out' and timer:
            found[e['at'], e['seq']] = {'KEEP-ALIVE': 'keep-alive', 'PERSIST': 'window probe'}[timer]
            timer = None
    return found


def covered(frame, seen):
    at = frame.seq
    for left, right in sorted(seen):
        if left <= at < right:
            at = right
    return at >= frame.seq + frame.length


def agree(frame, is_ours, me, window):
    """None: both say the same; a rule, or False"""
    theirs, seen, acked = frame.said, me['seen'], me['acked']
    captured_before = theirs == {'out of order'} and covered(frame, seen)
    if is_ours == NEEDLESS and acked >= frame.end and 'spurious' not in theirs:
        if frame.length == 0 and theirs == {'retransmission'}:
            return 'lone FIN'
        return 'acknowledged' if theirs & {'fast', 'out of order'} else False
    if theirs == {'out of order'} and is_ours in AGAIN and captured_before:
        return 'remembers'
    if theirs == {'out of order'} and is_ours in AGAIN and not me['syn'] and frame.seq < me['before']:
        return 'before'
    if theirs == {'out of order'} and is_ours in AGAIN and not me['syn'] and frame.at - me['hole'] <= 3_000_000:
        return 'no handshake'
    if theirs == {'out of order'}:
        return None if is_ours is None and not captured_before else False
    if is_ours == 'window probe' and 'keep-alive' in theirs and window == 0:
        return 'probe'
    if is_ours == 'fast' and not theirs and not me['syn'] and frame.end <= me['sacked']:
        return 'unseen'
    if is_ours in ('keep-alive', 'window probe') and not theirs and not me['syn'] and frame.seq + 1 == acked:
        return 'unseen'
    if is_ours in ('keep-alive', 'window probe'):
        return None if is_ours in theirs else False
    if 'keep-alive' in theirs and is_ours in AGAIN and frame.length == 1 and acked < frame.end:
        return 'one octet'
    if is_ours is None and 'fast' in theirs and not me['syn'] and frame.at - me['hole'] <= 3_000_000 and \
            not covered(frame, seen):
        return 'early'
    if is_ours is None and 'fast' in theirs and not seen and not me['syn'] and frame.seq == acked:
        return 'before'
    if is_ours is None:
        return None if not theirs else False
    if not theirs & {'retransmission', 'fast', 'spurious'}:
        return False
    if (is_ours == NEEDLESS) != ('spurious' in theirs):
        return False
    if 'fast' in theirs and is_ours != 'fast' and frame.length == 0 and frame.flags & FIN and me['repeated'] == 0:
        return 'late FIN'
    if 'fast' in theirs and is_ours != 'fast':
        return 'timer' if acked < me['timer'] else 'two' if me['dupacks'] < 3 and me['repeated'] > 1 else False
    return 'cause' if is_ours == 'fast' and 'fast' not in theirs else None


def compare_segments(all_frames):
    found = ours()
    ends = collections.defaultdict(lambda: {'seen': [], 'syn': False, 'window': None, 'acked': 0,
                                            'sacked': 0, 'dupacks': 0, 'repeated': 0, 'high': 0, 'timer': 0,
                                            'before': 0, 'hole': -10**9})
    total = collections.Counter()
    for f in all_frames:
        me, other = ends[f.stream, f.port], ends[f.stream, f.to]
        is_ours = found.pop((f.at, f.seq), None)
        rule = agree(f, is_ours, me, other['window'])
        if rule is False:
            otherwise.append(f'frame {f.number}: tshark says {sorted(f.said)}, aksu {is_ours}')
        elif rule:
            used[rule] += 1
        total[is_ours] += is_ours is not None
        me['syn'] = me['syn'] or bool(f.flags & SYN)
        if not me['high']:
            me['before'] = f.seq
        if f.length:
            me['seen'].append((f.seq, f.end))
        if is_ours == 'RTO' and me['acked'] >= me['timer']:
            me['timer'] = me['high']
        if me['high'] < f.seq:
            me['hole'] = f.at
        me['high'] = max(me['high'], f.end)
        again = f.ack == other['acked']
        other['repeated'] = other['repeated'] + (f.length == 0) if again else 0
        other['dupacks'] = other['dupacks'] + (f.length == 0 and not f.flags & (SYN | FIN)) if again else 0
        if not f.flags & 4:
            me['window'] = f.window
        if f.flags & ACK:
            if max(f.ack, f.sacked) > max(other['high'], other['before']):
                other['before'] = max(f.ack, f.sacked)      # it was not captured
            other['acked'] = max(other['acked'], f.ack)
            other['sacked'] = max(other['sacked'], f.sacked)
    wrong.extend(f'at {at}: aksu says {what} of a segment that tshark has not' for (at, _), what in found.items())
    return total


def compare_connections(all_frames):
    by_stream = collections.defaultdict(list)
    for f in all_frames:
        by_stream[f.stream].append(f)
    objects = [json.loads(line) for line in lines(aksu, 'trace', '--summary', '--json', capture)]
    totals, objects = objects[-1], objects[:-1]
    if totals['tcp'] != len(all_frames) or len(objects) != len(by_stream):
        wrong.append(f'{len(by_stream)} streams of {len(all_frames)} segments, aksu has {len(objects)} of '
                     f'{totals["tcp"]}')
    for o, (number, of) in zip(objects, sorted(by_stream.items())):
        for end in ('client', 'server'):
            port = int(o[end]['at'].rpartition(':')[2])
            count = sum(f.port == port for f in of)
            if o[end]['segments'] != count:
                wrong.append(f'stream {number}: {count} segments of the {end}, aksu has {o[end]["segments"]}')
        rtt = next((f.rtt for f in of if f.rtt), None)
        if rtt and o['handshake'] is not None and abs(round(float(rtt) * 10**9) - o['handshake']) > set_back:
            wrong.append(f'stream {number}: a handshake of {rtt} s, aksu has {o["handshake"]} ns')
    return len(objects)


all_of_them = frames()
set_back = 0                                    # nanoseconds: aksu's clock stands still meanwhile
for before, now in zip(all_of_them, all_of_them[1:]):
    set_back = max(set_back, before.at - now.at)
    now.at = max(now.at, before.at)
kinds = compare_segments(all_of_them)
connections = compare_connections(all_of_them)
if len(otherwise) * 1000 > few * len(all_of_them):
    wrong.extend(otherwise)
for line in wrong[:10]:
    print(line)
print(f'{len(all_of_them)} segments, {connections} connections;',
      ', '.join(f'{n} {k}' for k, n in sorted(kinds.items(), key=str) if k) or 'nothing repeated')
for line in [] if wrong else otherwise:
    print('  called otherwise without a rule:', line)
for name, times in used.items():
    print(f'  {times} by rule: {RULES[name]}')
sys.exit(1 if wrong else 0)
