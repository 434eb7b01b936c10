// record.js - a record (lines of JSON as objects, of a run, a capture or the lab) as a model: acts,
// moments, and everything that was said in order. It knows nothing of the page.
import { findConnections } from './connection.js';

const kindOf = line =>
    line.event !== undefined ? 'event' : line.tcb !== undefined ? 'tcb' : line.table ? 'table'
    : line.check !== undefined ? 'check' : line.note !== undefined ? 'note' : line.look !== undefined ? 'look'
    : line.show ? 'show' : line.moment !== undefined ? 'moment' : line.act !== undefined ? 'act'
    : line.record !== undefined ? 'header' : 'unknown';

function newAct(number, title, text) {
    // shown: the hosts whose connections are drawn, when the record says so.
    return { number, title, text, items: [], start: null, end: 0, first: 0, last: 0,
             connections: [], hosts: new Set(), shown: null };
}

// The moments: as the record marks them, or all that one host does at one time.
class Moments {
    constructor(marked) {
        this.marked = marked;
        this.list = [];
        this.open = null;
        this.at = null;                 // of the last thing that had a time, in this act
    }

    // The moment that `item` belongs to.
    of(item, act) {
        const at = item.at ?? this.at ?? 0;
        this.at = at;
        const next = !this.open || this.open.act !== act ||
            (!this.marked && item.kind !== 'tcb' &&
             (this.open.host !== item.host || this.open.at !== at));
        if (next) {
            this.open = { number: this.list.length + 1, act, host: item.host, at, items: [] };
            this.list.push(this.open);
        }
        this.open.at = at;
        this.open.items.push(item);
        return this.open.number;
    }

    end() {
        this.open = null;
    }
}

// Hosts that the header does not name: in the order in which lines of hosts do, or in which they first
// sent, so that a client stands at the left.
function placesOf(lines) {
    const named = lines.filter(line => Array.isArray(line.hosts)).flatMap(line => line.hosts);
    const senders = lines.filter(line => line.event === 'segment_out' || line.event === 'udp_out')
        .map(line => line.host ?? '');
    return [...new Set(named.length > 0 ? named : senders)];
}

class Reader {
    constructor(lines) {
        this.header = lines.find(line => kindOf(line) === 'header') ?? {};
        this.hosts = (this.header.hosts ?? placesOf(lines)).map(name => ({ name, seen: false }));
        this.acts = [];
        this.moments = new Moments(lines.some(line => kindOf(line) === 'moment'));
        lines.forEach(line => this.take(line));
    }

    hostOf(name) {
        if (name === undefined)
            return null;
        let index = this.hosts.findIndex(host => host.name === name);
        if (index < 0)
            index = this.hosts.push({ name, seen: false }) - 1;
        return index;
    }

    act() {
        if (this.acts.length === 0)
            this.acts.push(newAct(0, '', ''));
        return this.acts[this.acts.length - 1];
    }

    take(line) {
        const kind = kindOf(line);
        if (kind === 'act') {
            this.moments.end();
            this.moments.at = null;
            this.acts.push(newAct(line.act, line.title ?? '', line.text ?? ''));
        } else if (kind === 'moment') {
            this.moments.end();
        } else if (kind === 'show') {
            this.act().shown = line.show.map(name => this.hostOf(name));
        } else if (line.hosts && kind === 'unknown') {
            line.hosts.forEach(name => this.hostOf(name));
        } else if (kind !== 'header' && kind !== 'unknown') {
            this.add(kind, line);
        }
    }

    add(kind, line) {
        const act = this.act();
        const item = { kind, raw: line, at: line.at, host: this.hostOf(line.host),
                       event: line.event ?? null, act };
        if (kind === 'event' && item.host === null)
            item.host = this.hostOf('');
        if (item.host !== null) {
            this.hosts[item.host].seen = true;
            act.hosts.add(item.host);
        }
        if (kind === 'event' || kind === 'note')
            act.start ??= item.at ?? null;
        if (kind !== 'look')
            act.end = Math.max(act.end, item.at ?? 0);
        // What holds of the act as a whole belongs to its last moment, as what is looked at behind one does.
        const isBehind = kind === 'table' || kind === 'check' || (kind === 'look' && !this.moments.open);
        item.moment = act.last > 0 && isBehind ? act.last : this.moments.of(item, act);
        if (kind === 'look' && isBehind && act.last > 0)
            this.moments.list[act.last - 1].items.push(item);
        item.index = act.items.push(item) - 1;
        act.first ||= item.moment;
        act.last = item.moment;
    }
}

// The model. It is made once; what is on the page is a function of it and of the cursor, a number
// from 0 (nothing has happened) to moments.length.
export function readRecord(lines) {
    const reader = new Reader(lines);
    const model = { header: reader.header, hosts: reader.hosts, moments: reader.moments.list,
                    acts: reader.acts.filter(act => act.items.length > 0) };
    model.acts.forEach((act, i) => {
        act.index = i;
        findConnections(model, act);
    });
    return model;
}

// Lines of text as objects. What is no line of JSON (the end of a file that was cut) is left out.
export function parseLines(text) {
    const lines = [];
    for (const line of text.split('\n')) {
        if (line.trim() === '')
            continue;
        try {
            const value = JSON.parse(line);
            if (value && typeof value === 'object')
                lines.push(value);
        } catch { /* not a line of a record */ }
    }
    return lines;
}
