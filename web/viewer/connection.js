// connection.js - which connection each event of an act belongs to, and which arrival is that of
// which segment. Segments are matched by their endpoints, bits and numbers in order of time; what
// receive offload joined, or a device cut, is matched by its octets. Datagrams between two endpoints
// are a connection too (`udp`), and an ICMP error belongs to what it quotes.
import { isOut, isIn, isSegment, isDatagram, isMessage, looksAs, addressOf, TCP, UDP } from './packet.js';

export const distance = (from, to) => (to - from) >>> 0;        // of sequence numbers
const has = (item, bit) => item.raw.ctl.split(',').includes(bit);
const FLIGHT_MOST = 3000;               // what is lost is not looked at for ever

class Connection {
    constructor(id, ends, udp) {
        Object.assign(this, { id, udp });
        // isn: its relative 0. number: of its record. delay: of the last segment it sent that arrived.
        this.ends = ends.map(([host, at]) => ({ host, at, isn: null, wscale: null, number: null,
                                                live: false, delay: 0, flight: [] }));
        this.items = [];
        this.segments = [0, 0];
        this.octets = [0, 0];
    }

    sideOf(host, local) {
        const both = this.ends.map(end => end.at === local && (end.host === host || end.host === null));
        return both[0] && this.ends[0].host === host ? 0 : both[1] && this.ends[1].host === host ? 1
             : both[0] ? 0 : both[1] ? 1 : -1;
    }
}

class Finder {
    constructor(model, act) {
        Object.assign(this, { model, act, byPair: new Map(), byRecord: new Map() });
        this.last = [];                 // of each host, where the last segment arrived
    }

    pairKey(a, b, udp = false) {
        return `${udp ? 'UDP ' : ''}${a < b ? `${a} ${b}` : `${b} ${a}`}`;
    }

    // What an ICMP error quotes, and a datagram whose ports may be damaged, make nothing new.
    known(item, udp) {
        const { local, remote } = item.raw;
        return this.byPair.has(this.pairKey(local, remote, udp)) ? this.ofPair(item, local, remote, udp)
                                                                 : undefined;
    }

    // `before`: the connection of these endpoints that it comes after, if any.
    make(host, local, remote, udp, before) {
        const other = before?.ends.find(end => end.at === remote && end.host !== host)?.host ?? null;
        const c = new Connection(this.act.connections.length, [[host, local], [other, remote]], udp);
        c.before = before ?? null;
        this.act.connections.push(c);
        this.byPair.set(this.pairKey(local, remote, udp), c);
        return c;
    }

    // By its endpoints; a new one when these are new, or when a SYN begins another incarnation.
    ofPair(item, local, remote, udp = false) {
        let c = this.byPair.get(this.pairKey(local, remote, udp));
        const fresh = c && !udp && this.isNew(c, item);
        if (!c || fresh)
            c = this.make(item.host, local, remote, udp, c);
        const side = c.sideOf(item.host, local);
        if (side >= 0 && c.ends[side].host === null)
            c.ends[side].host = item.host;
        return { c, side: Math.max(side, 0) };
    }

    isNew(c, item) {
        const side = c.sideOf(item.host, item.raw.local);
        if (side >= 0 && item.event === 'opened' && c.ends[side].number === null)
            return item.raw.active && c.before !== null && c.ends[side].isn !== null;
        if (item.event === 'opened')
            return side >= 0 && (c.ends[side].number !== item.raw.conn || !c.ends[side].live);
        // A SYN that is delivered once more, when the connection that it began is over.
        if (item.event === 'segment_in' && has(item, 'SYN') && !has(item, 'ACK') && side >= 0 && item.raw.conn)
            return c.ends[side].state === 'CLOSED' && c.ends[side].number !== item.raw.conn &&
                   !this.byRecord.has(this.recordKey(item.host, item.raw.conn));
        if (item.event !== 'segment_out' || !has(item, 'SYN') || has(item, 'ACK') || side < 0)
            return false;
        return c.ends[side].isn !== null && c.ends[side].isn !== item.raw.seq && !c.ends[side].live;
    }

    recordKey(host, number) {
        return `${host} ${number}`;
    }

    place(item) {
        const raw = item.raw, key = this.recordKey(item.host, raw.conn);
        if (item.event === 'completed')
            this.move(item, raw.half_open);
        if (isSegment(item) || (item.event === 'opened' && !raw.remote.endsWith(':0'))) {
            const found = this.ofPair(item, raw.local, raw.remote);
            if (item.event === 'opened' || (raw.conn && !this.byRecord.has(key))) {
                this.byRecord.set(key, found);
                Object.assign(found.c.ends[found.side], { number: item.raw.conn, live: true });
            }
            return found;
        }
        if (isDatagram(item))
            return raw.why === 'UDP checksum' ? this.known(item, true)
                                              : this.ofPair(item, raw.local, raw.remote, true);
        if (isMessage(item))
            return this.byRecord.get(key) ?? (raw.protocol === TCP || raw.protocol === UDP
                ? this.known(item, raw.protocol === UDP) : undefined);
        const found = raw.conn ? this.byRecord.get(key) : undefined;
        if (found || raw.conn)
            return found ?? this.waiting(item, key);
        if (raw.local && raw.remote && this.byPair.has(this.pairKey(raw.local, raw.remote)))
            return this.ofPair(item, raw.local, raw.remote);
        return item.event === 'dropped' || item.event.startsWith('syn_') ? this.last[item.host] : undefined;
    }

    // A half-open connection has another number once it is complete.
    move(item, from) {
        const found = this.byRecord.get(this.recordKey(item.host, from));
        if (!found)
            return;
        this.byRecord.set(this.recordKey(item.host, item.raw.conn), found);
        found.c.ends[found.side].number = item.raw.conn;
    }

    // Calls and states before the endpoints are known: they follow when `opened` says so.
    waiting(item, key) {
        if (item.event === 'listening' || (item.event === 'state' && item.raw.to === 'LISTEN'))
            return undefined;
        (this.early ??= new Map()).set(key, [...(this.early.get(key) ?? []), item]);
        return undefined;
    }

    attach(item, found) {
        item.c = found.c;
        item.side = found.side;
        found.c.items.push(item);
    }

    run() {
        for (const item of this.act.items) {
            if (item.kind === 'tcb') {
                const found = this.byRecord.get(this.recordKey(item.host, item.raw.conn));
                if (found)
                    this.attach(item, found);
            }
            if (item.kind !== 'event')
                continue;
            const found = this.place(item);
            if (!found)
                continue;
            const key = this.recordKey(item.host, item.raw.conn);
            for (const before of this.early?.get(key) ?? [])
                this.attach(before, found);
            this.early?.delete(key);
            this.attach(item, found);
            this.note(item, found);
        }
    }

    note(item, found) {
        const end = found.c.ends[found.side];
        if (isOut(item))
            sent(found.c, found.side, item);
        else if (isIn(item))
            arrived(found.c, found.side, item);
        else if (item.event === 'retransmit')
            again(found.c, found.side, item);
        else if (item.event === 'deleted')
            end.live = false;
        const state = enters(item, end);
        item.enters = state !== null && state !== end.state ? state : undefined;
        end.state = state ?? end.state;
        if (item.event === 'segment_in')
            this.last[item.host] = found;
    }
}

// The state that an end is in from an event on. A connection that is deleted in TIME-WAIT goes on as a
// record of its own, until that is over.
function enters(item, end) {
    if (item.event === 'state')
        return item.raw.to;
    if (item.event === 'deleted' && end.state !== 'TIME-WAIT')
        return 'CLOSED';
    return item.event === 'time_wait_over' ? 'CLOSED' : null;
}

// The first segment that is seen of an end tells where its numbers start: at the SYN, or just
// before. RFC 9293 3.4.1. A reset may bear any number.
function learnIsn(c, sender, raw) {
    const bits = raw.ctl.split(',');
    if (bits.includes('RST'))
        return;
    if (bits.includes('SYN'))
        c.ends[sender].wscale = raw.has?.includes('window-scale') ? raw.wscale : null;
    c.ends[sender].isn ??= bits.includes('SYN') ? raw.seq : distance(1, raw.seq);
    if (bits.includes('ACK'))
        c.ends[1 - sender].isn ??= distance(1, raw.ack);
}

// A reset by somebody who has no connection: its number is of no sequence, 0 or what it answers says.
// RFC 9293 3.10.7.1.
const isFree = (sender, item) => isSegment(item) && has(item, 'RST') && (sender.isn === null || item.raw.seq === 0);

// The window of a segment in octets. RFC 7323 2.2: that of a SYN is never scaled, the others are when
// both SYNs had the option.
export function windowOf(c, sender, raw) {
    const scale = c.ends[sender].wscale;
    const scaled = !raw.ctl.includes('SYN') && scale > 0 && c.ends[1 - sender].wscale !== null;
    return scaled ? raw.wnd * 2 ** scale : raw.wnd;
}

function sent(c, side, item) {
    const end = c.ends[side];
    item.free = isFree(end, item);
    Object.assign(item, { arrival: null, pieces: [], got: 0 });
    end.flight.push(item);
    if (end.flight.length > FLIGHT_MOST)
        end.flight.splice(0, FLIGHT_MOST / 2);
    if (!isSegment(item))
        return;
    learnIsn(c, side, item.raw);
    c.segments[side]++;
    c.octets[side] += item.raw.len;
    if (end.again && end.again.seq === item.raw.seq) {
        item.why = end.again.why ?? '';
        end.again = null;
    }
    end.lastOut = item;
}

// Announced just before the segment, or just after it.
function again(c, side, item) {
    const end = c.ends[side], out = end.lastOut;
    if (out && out.at === item.at && out.raw.seq === item.raw.seq && out.why === undefined)
        out.why = item.raw.why ?? '';
    else
        end.again = item.raw;
}

const sameSegment = (a, b) => a.ctl === b.ctl && a.seq === b.seq && a.ack === b.ack &&
                              a.len === b.len && (a.ts_val ?? 0) === (b.ts_val ?? 0);

const looks = (out, item) => isSegment(out) ? isSegment(item) && sameSegment(out.raw, item.raw) : looksAs(out, item);

function overlaps(a, b) {
    const offset = (b.seq - a.seq) | 0;
    return a.len > 0 && b.len > 0 && offset < a.len && offset + b.len > 0;
}

// Of equal segments under way, the one that would have taken as long as the last one that arrived:
// a retransmission is not taken for the original, nor one duplicate ACK for another.
function exactMatch(end, item) {
    const late = out => Math.abs(item.at - out.at - end.delay);
    let best = null;
    for (const out of end.flight) {
        if (looks(out, item) && (!best || late(out) < late(best)))
            best = out;
    }
    return best;
}

// Several that were joined on the way, or a piece of a long one: all of them have its acknowledgment
// and time stamp, and each octet came from one.
function octetMatches(end, item) {
    const alike = end.flight.filter(out => isSegment(out) && overlaps(out.raw, item.raw) &&
                                           out.raw.ack === item.raw.ack &&
                                           (out.raw.ts_val ?? 0) === (item.raw.ts_val ?? 0));
    const chosen = [];
    for (const out of alike) {
        if (!chosen.some(other => overlaps(other.raw, out.raw)))
            chosen.push(out);
    }
    return chosen.sort((a, b) => (a.raw.seq - b.raw.seq) | 0);
}

// By the other end, in this connection or the one before.
const wasSent = (c, item) => c !== null && (wasSent(c.before, item) || c.items.some(out =>
    isOut(out) && out.host !== item.host && looks(out, item)));

function arrived(c, side, item) {
    const sender = c.ends[1 - side];
    item.free = isFree(sender, item);
    item.third = item.event === 'icmp_in' && item.raw.from !== addressOf(sender.at);
    const exact = item.third ? null : exactMatch(sender, item);
    const from = exact ? [exact] : isSegment(item) ? octetMatches(sender, item) : [];
    item.from = from;
    for (const out of from) {
        const last = distance(item.raw.seq, out.raw.seq + out.raw.len);
        const whole = exact || last <= item.raw.len;
        out.pieces.push(item);
        if (!whole)
            continue;
        out.arrival = item;
        sender.delay = item.at - out.at;
        sender.flight.splice(sender.flight.indexOf(out), 1);
    }
    if (from.length === 0 && !item.third) {
        item.again = sender.host !== null && wasSent(c, item);
        if (isSegment(item) && (!item.again || sender.isn === null))
            learnIsn(c, 1 - side, item.raw);
    }
}

// Ends whose host is not in the record stand at a host that the header names and nobody is, or at
// one line for all that is outside.
function placeOutside(model, act) {
    const silent = model.hosts.findIndex(host => !host.seen && !host.outside);
    for (const c of act.connections) {
        for (const end of c.ends) {
            if (end.host !== null)
                continue;
            if (silent >= 0) {
                end.host = silent;
            } else {
                model.outside ??= model.hosts.push({ name: null, seen: false, outside: true }) - 1;
                end.host = model.outside;
            }
            end.unseen = true;
        }
        if (c.ends[0].host > c.ends[1].host || (c.ends[0].unseen && !c.ends[1].unseen &&
                                                c.ends[0].host === c.ends[1].host))
            turn(c);
        const alike = act.connections.slice(0, c.id).filter(a => !a.udp === !c.udp &&
            a.ends.every(end => c.ends.some(e => e.at === end.at)));
        c.nth = alike.length;           // of those with these endpoints
    }
}

// The host that is further to the left is side 0.
function turn(c) {
    c.ends.reverse();
    c.segments.reverse();
    c.octets.reverse();
    for (const item of c.items)
        item.side = 1 - item.side;
}

// A segment that did not arrive is lost when it would have had the time, or a later one came.
function findLost(act) {
    for (const c of act.connections) {
        const newest = [0, 0];
        for (let i = c.items.length - 1; i >= 0; i--) {
            const item = c.items[i];
            if (!isOut(item))
                continue;
            const unseen = c.ends[1 - item.side].unseen;
            if (item.arrival)
                newest[item.side] = Math.max(newest[item.side], item.at);
            else if (!unseen)
                item.lost = newest[item.side] > item.at ||
                            act.end - item.at > 3 * c.ends[item.side].delay;
            item.unseen = unseen;
        }
        for (const item of c.items) {
            if (isIn(item) && item.from.length === 0)
                item.unseen = c.ends[1 - item.side].unseen;
        }
    }
}

export function findConnections(model, act) {
    new Finder(model, act).run();
    act.tcp = act.connections.filter(c => !c.udp).length;
    placeOutside(model, act);
    findLost(act);
}
