// layout.js - where things of a ladder stand: rows in order of time, as far from each other as is
// readable and not in proportion to time. Entries have a top, a bottom and the moment from which on
// they are there; ladder.js draws those that are in view.
import { noteOf, isQuietCall, packetDetails, timeText, durationText, fill } from './text.js';
import { isPacket, isSegment, isOut, isIn } from './packet.js';

export const ROW = 20, DETAIL = 13;
const FIRST = 18, LONG_GAP = 200e6;     // a pause that is said in words
const CHAR = 6.2, CAPITAL = 8.2, WIDE_CHAR = 11.5;    // widths of letters, and of a Korean syllable
const NOTE_CHARS_MOST = 64;
const CLOSE = 1.7;                      // rows to the next departure: its label stands in the way

export function textWidth(text) {
    let width = 0;
    for (const c of text)
        width += c.charCodeAt(0) > 0x2e7f ? WIDE_CHAR : c >= 'A' && c <= 'Z' ? CAPITAL : CHAR;
    return width;
}

// `text` in lines of at most `room`, broken between words.
export function wrap(text, room) {
    const lines = [];
    let line = '';
    for (const word of text.split(' ')) {
        if (line !== '' && textWidth(`${line} ${word}`) > room) {
            lines.push(line);
            line = word;
        } else {
            line = line === '' ? word : `${line} ${word}`;
        }
    }
    return [...lines, line];
}

// Which hosts have a lifeline, and where.
export function columns(model, act, c, width, scale) {
    const narrow = width < 560;
    let hosts = c ? [...new Set(c.ends.map(end => end.host))]
                  : [...model.hosts.keys()].filter(h => act.hosts.size > 2 && act.shown?.length > 0
                        ? act.shown.includes(h)
                        : act.hosts.has(h) || act.connections.some(a => a.ends.some(end => end.host === h)));
    if (hosts.length === 0)
        hosts = [0];
    const more = Math.min(scale, 1.3), named = !c && act.tcp > 1 && !narrow ? 24 : 0;
    const time = (narrow ? 36 : 92) * more, margin = (narrow ? 76 : 124 + named) * more;
    const left = time + margin, right = width - (narrow ? 89 : 138 + named) * more;
    const x = new Map();
    hosts.forEach((h, i) => x.set(h, hosts.length === 1 ? (left + right) / 2
                                     : left + (right - left) * i / (hosts.length - 1)));
    return { hosts, x, time, left, right, lane: hosts.length > 1 ? (right - left) / (hosts.length - 1)
                                                                 : right - left, narrow,
             letter: narrow ? 6.05 : 6.95 };
}

// The least number of nanoseconds that all times of the act are multiples of, roughly.
export function unitOf(act) {
    for (const unit of [1e6, 1e5])
        if (act.items.every(item => item.kind !== 'event' || (item.at - act.start) % unit === 0))
            return unit;
    return 1000;
}

const gapFor = (dt, row) => dt <= 0 ? row * 0.3
    : row * (0.35 + Math.min(1.9, 0.32 * Math.log10(1 + dt / 20e3)));

const isAbout = item => item.event === 'icmp_in' && item.c !== undefined;
const isEffect = (item, cause) => item.kind === 'event' && item.moment === cause.moment && item.at === cause.at &&
                                  item.host === cause.host && !isPacket(item);

class Layout {
    constructor(model, act, c, width, scale, w) {
        Object.assign(this, { model, act, c, w, scale, row: ROW * scale });
        this.columns = columns(model, act, c, width, scale);
        this.entries = [];
        this.states = new Map(this.columns.hosts.map(h => [h, []]));
        this.y = FIRST * scale;
        this.sent = new Map();          // of each host: what it sent last
        this.margin = new Map();        // of each host: where its margin is free
        this.at = null;
        this.unit = unitOf(act);
        this.spans = new Map();         // of each moment: its top and bottom
        this.shown = [];                // moments that have something here, in order
    }

    wanted(item) {
        if (item.kind === 'note')
            return true;
        if (item.kind !== 'event' || !this.columns.x.has(item.host) ||
            (this.c && item.c !== this.c && item.event !== 'note'))
            return false;
        return isPacket(item) && (item.c || isOut(item)) ? item.c !== undefined
             : item.event === 'state' || item.event === 'deleted' ? item.enters !== undefined
             : item.event === 'call' ? !isQuietCall(item) : noteOf(item, this.w) !== null;
    }

    run() {
        for (const item of this.ordered())
            if (this.wanted(item))
                this.place(item);
        this.height = this.y + this.row * 2;
        this.entries.sort((a, b) => a.top - b.top);
        let most = 0;
        for (const entry of this.entries)
            entry.reach = most = Math.max(most, entry.bottom);
        return this;
    }

    // The stack tells of an ICMP message when it has dealt with it: it goes in front of what came of it,
    // which then stands for its verdict.
    ordered() {
        const { items } = this.act;
        if (!items.some(isAbout))
            return items;
        const ordered = [];
        for (const item of items) {
            let at = ordered.length;
            if (isAbout(item)) {
                while (at > 0 && isEffect(ordered[at - 1], item))
                    at--;
                item.effect = ordered.slice(at).some(other => this.wanted(other));
            }
            ordered.splice(at, 0, item);
        }
        return ordered;
    }

    place(item) {
        if (item.at !== this.at || item.host !== this.host)
            this.begin(item);
        if (item.kind === 'note')
            this.band(item);
        else if (isOut(item))
            this.departure(item);
        else if (isIn(item) && item.c)
            this.arrival(item);
        else if (item.event === 'call')
            this.call(item);
        else if (item.event === 'state' || item.event === 'deleted')
            this.enter(item);
        else
            this.pill(item);
        const seen = this.spans.get(item.moment);
        if (!seen)
            this.shown.push(item.moment);
        this.spans.set(item.moment, [seen ? seen[0] : this.from, Math.max(this.y, this.marginBottom(item))]);
    }

    // Of the last moment up to `moment` that has something here; undefined: there was none yet.
    lastSpan(moment) {
        let low = 0, high = this.shown.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.shown[middle] <= moment)
                low = middle + 1;
            else
                high = middle;
        }
        return this.spans.get(this.shown[low - 1]);
    }

    marginBottom(item) {
        return this.margin.get(item.host) ?? 0;
    }

    begin(item) {
        const dt = this.at === null ? 0 : item.at - this.at, first = this.at === null;
        if (!first)
            this.y += gapFor(dt, this.row);
        if (!first && dt >= LONG_GAP) {
            this.add({ kind: 'gap', item, top: this.y - this.row * 0.4, bottom: this.y + this.row * 0.6,
                       y: this.y + this.row * 0.2, text: fill(this.w.later, { time: durationText(dt) }) });
            this.y += this.row * 1.7;
        }
        const time = item.at !== this.at && item.at !== undefined ? this.timeOf(item) : this.said;
        if (time !== this.said)
            this.add({ kind: 'time', item, top: this.y - 8, bottom: this.y + 8, y: this.y, text: this.said = time });
        this.from = this.y;
        this.last = this.y;
        this.at = item.at;
        this.host = item.host;
    }

    // Where there is no room the unit is left out: it is ms.
    timeOf(item) {
        const ns = item.at - this.act.start;
        return !this.columns.narrow ? timeText(ns, this.unit)
             : ns >= 10e9 ? `${(ns / 1e9).toFixed(1)}s` : (ns / 1e6).toFixed(ns >= 1e9 || this.unit >= 1e6 ? 0 : 1);
    }

    add(entry) {
        entry.moment = entry.item.moment;
        entry.id = this.entries.push(entry) - 1;
        return entry;
    }

    // The row of the next thing between the lifelines.
    take(height) {
        const y = this.y;
        this.last = y;
        this.y += height;
        return y;
    }

    departure(item) {
        const details = packetDetails(item, this.w);
        const y = this.take(this.row + (details.length ? DETAIL * this.scale : 0));
        const to = item.c.ends[1 - item.side].host;
        const entry = this.add({ kind: 'arrow', item, details, from: item.host, to, y1: y, y2: y,
                                 top: y - this.row, bottom: y + this.row * 1.6, end: null });
        item.entry = entry;
        const before = this.sent.get(item.host);
        if (before && y - before.y1 < this.row * CLOSE)
            before.followed = true;
        this.sent.set(item.host, entry);
        if (item.unseen)
            entry.end = 'unseen';
        else if (!item.arrival)
            Object.assign(entry, { end: item.lost ? 'lost' : 'open', y2: y + this.row * 0.8 });
        return entry;
    }

    // It ends the arrows of what it brought. One that has none comes from the middle of nothing.
    arrival(item) {
        const drawn = item.from.filter(out => out.entry && out.entry.to === item.host && out.arrival === item);
        for (const out of drawn) {
            Object.assign(out.entry, { y2: this.y, arrival: item, end: 'arrived' });
            out.entry.bottom = Math.max(out.entry.bottom, this.y + this.row);
        }
        if (drawn.length > 0) {
            item.entry = drawn[0].entry;
            this.take(this.row * 0.7);
        } else if (item.from.length === 0) {
            const details = packetDetails(item, this.w);
            const y = this.take(this.row + (details.length ? DETAIL * this.scale : 0));
            item.entry = this.add({ kind: 'arrow', item, details, from: item.c.ends[1 - item.side].host,
                                    to: item.host, y1: y, y2: y, top: y - this.row, bottom: y + this.row * 1.6,
                                    end: item.third ? 'third' : item.unseen ? 'unseen' : 'nowhere' });
        }
        if (!isSegment(item) && noteOf(item, this.w))
            this.pill(item);
    }

    // The child of a listener was made by a SYN, and was in LISTEN before anybody saw it.
    enter(item) {
        const child = item.enters === 'LISTEN' && item.raw.from === 'CLOSED';
        const y = child ? this.last : this.beside(item, 'state');
        if (this.c || this.act.tcp <= 1)
            this.states.get(item.host).push({ y, moment: item.moment, state: item.enters });
    }

    // The stack tells of a call when it is done: the state that it led to stands below it.
    call(item) {
        if (this.isMore(item))
            return;
        const before = this.entries.at(-1), y = this.beside(item, 'call'), entry = this.entries.at(-1);
        if (before?.kind !== 'state' || before.item.host !== item.host || before.item.at !== item.at)
            return;
        entry.y = before.y;
        before.y = y;
        const change = this.states.get(item.host).at(-1);
        if (change?.moment === before.moment)
            change.y = y;
    }

    // Calls of one kind in one moment are one, with the sum of what they took.
    isMore(item) {
        const entry = this.entries.at(-1), first = entry?.item;
        if (entry?.kind !== 'call' || first.moment !== item.moment || first.c !== item.c ||
            first.raw.name !== item.raw.name || first.host !== item.host)
            return false;
        entry.more = (entry.more ?? 0) + 1;
        entry.total = (entry.total ?? first.raw.length) + item.raw.length;
        return true;
    }

    // Lifelines in the middle have no margin: what stands beside them needs a row.
    isBetween(host) {
        const at = this.columns.hosts.indexOf(host);
        return at > 0 && at < this.columns.hosts.length - 1;
    }

    // States and user calls stand at the outer side of the lifeline.
    beside(item, kind) {
        const y = this.isBetween(item.host) ? this.take(this.row * 1.35)
                                            : Math.max(this.margin.get(item.host) ?? 0, this.last);
        this.margin.set(item.host, y + this.row * 0.95);
        this.add({ kind, item, y, top: y - this.row / 2, bottom: y + this.row / 2 });
        this.y = Math.max(this.y, y + this.row * 0.5);
        return y;
    }

    pill(item) {
        const [style, text] = noteOf(item, this.w);
        if (item.enters && (this.c || this.act.tcp <= 1))
            this.states.get(item.host).push({ y: this.y, moment: item.moment, state: item.enters });
        const room = Math.min(this.columns.lane - 34, NOTE_CHARS_MOST * CHAR) / this.scale;
        const lines = wrap(text, Math.max(room, 90));
        const height = (lines.length * 14 + 6) * this.scale;
        const y = this.take(height + 5 * this.scale);
        this.add({ kind: 'pill', item, style, lines, y, height, top: y - this.row / 2,
                   bottom: y + height });
    }

    band(item) {
        const lines = wrap(item.raw.note, (this.columns.right - this.columns.left + 60) / this.scale);
        const height = (lines.length * 16 + 10) * this.scale;
        const y = this.take(height + this.row * 0.5);
        this.add({ kind: 'band', item, lines, y, height, top: y - this.row / 2, bottom: y + height });
    }
}

export function layOut(model, act, c, width, scale, w) {
    return new Layout(model, act, c, width, scale, w).run();
}
