#!/usr/bin/env python3
"""Compares what scenarios of aksu lab do with what was derived by hand: tests/lab/expect/NAME.expect.
    tests/lab/expect.py AKSU FILE...    prints `ok` or `FAIL` for each play, and below it what differs
The format of the files: tests/lab/README.md."""

import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys

from record import OWN, PEERS, Wrong, acts_of, ms, options_of

STATES = ('CLOSED', 'LISTEN', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT',
          'CLOSING', 'LAST-ACK', 'TIME-WAIT')
TIME = re.compile(r'(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$')


def ns(text):
    whole, _, part = text.partition('.')
    return int(whole) * 1000000 + int((part + '000000')[:6])


def span(text):
    first, last = TIME.match(text).groups()
    return ns(first), ns(last or first)


class Line:
    """One thing that is expected."""

    def __init__(self, words, at, until, start):
        self.at, self.until, self.start = at + start, until + start, start
        self.test = None
        if len(words) > 2 and words[1] == '>':
            self.segment(words)
        elif len(words) > 1:
            self.host = words[0]
            self.other(words[1], words[2:])
        else:
            raise Wrong('who does what?')

    def fits(self, item):
        return self.at <= item.at <= self.until and item.kind == self.kind and item.host == self.host

    def segment(self, words):
        self.kind, self.host = 'segment', words[0]
        to, rest = words[2], words[3:]
        arrived = [self.start + t for t in span(rest.pop(0))] if rest and TIME.match(rest[0]) else None
        text = ' '.join(rest)
        m = re.fullmatch(r'([A-Z,]+)((?: [a-z_]+ -?\d+)*)(?: <(.*)>)?', text)
        if not m:
            raise Wrong(f'"{text}" is no segment')
        pairs = m.group(2).split()
        want = dict(zip(pairs[::2], map(int, pairs[1::2])))
        want.setdefault('len', 0)
        options = None if m.group(3) is None else \
            {o.split()[0]: ' '.join(o.split()[1:]) for o in m.group(3).split(',') if o.strip()}

        def test(item):
            if item.to != (None if to == 'lost' else to):
                return f'it goes to {item.to or "nobody"}'
            if arrived and not arrived[0] <= item.arrived <= arrived[1]:
                return f'it arrives at {ms(item.arrived)}'
            if item.fields['ctl'] != m.group(1):
                return f'it is {item.fields["ctl"]}'
            return unequal(want, item.fields) or (options is not None and options_differ(options, item.fields))

        self.test = test

    def other(self, word, rest):
        text = ' '.join(rest)
        if word in STATES and not rest:
            self.kind, self.test = 'state', lambda i: i.fields['to'] != word and f'it is {i.fields["to"]}'
        elif word == 'drops':
            self.kind = 'dropped'
            self.test = lambda i: text not in (i.fields['rule'], f'{i.fields["rule"]}: {i.fields["why"]}') and 'no'
        elif word == 'told':
            self.kind = 'signal'
            self.test = lambda i: text not in (i.fields['status'], i.fields['what'],
                                               f'{i.fields["what"]}: {i.fields["status"]}') and 'no'
        elif word == 'timer':
            name = ' '.join(w for w in rest if not w.isdigit())
            count = int(rest[-1]) if rest[-1].isdigit() else None
            self.kind = 'timer'
            self.test = lambda i: unequal({'name': name, **({} if count is None else {'count': count})}, i.fields)
        elif word == 'calls':
            self.kind = 'call'
            self.test = lambda i: text not in (i.fields['name'], f'{i.fields["name"]} {i.fields["length"]}') and 'no'
        elif word == 'note':
            self.kind, self.test = 'note', lambda i: i.fields['text'] != text and 'no'
        else:
            if len(rest) % 2:
                raise Wrong(f'{word}: a field without a value')
            want = dict(zip(rest[::2], map(value_of, rest[1::2])))
            self.kind, self.test = word, lambda i: unequal(want, i.fields)
            self.want = want


def item_of(connection, line):
    """The last thing of this kind at the time of the line."""
    return [i for i in connection.items if line.fits(i)][-1]


def words_of(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Wrong(str(error)) from error


def value_of(text):
    return int(text) if re.fullmatch(r'\d+', text) else {'true': True, 'false': False, 'null': None}.get(text, text)


def unequal(want, fields):
    for name, value in want.items():
        if name not in fields:
            return f'it has no {name}'
        if fields[name] != value:
            return f'{name} is {fields[name]}'
    return None


def options_differ(want, segment):
    has = options_of(segment)
    for name in sorted(want.keys() | has.keys()):
        if name not in has:
            return f'it has no option {name}'
        if name not in want:
            return f'it has the option {name} {has[name]}'.rstrip()
        if want[name] and want[name] != has[name]:
            return f'{name} is {has[name]}'
    return None


class Section:
    """Expected of one connection: its lines have been taken when each found what it expects, in order."""

    def __init__(self, connection, start=0):
        self.c, self.start = connection, start      # `start`: times count from there
        self.now, self.passing = 0, False

    def skip(self):
        self.passing = True

    def before(self, at, line=None):
        """Nothing that happened earlier is left over."""
        for item in self.c.items:
            if item.at >= at:
                break
            if self.passing:
                item.optional = True
            elif item.strict and not item.used and not item.optional:
                late = line and item.kind == line.kind and item.host == line.host and not line.test(item)
                raise Wrong(f'it happens at another time: {item}' if late else f'not expected: {item}')

    def take(self, line):
        if line.until < self.now:
            raise Wrong('a time that is over')
        if line.kind == 'tcb':
            self.tcb(line)
            return
        self.now = line.at
        self.before(line.at, line)
        reason = None
        for n, item in enumerate(self.c.items):
            if item.used or not line.fits(item):
                continue
            reason = line.test(item)
            if not reason:
                self.now = item.at
                self.before(item.at)
                self.passed(n)
                item.used, self.passing = True, False
                return
            if item.strict and not self.passing and not item.optional:
                raise Wrong(f'instead: {item}' + (f' ({reason})' if reason != 'no' else ''))
        raise Wrong(f'instead: {item_of(self.c, line)} ({reason})' if reason else self.missing(line))

    def passed(self, n):
        """What `...` stands for: all before the nth thing. At its very moment more may be expected."""
        if self.passing:
            for item in self.c.items[:n]:
                item.optional = True

    def missing(self, line):
        near = [i for i in self.c.items if i.kind == line.kind and i.host == line.host and not i.used
                and not line.test(i)]
        if near:
            return f'it happens at another time: {near[0]}'
        left = [i for i in self.c.items if i.at >= line.at and i.strict and not i.used]
        return f'it does not happen; next: {left[0]}' if left else 'it does not happen, and nothing comes any more'

    def tcb(self, line):
        said = [t for t in self.c.tcbs if t[0] <= line.until and t[1] == line.host]
        if not said:
            raise Wrong(f'nothing is known of the TCB of {line.host}')
        at, _, end, text = said[-1]
        tcb = json.loads(text)['tcb']
        if tcb is None:
            raise Wrong(f'the TCB of {line.host} cannot be seen any more: it is gone, or its user closed, at {ms(at)}')
        peer = next((e for e in self.c.isn if e != end), None)
        tcb = {k: self.c.relative(v, end) if k in OWN else self.c.relative(v, peer) if k in PEERS else v
               for k, v in tcb.items()}
        reason = unequal(line.want, tcb)
        if reason:
            raise Wrong(f'instead: {reason}')

    def end(self):
        if not self.passing:
            self.before(1 << 63)


class Play:
    """One run of a scenario and the lines that it is compared with."""

    def __init__(self, aksu, path, options):
        self.command = [aksu, 'lab', path.stem, *options, '--json', '-']
        self.path, self.options, self.lines = path, options, []

    def run(self):
        """What differs, as text."""
        self.line = 0
        self.section = self.act = None
        try:
            out = subprocess.run(self.command, capture_output=True, text=True, timeout=60)
            if out.returncode not in (0, 1):    # 1: a check of the scenario does not hold; see below
                raise Wrong(f'{" ".join(self.command)} ends with {out.returncode}: {out.stderr.strip()}')
            named = (text.split() for _, text in self.lines)
            self.acts = acts_of(out.stdout.splitlines(), {int(w[1]) for w in named if w[0] == 'act'})
            self.open_acts, self.passed = set(self.acts), bool(self.options)
            for self.line, text in self.lines:
                self.read(text)
            self.end_act()
            if self.open_acts and not self.passed:
                raise Wrong(f'nothing is said of act {min(self.open_acts)}')
            failed = [check for act in self.acts.values() for check in act.failed]
            if failed:
                raise Wrong(f'the check "{failed[0]}" does not hold')
        except Wrong as wrong:
            text = dict(self.lines).get(self.line, '')
            return f'{self.path}:{self.line}: {text.strip()}\n    {wrong}'
        return ''

    def read(self, text):
        row = text.strip().startswith('row ')
        words = ['row'] if row else words_of(text)
        keyword = words[0]
        if keyword == 'acts':
            if int(words[1]) != len(self.acts):
                raise Wrong(f'instead: {len(self.acts)}')
        elif keyword == 'act':
            self.end_act()
            self.begin_act(int(words[1]), words[2:] == ['...'])
        elif not self.act:
            raise Wrong('of which act?')
        elif keyword in ('connection', 'connections', 'stack'):
            self.end_section()
            self.begin_section(keyword, words[1:])
        elif keyword == 'row':
            cells = [c.strip() for c in text.strip()[len('row'):].split('|')]
            if not any(len(cells) == len(r) and all(c in ('*', x) for c, x in zip(cells, r)) for r in self.act.rows):
                raise Wrong('instead: ' + '; '.join(' | '.join(r) for r in self.act.rows
                                                    if r[0] == cells[0]) or 'no such row')
        else:
            if not self.section:
                self.begin_section('connection', ['1'])
            if keyword == '...':
                self.section.skip()
                return
            if TIME.match(keyword):
                self.at, self.until = span(words.pop(0))
            self.section.take(Line(words, self.at, self.until, self.section.start))

    def begin_act(self, number, passed):
        if number not in self.acts:
            raise Wrong(f'there is no such act; there are {len(self.acts)}')
        self.open_acts.discard(number)
        self.act = None if passed else self.acts[number]
        self.section, self.open_connections, self.at, self.until = None, set(), 0, 0
        if self.act:
            self.open_connections = set(range(1, len(self.act.connections) + 1))

    def begin_section(self, keyword, words):
        self.at = self.until = 0
        if keyword == 'stack':
            self.section = Section(self.act.stack)
        elif keyword == 'connections':
            self.open_connections, self.section = set(), None
        else:
            number = int(words[0])
            if number > len(self.act.connections):
                raise Wrong(f'there are {len(self.act.connections)} connections')
            self.open_connections.discard(number)
            self.section = Section(self.act.connections[number - 1], ns(words[2]) if words[1:2] == ['from'] else 0)

    def end_section(self):
        if self.section:
            self.section.end()
        self.section = None

    def end_act(self):
        if self.act:
            self.end_section()
            if self.open_connections:
                first = min(self.open_connections)
                items = self.act.connections[first - 1].items
                raise Wrong(f'nothing is said of connection {first}, which begins with: {items[0] if items else ""}')
        self.act = None


def plays_of(aksu, path):
    plays = [Play(aksu, path, [])]
    for n, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        line = re.sub(r'(^|\s)#.*', '', line).rstrip()
        if line.startswith('with '):
            plays.append(Play(aksu, path, line.split()[1:]))
        elif line:
            plays[-1].lines.append((n, line))
    return plays


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    plays = [p for f in sys.argv[2:] for p in plays_of(sys.argv[1], pathlib.Path(f))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for play, differs in zip(plays, pool.map(Play.run, plays)):
            name = ' '.join([play.path.stem, *play.options])
            print(f'FAIL {name}: segment by segment\n    {differs}' if differs else f'ok {name}: segment by segment')
    return 0


if __name__ == '__main__':
    sys.exit(main())
