"""What tools/judge knows about TCP: one `Judge`, fed with the segments of a capture in order.

Positions are octets of a sequence space counted from its ISS, which is 0, so that they never wrap."""

import bisect
import collections

HALF, WHOLE = 1 << 31, 1 << 32
FIN, SYN, RST, ACK = 1, 2, 4, 16
MAX_ACK_DELAY = 0.5             # RFC 9293 3.8.6.3 [MUST-40]
KEEP = 4 << 20                  # octets of text remembered to compare retransmissions with

RULES = {
    'mss': 'no segment has more text than the MSS of its receiver less its options (RFC 6691)',
    'ack-rare': 'an ACK at least every second full-sized segment (RFC 9293 3.8.6.3)',
    'ack-late': 'an ACK within 500 ms (RFC 9293 3.8.6.3)',
    'ack-unsent': 'no ACK of what was not sent',
    'ack-left': 'the ACK never moves left',
    'window-left': 'the right edge of the window never moves left (RFC 9293 3.8.6)',
    'outside-window': 'no text beyond the window of the peer but a probe of one octet',
    'after-rst': 'nothing but RST after a RST',
    'after-fin': 'no text after FIN, and FIN stays where it is',
    'gap': 'new text begins where the text before it ended',
    'flags': 'ACK in all but the first segment and RST; SYN without FIN or RST',
    'syn-option': 'MSS, window scale and SACK-permitted in SYN only',
    'unoffered': 'no window scale or timestamps in SYN-ACK that SYN has not offered (RFC 7323)',
    'wscale': 'a window scale of at most 14 (RFC 7323 2.3)',
    'ts-missing': 'timestamps in each segment but RST once negotiated, and never before (RFC 7323 3.2)',
    'ts-left': 'the timestamp value never moves left',
    'ts-echo': 'the timestamp echoed is one that the peer has sent, 0 without ACK',
    'sack-unasked': 'SACK only if the peer permitted it (RFC 2018 2)',
    'sack-false': 'SACK blocks are of octets that the peer has sent',
    'sack-below': 'SACK blocks are above the ACK, but a first one that tells of a duplicate',
    'sack-overlap': 'SACK blocks neither overlap nor touch (RFC 2018 3)',
    'dsack-false': 'a first block of old octets: they were sent twice (RFC 2883 4)',
    'sack-order': 'the first SACK block has the latest segment (RFC 2018 4)',
    'resent-other': 'what is sent again has the same octets (with --payload)',
    'resent': 'nothing is sent twice (with --clean)',
}
WARNINGS = {'sack-order'}       # shown with --warn, never a violation
IMPAIRED = {'ack-rare', 'ack-late', 'ack-left', 'gap', 'ts-left', 'window-left', 'sack-order'}

Segment = collections.namedtuple('Segment', 'frame time src dst seq ack flags length window options_length mss '
                                            'wscale permitted sack tsval tsecr payload')


class Runs:
    """A set of octets as a sorted list of disjoint [left, right)."""

    def __init__(self):
        self.left, self.right = [], []

    def add(self, left, right):
        """Adds them; returns the parts that were there before."""
        if not self.right or left > self.right[-1]:
            self.left.append(left)
            self.right.append(right)
            return ()
        if left == self.right[-1]:
            self.right[-1] = right
            return ()
        first = bisect.bisect_left(self.right, left)
        last = bisect.bisect_right(self.left, right)
        old = [(max(left, le), min(right, ri)) for le, ri in zip(self.left[first:last], self.right[first:last])]
        if first < last:
            left, right = min(left, self.left[first]), max(right, self.right[last - 1])
        self.left[first:last], self.right[first:last] = [left], [right]
        return [(le, ri) for le, ri in old if le < ri]

    def covers(self, left, right):
        i = bisect.bisect_right(self.left, left) - 1
        return i >= 0 and self.right[i] >= right

    def end_of(self, at):
        """Where the run ends that has or touches `at`."""
        i = bisect.bisect_right(self.left, at) - 1
        return max(self.right[i], at) if i >= 0 else at


class Side:
    """What one end has sent in one incarnation of a connection."""

    def __init__(self, judged):
        self.judged = judged
        self.iss = None                 # SND.UNA and the like are positions; this one is a number
        self.syn = None                 # its SYN, if the capture has it
        self.end = 0                    # right of everything sent
        self.sent, self.twice = Runs(), Runs()
        self.whole = 1                  # all text left of this has been sent
        self.fin = None
        self.rst = False
        self.ack = -1                   # what it has acknowledged, in the space of the peer
        self.edge = None                # right edge of its window, in the space of the peer
        self.window = None              # the field of its last ACK
        self.tsval, self.tsvals = None, set()
        self.pending = collections.deque()      # text in order, not acknowledged: [end, time, segments, octets, frame]
        self.last = (0, 0)              # its last text
        self.text, self.text_at = bytearray(), 1

    def position(self, number):
        """Of a sequence number, the one nearest to what was sent last."""
        return self.end + ((number - self.iss - self.end + HALF) % WHOLE) - HALF


class Connection:
    def __init__(self, sides, before):
        self.side = sides               # by (address, port)
        self.before = before            # there was another incarnation
        self.scaled = self.timestamps = self.sack = None    # unknown before both SYNs

    def negotiate(self):
        syns = [s.syn for s in self.side.values()]
        if None not in syns:
            self.scaled = all(s.wscale is not None for s in syns)
            self.timestamps = all(s.tsval is not None for s in syns)
            self.sack = all(s.permitted for s in syns)


class Judge:
    def __init__(self, options, report):
        self.options, self.report = options, report
        self.connections = {}
        self.incarnations = 0
        self.now = 0.0

    # -- connections ---------------------------------------------------------------------------

    def connection_of(self, s):
        key = (s.src, s.dst) if s.src < s.dst else (s.dst, s.src)
        c = self.connections.get(key)
        if c is None or self.begins(c, s):
            if c is not None:
                self.finish(c)
            sides = {end: Side(not self.options.side or end[0] in self.options.side) for end in key}
            c = self.connections[key] = Connection(sides, c is not None)
            self.incarnations += 1
        return c

    @staticmethod
    def begins(c, s):
        """A SYN that is neither a second copy nor the answer to the other one."""
        if not s.flags & SYN or s.flags & RST:
            return False
        a, b = c.side[s.src], c.side[s.dst]
        if s.flags & ACK:
            return False
        if a.rst or b.rst or (a.fin is not None and b.fin is not None):
            return True
        return a.iss is not None and a.iss != s.seq

    def segment(self, s):
        self.now = s.time
        c = self.connection_of(s)
        a, b = c.side[s.src], c.side[s.dst]
        if a.rst and not s.flags & (RST | SYN):
            self.say(a, s, 'after-rst', f'seq {s.seq}, {s.length} octets of text, flags {s.flags:#x}')
            return
        if c.before and a.iss is None and not s.flags & SYN:
            return                              # an answer from the incarnation before this one
        if s.flags & RST:
            self.reset(a, s)
            return
        self.flags(a, s)
        if s.flags & SYN:
            self.syn(c, a, b, s)
        elif a.iss is None:
            a.iss = (s.seq - 1) % WHOLE
            a.whole = 1
        self.timestamps(c, a, b, s)
        if s.flags & ACK and b.iss is not None:
            self.acknowledges(c, a, b, s)
        self.text(a, b, s)

    def say(self, side, s, rule, what):
        if side.judged:
            self.report(s.frame, rule, what, s)

    # -- control -------------------------------------------------------------------------------

    @staticmethod
    def reset(a, s):
        """A RST that answers a wrong segment has its number from there and ends nothing."""
        if a.iss is None or s.seq == 0 or 0 <= a.end - a.position(s.seq) <= a.end:
            a.rst = True

    def flags(self, a, s):
        wrong = s.flags & FIN if s.flags & SYN else not s.flags & ACK
        if wrong:
            self.say(a, s, 'flags', f'flags {s.flags:#x}')

    def syn(self, c, a, b, s):
        a.rst = False
        if a.iss is None or a.iss != s.seq:
            a.iss, a.syn, a.end = s.seq, s, 1
            a.edge = s.window + 1 if a.edge is None else a.edge
            c.negotiate()
        elif self.options.clean:
            self.say(a, s, 'resent', 'SYN')
        if s.wscale is not None and s.wscale > 14:
            self.say(a, s, 'wscale', f'window scale {s.wscale}')
        if s.flags & ACK and b.syn is not None:
            for name in ('wscale', 'tsval'):
                if getattr(s, name) is not None and getattr(b.syn, name) is None:
                    self.say(a, s, 'unoffered', f'{"timestamps" if name == "tsval" else "window scale"} in SYN-ACK')

    def timestamps(self, c, a, b, s):
        if not s.flags & SYN:
            for there, name in ((s.mss is not None, 'MSS'), (s.wscale is not None, 'window scale'),
                                (s.permitted, 'SACK-permitted')):
                if there:
                    self.say(a, s, 'syn-option', f'{name} without SYN')
            if c.timestamps is not None and c.timestamps != (s.tsval is not None):
                self.say(a, s, 'ts-missing', 'no timestamps' if c.timestamps else 'timestamps that were not negotiated')
        if s.tsval is None:
            return
        if not s.flags & ACK:
            if s.tsecr:
                self.say(a, s, 'ts-echo', f'TSecr {s.tsecr} without ACK')
        elif b.syn is not None and b.syn.tsval is not None and s.tsecr not in b.tsvals:
            self.say(a, s, 'ts-echo', f'TSecr {s.tsecr}, which the peer has not sent')
        if a.tsval is not None and (s.tsval - a.tsval) % WHOLE >= HALF:
            self.say(a, s, 'ts-left', f'TSval {s.tsval} after {a.tsval}')
        else:
            a.tsval = s.tsval
        a.tsvals.add(s.tsval)

    # -- what is acknowledged ------------------------------------------------------------------

    def acknowledges(self, c, a, b, s):
        ack = b.position(s.ack)
        if ack > b.end:
            self.say(a, s, 'ack-unsent', f'ack {s.ack}: {ack - b.end} octets more than were sent')
            return
        if s.sack:
            self.sack(c, a, b, s, ack)
        if ack < a.ack:
            self.say(a, s, 'ack-left', f'ack {s.ack}, {a.ack - ack} octets less than before')
            return
        duplicate = ack == a.ack and s.window == a.window and not s.length      # RFC 5681 2
        a.ack, a.window = ack, s.window
        self.window(c, a, s, ack)
        self.pace(a, b, s, ack)
        self.beyond(c, b, s, duplicate)

    def window(self, c, a, s, ack):
        if c.scaled is None and a.syn is None:
            return
        shift = min(a.syn.wscale, 14) if c.scaled and not s.flags & SYN else 0
        if c.scaled is None and not s.flags & SYN:
            return
        edge = ack + (s.window << shift)
        if a.edge is not None and a.edge - edge >= 1 << shift:
            self.say(a, s, 'window-left', f'the right edge moved left by {a.edge - edge}, window {s.window} << {shift}')
        a.edge = edge if a.edge is None else max(a.edge, edge)

    def pace(self, a, b, s, ack):
        """`b` has sent, `a` acknowledges."""
        queue = b.pending
        if not queue or queue[0][0] > ack:
            return
        oldest, segments, octets, last = queue[0][1], 0, 0, 0
        while queue and queue[0][0] <= ack:
            _, time, full, last, _ = queue.popleft()
            segments += full
            octets += last
            oldest = min(oldest, time)
        limit = self.options.gro
        most = a.syn.mss or 536 if a.syn is not None else 1460
        if segments > limit or (not self.options.offload and octets - last >= limit * most):
            self.say(a, s, 'ack-rare', f'one ACK for {octets} octets, {segments} full-sized segments')
        if s.time - oldest > MAX_ACK_DELAY:
            self.say(a, s, 'ack-late', f'{(s.time - oldest) * 1000:.0f} ms after the text')

    def beyond(self, c, b, s, duplicate):
        """Text of `b` that arrived behind a hole has been told of: the ACK that fills the hole may jump over it."""
        if s.sack:
            blocks = [(b.position(left), b.position(right)) for left, right in s.sack]
        elif duplicate and not c.sack and b.pending:
            blocks = [(b.pending[0][0], b.end)]     # a duplicate: all but the first may have arrived
        else:
            return
        for entry in b.pending:
            if any(left <= entry[0] - entry[3] and entry[0] <= right for left, right in blocks):
                entry[2] = entry[3] = 0

    def sack(self, c, a, b, s, ack):
        if c.sack is False:
            self.say(a, s, 'sack-unasked', 'SACK was not negotiated')
        blocks = []
        for left, right in s.sack:
            end = b.position(right)
            blocks.append((end - (right - left) % WHOLE, end))
        first = blocks[0]
        duplicate = first[1] <= ack or (len(blocks) > 1 and blocks[1][0] <= first[0] and first[1] <= blocks[1][1])
        if duplicate and not b.twice.covers(*first):
            self.say(a, s, 'dsack-false', f'{self.octets(b, first)} were sent once')
        rest = blocks[1:] if duplicate else blocks
        for block in rest:
            if block[0] == block[1] or not b.sent.covers(*block):
                self.say(a, s, 'sack-false', f'{self.octets(b, block)} were not sent')
            elif block[0] <= ack:
                self.say(a, s, 'sack-below', f'{self.octets(b, block)} with ack {s.ack}')
        rest = sorted(rest)
        for (_, before), (after, _) in zip(rest, rest[1:]):
            if after <= before:
                self.say(a, s, 'sack-overlap', f'two blocks at {(b.iss + after) % WHOLE}')
        if not duplicate and any(le <= b.last[0] and b.last[1] <= ri for le, ri in blocks[1:]):
            self.say(a, s, 'sack-order', f'{self.octets(b, b.last)} came last')

    @staticmethod
    def octets(side, block):
        return f'octets {(side.iss + block[0]) % WHOLE}-{(side.iss + block[1]) % WHOLE}'

    # -- what is sent --------------------------------------------------------------------------

    def text(self, a, b, s):
        begin = a.position(s.seq) + (1 if s.flags & SYN else 0)
        end = begin + s.length
        if s.length:
            a.last = (begin, end)
            self.bounds(a, b, s, begin, end)
        if s.flags & FIN:
            if a.fin is not None and a.fin != end:
                self.say(a, s, 'after-fin', f'FIN moved by {end - a.fin}')
            elif a.fin is not None and self.options.clean:
                self.say(a, s, 'resent', 'FIN')
            a.fin = end
        right = end + (1 if s.flags & FIN else 0)
        if begin < right:
            old = a.sent.add(begin, right)
            for run in old:
                a.twice.add(*run)
            if s.length:
                self.again(a, s, begin, old)
            self.arrives(a, b, s, begin, end)
        a.end = max(a.end, right)

    def bounds(self, a, b, s, begin, end):
        if b.syn is not None and not self.options.offload:
            # RFC 6691 2: the MSS does not count options
            most = (b.syn.mss or (1220 if ':' in s.dst[0] else 536)) - s.options_length
            if s.length > most:
                self.say(a, s, 'mss', f'{s.length} octets of text, at most {most}')
        if b.edge is not None and not s.flags & SYN and b.syn is not None:
            beyond = end - b.edge
            if beyond > 0 and not (s.length == 1 and beyond == 1):
                self.say(a, s, 'outside-window', f'{beyond} octets beyond the window')
        if a.fin is not None and end > a.fin:
            self.say(a, s, 'after-fin', f'{end - a.fin} octets of text after FIN')
        if begin > a.end and a.syn is not None:
            self.say(a, s, 'gap', f'{begin - a.end} octets were left out')

    def again(self, a, s, begin, old):
        if old and self.options.clean and s.length > 1:
            self.say(a, s, 'resent', f'{sum(r - l for l, r in old)} octets')
        if s.payload is not None:
            self.compare(a, s, begin)

    def compare(self, a, s, begin):
        """`a.text` begins at a.text_at; a hole in it is unknown, so text above one is not kept."""
        end = a.text_at + len(a.text)
        left, right = max(begin, a.text_at), min(begin + len(s.payload), end)
        if left < right and a.text[left - a.text_at:right - a.text_at] != s.payload[left - begin:right - begin]:
            self.say(a, s, 'resent-other', f'{right - left} octets again, not the same')
        if begin > end:
            a.text, a.text_at = bytearray(s.payload), begin
        elif begin + len(s.payload) > end:
            a.text += s.payload[end - begin:]
        if len(a.text) > 2 * KEEP:
            a.text_at += len(a.text) - KEEP
            del a.text[:-KEEP]

    def arrives(self, a, b, s, begin, end):
        """`a` has sent text: when must `b` acknowledge it?"""
        if b.edge is not None and end > b.edge or b.syn is None:
            return
        if end <= a.whole:
            if not self.options.clean:
                for entry in a.pending:         # perhaps the first copy was lost behind the capture
                    if entry[0] > begin:
                        entry[1] = s.time
            return
        if begin > a.whole:
            return
        a.whole = a.sent.end_of(end)
        if s.length:
            most = (b.syn.mss or 536) - s.options_length
            full = 1 if self.options.offload else s.length // most if most > 0 else 1
            a.pending.append([end, s.time, full, s.length, s.frame])

    # -- the end -------------------------------------------------------------------------------

    def finish(self, c):
        ends = list(c.side.values())
        if any(side.rst for side in ends):
            return
        for a, b in (ends, reversed(ends)):
            if b.judged and a.pending and self.now - a.pending[0][1] > MAX_ACK_DELAY:
                _, time, _, _, frame = a.pending[0]
                self.report(frame, 'ack-late', f'this text was not acknowledged in {self.now - time:.1f} s')

    def close(self):
        for c in self.connections.values():
            self.finish(c)
