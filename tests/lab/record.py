"""The record of aksu lab (JSON lines) as acts, their connections, and what happened on each; sequence numbers count
from the ISN of who counts, as in the ladder. Used by expect.py."""

import json
import re

STRICT = ('segment', 'state', 'dropped', 'signal', 'time_wait_over', 'udp_out', 'udp_in')     # see Item.strict
OPTIONS = {'wscale': 'window-scale', 'sackok': 'sack-permitted', 'ts': 'timestamps'}     # a word here, the record's
FIELDS = {'mss': 'mss', 'wscale': 'wscale'}                     # where what stands behind an option is
NUMBERS = {'retransmit': ('seq',), 'lost': ('seq',), 'duplicate_reported': ('left', 'right'),
           'ambiguous_rtt': ('ack',)}                           # fields of events that count from the own ISN
PEERS_NUMBERS = {'marked': ('seq',), 'urgent': ('up',)}
OWN = {'snd_una', 'snd_nxt', 'iss'}                             # members of a TCB that do
PEERS = {'rcv_nxt', 'irs'}
OF_SEGMENT = {'dropped', 'challenge_ack', 'syn_queue_full', 'accept_queue_full', 'accept_overflow', 'syn_refused',
              'syn_cookie_sent', 'syn_cookie_good', 'syn_cookie_bad', 'fast_open_refused', 'ao_bad_mac', 'ao_missing',
              'ao_no_key', 'ao_unexpected'}     # events without a connection: the segment's
SEGMENT = ('ctl', 'seq', 'ack', 'wnd', 'len', 'up', 'has', 'mss', 'wscale', 'ts_val', 'ts_ecr', 'sack')
OLDER = 1 << 24                 # numbers so far below the ISN count as before it, as in the ladder
TCB = re.compile(r'\{"at":(\d+),"host":"([^"]*)","conn":(\d+),"tcb":')       # large, and hardly one is looked at


class Wrong(Exception):
    """What differs, or what is wrong with the expectation."""


def ms(at):
    return f'{at // 1000000}.{at % 1000000:06d}'[:-3] if at % 1000 == 0 else f'{at // 1000000}.{at % 1000000:06d}'


class Item:
    """One thing that happened. `fields` are the record's, sequence numbers relative; `to` and `arrived` are of
    segments: None is lost, and a segment that no host sent has the host '?'."""

    def __init__(self, at, host, kind, fields):
        self.at, self.host, self.kind, self.fields = at, host, kind, fields
        self.to = self.arrived = None
        self.used = self.optional = False
        self.strict = kind in STRICT

    def __str__(self):
        if self.kind == 'segment':
            to = f'{self.to} {ms(self.arrived)}' if self.to and self.host != '?' else self.to or 'lost'
            return f'{ms(self.at)}  {self.host} > {to}  {segment_text(self.fields)}'
        said = {'state': lambda f: f['to'], 'dropped': lambda f: f'drops {f["rule"]}: {f["why"]}',
                'signal': lambda f: f'told {f["what"]}: {f["status"]}',
                'timer': lambda f: f'timer {f["name"]} {f["count"]}'}.get(self.kind)
        pairs = (f'{k} {json.dumps(v)}' for k, v in self.fields.items())
        what = said(self.fields) if said else ' '.join([self.kind, *pairs])
        return f'{ms(self.at)}  {self.host} {what}'


def options_of(segment):
    """What stands between < and >, by its word here."""
    words = {v: k for k, v in OPTIONS.items()}
    out = {}
    for name in segment['has']:
        word = words.get(name, name)
        value = segment[FIELDS[word]] if word in FIELDS else None
        out[word] = str(value) if value is not None else ' '.join(segment['sack']) if word == 'sack' else ''
    return out


def segment_text(s):
    options = ', '.join(f'{k} {v}'.strip() for k, v in options_of(s).items())
    length = f' len {s["len"]}' if s['len'] else ''
    return f'{s["ctl"]} seq {s["seq"]}{length} ack {s["ack"]} wnd {s["wnd"]} <{options}>'


class Connection:
    """One incarnation of a pair of endpoints."""

    def __init__(self, pair=None):
        self.pair, self.syn = pair, None
        self.items, self.isn, self.opened, self.tcbs, self.under_way, self.delay = [], {}, set(), [], [], {}

    def relative(self, number, end):
        if end not in self.isn:
            return number
        count = (number - self.isn[end]) % 2 ** 32
        return count - 2 ** 32 if count >= 2 ** 32 - OLDER else count

    def learn(self, segment, sender, receiver):
        if 'RST' in segment['ctl']:
            return
        self.isn.setdefault(sender, segment['seq'] if 'SYN' in segment['ctl'] else segment['seq'] - 1)
        if 'ACK' in segment['ctl']:
            self.isn.setdefault(receiver, segment['ack'] - 1)


class Act:
    """What one act of the record says."""

    def __init__(self):
        self.connections, self.stack, self.rows, self.failed = [], Connection(), [], []
        self.namesakes = False      # of two hosts with one name only segments can be told apart
        self.current = {}           # the newest incarnation of a pair of endpoints, and of one of them
        self.all = {}               # every incarnation of a pair
        self.of = {}                # (host, number) to connection and own endpoint
        self.last = {}              # host to that of its last segment
        self.waiting = {}           # (host, pair) to that of a TIME-WAIT record

    def pair(self, event):
        return frozenset((event['local'], event['remote']))

    def begin(self, event):
        pair = self.pair(event)
        c = self.current[pair] = self.current[event['local']] = self.current[event['remote']] = Connection(pair)
        self.all.setdefault(pair, []).append(c)
        self.connections.append(c)
        return c

    def opened(self, event, host):
        c = self.current.get(self.pair(event))
        if not c or host in c.opened:
            syn = c.syn if c and not event['active'] else None
            c = self.begin(event)
            if syn:
                c.learn(syn, event['remote'], event['local'])
        c.opened.add(host)
        self.of[host, event['conn']] = c, event['local']

    def owner(self, event, host):
        """The connection of an event that names no endpoints, or 'stack'."""
        if self.namesakes and 'local' not in event:
            return Connection(), None
        if event['event'] == 'time_wait_over' and (host, self.pair(event)) in self.waiting:
            return self.waiting.pop((host, self.pair(event)))
        if (host, event['conn']) in self.of:
            return self.of[host, event['conn']]
        if event['event'] not in OF_SEGMENT:
            return self.stack, None
        named = self.current.get(event.get('remote'))
        return (named, None) if named else self.last.get(host, (self.stack, None))

    def segment(self, event, host):
        known = self.of.get((host, event['conn']))
        pair = self.pair(event)
        c = known[0] if known and known[0].pair == pair else self.current.get(pair) or self.begin(event)
        out = event['event'] == 'segment_out'
        sender, receiver = (event['local'], event['remote']) if out else (event['remote'], event['local'])
        if not out:
            older = [x for x in self.all[c.pair] if any(same(s, event) for _, s in x.under_way)]
            c = older[-1] if older else c
            if 'SYN' in event['ctl']:
                c.syn = event
        if out or 'SYN' in event['ctl']:        # any other that no host has sent may have any numbers
            c.learn(event, sender, receiver)
        self.last[host] = c, event['local']
        nothing = event['ctl'] == 'RST,ACK' and event['seq'] == 0       # RFC 9293 3.10.7.1: from no connection
        fields = dict(event, seq=0 if nothing else c.relative(event['seq'], sender),
                      ack=c.relative(event['ack'], receiver) if 'ACK' in event['ctl'] else 0,
                      sack=['-'.join(str(c.relative(n, receiver)) for n in sack_ends(b)) for b in event['sack']])
        if out:
            item = Item(event['at'], host, 'segment', fields)
            c.items.append(item)
            c.under_way.append((item, event))
            return
        sent = [u for u in c.under_way if same(u[1], event)]
        if sent:
            took = c.delay.get(host, 0)
            best = min(sent, key=lambda u: abs(event['at'] - u[0].at - took))
            c.under_way.remove(best)
            c.delay[host] = event['at'] - best[0].at
            best[0].to, best[0].arrived = host, event['at']
        else:
            item = Item(event['at'], '?', 'segment', fields)
            item.to = host
            c.items.append(item)

    def take(self, event):
        host, kind = event['host'], event.get('event')
        if 'note' in event or kind == 'note':
            text = event.get('note') or event.get('text')
            for c in [self.of[host, event['conn']][0]] if (host, event.get('conn')) in self.of else self.connections:
                c.items.append(Item(event['at'], host, 'note', {'text': text}))
        elif kind in ('segment_in', 'segment_out'):
            self.segment(event, host)
        elif kind:
            self.other(event, host, kind)

    def tcb(self, at, host, conn, line):
        if (host, conn) in self.of:
            c, end = self.of[host, conn]
            c.tcbs.append((at, host, end, line))

    def other(self, event, host, kind):
        if kind == 'opened':
            self.opened(event, host)
        if kind == 'completed':
            half = self.of.pop((host, event['half_open']), None)
            if half:
                self.of[host, event['conn']] = half
        c, end = self.owner(event, host)
        if kind == 'time_wait':
            self.waiting[host, self.pair(event)] = c, end
        peer = next((e for e in c.isn if e != end), None)
        fields = {k: v for k, v in event.items() if k not in ('at', 'host', 'conn', 'event')}
        for table, whose in ((NUMBERS, end), (PEERS_NUMBERS, peer)):
            fields.update({k: c.relative(fields[k], whose) for k in table.get(kind, ())})
        item = Item(event['at'], host, kind, fields)
        if kind == 'state' and {fields['from'], fields['to']} == {'CLOSED', 'LISTEN'}:
            item.strict = False     # a record that is made or goes: no state of Figure 5 is left
        c.items.append(item)


def sack_ends(block):
    return block if isinstance(block, list) else block.values() if isinstance(block, dict) else \
        [int(n) for n in str(block).split('-')]


def same(sent, got):
    return sent['local'] == got['remote'] and sent['remote'] == got['local'] and all(sent[k] == got[k] for k in SEGMENT)


NETWORK = re.compile(r'^(\{"at":\d+,"host":"[^" ]*) \d+"')        # "client 2" is of the second network of its act


def acts_of(lines, wanted):
    """By number. Of acts that are not wanted it is only said that there are such."""
    acts = {}
    lines = [NETWORK.sub(r'\1"', line) for line in lines]
    for line in lines:
        if line.startswith('{"act":'):
            act = acts[json.loads(line)['act']] = Act()
        elif line.startswith('{"hosts":'):
            hosts = [name.split(' ')[0] for name in json.loads(line)['hosts']]
            act.namesakes = len(set(hosts)) < len(hosts)
    number = 0
    for line in lines:
        tcb = TCB.match(line)
        if line.startswith('{"act":'):
            number = json.loads(line)['act']
        elif number in wanted and tcb:
            acts[number].tcb(int(tcb.group(1)), tcb.group(2), int(tcb.group(3)), line)
        elif line.startswith('{"check":'):
            check = json.loads(line)
            acts[number].failed += [] if check['ok'] else [check['check']]
        elif number in wanted and '"moment":' not in line[:40]:
            entry = json.loads(line)
            if 'at' in entry and 'host' in entry:
                acts[number].take(entry)
            elif 'table' in entry:
                acts[number].rows += entry['table']['rows']
    return acts
