// series.js - numbers over time, of one connection: what the plots draw.
import { windowOf } from './connection.js';

// Sequence numbers as plain numbers that do not wrap, from the sender's ISN.
class Unwrap {
    constructor(isn) {
        this.isn = isn;
        this.last = 0;
    }

    of(n) {
        const near = this.last >>> 0;
        this.last += ((n - this.isn - near) | 0);
        return this.last;
    }
}

function put(list, t, value) {
    if (list.length === 0 || list.at(-1)[1] !== value)
        list.push([t, value]);
}

// The connection as its sender `side` saw it, or the other end, when only that is in the record.
export function seriesOf(c, side) {
    const seen = !c.ends[side].unseen;
    const sends = seen ? 'segment_out' : 'segment_in', gets = seen ? 'segment_in' : 'segment_out';
    const out = { segments: [], acks: [], edges: [], sacks: [], cwnd: [], ssthresh: [], flight: [],
                  samples: [], srtt: [], rto: [] };
    const unwrap = new Unwrap(c.ends[side].isn ?? 0);
    const state = { sent: 0, una: 0, acked: false, sacked: [] };
    for (const item of c.items) {
        const { raw, at } = item;
        const here = item.side === (seen ? side : 1 - side);
        if (here && item.event === sends)
            sentAt(out, unwrap, state, item);
        else if (here && item.event === gets)
            answered(out, unwrap, state, item, c, side);
        else if (item.side === side)
            toldAt(out, state, item);
    }
    return out;
}

// What is sent and not acknowledged, where nobody says what of it is SACKed or lost.
function flies(out, state, at) {
    if (!state.told)
        put(out.flight, at, Math.max(0, state.sent - state.una));
}

function sentAt(out, unwrap, state, item) {
    const { raw, at } = item;
    const bits = raw.ctl.split(',');
    if (bits.includes('RST'))
        return;
    const room = raw.len + bits.includes('SYN') + bits.includes('FIN');
    if (room === 0)
        return;
    const from = unwrap.of(raw.seq);
    out.segments.push({ t: at, from, to: from + room, again: item.why !== undefined || from < state.sent,
                        lost: item.lost === true, item });
    state.sent = Math.max(state.sent, from + room);
    flies(out, state, at);
}

// What of `from` to `to` is not in the ranges yet; then it is.
function take(ranges, from, to) {
    const fresh = [];
    let at = from;
    const touching = ranges.filter(([a, b]) => a <= to && b >= from);
    for (const [a, b] of touching) {
        if (a > at)
            fresh.push([at, a]);
        at = Math.max(at, b);
    }
    if (at < to)
        fresh.push([at, to]);
    const rest = ranges.filter(([a, b]) => a > to || b < from);
    const all = [Math.min(from, ...touching.map(r => r[0])), Math.max(to, ...touching.map(r => r[1]))];
    ranges.splice(0, ranges.length, ...[...rest, all].sort((a, b) => a[0] - b[0]));
    return fresh;
}

function answered(out, unwrap, state, item, c, side) {
    const { raw, at } = item;
    if (!raw.ctl.includes('ACK') || raw.ctl.includes('RST'))
        return;
    const ack = unwrap.of(raw.ack);
    if (ack > state.una || !state.acked) {
        state.una = Math.max(state.una, ack);
        state.acked = true;
        out.acks.push([at, state.una]);
        flies(out, state, at);
    }
    put(out.edges, at, ack + windowOf(c, 1 - side, raw));
    for (const [left, right] of raw.sack ?? [])
        for (const [from, to] of take(state.sacked, unwrap.of(left), unwrap.of(right)))
            out.sacks.push({ t: at, from, to });
    unwrap.last = ack;
}

// Before the first loss it is without bound.
function putThreshold(out, at, value) {
    if (value > 0 && value < 2 ** 31 - 1)
        put(out.ssthresh, at, value);
}

function toldAt(out, state, item) {
    const { raw, at } = item;
    if (item.event === 'cwnd') {
        out.cwnd.push([at, raw.cwnd]);
        putThreshold(out, at, raw.ssthresh);
    } else if (item.event === 'undo') {
        out.cwnd.push([at, raw.cwnd]);
    } else if (item.event === 'rtt') {
        out.samples.push([at, raw.sample_us]);
        out.srtt.push([at, raw.srtt_us]);
        if (raw.rto_us > 0)             // aksu trace cannot know it
            out.rto.push([at, raw.rto_us]);
    } else if (raw.tcb === null) {
        state.told = false;
        flies(out, state, at);
    } else if (item.kind === 'tcb') {
        if (raw.tcb.in_flight !== undefined) {
            if (!state.told)
                out.flight = [];
            state.told = true;
            put(out.flight, at, raw.tcb.in_flight);
        }
        if (raw.tcb.cwnd)
            put(out.cwnd, at, raw.tcb.cwnd);
        putThreshold(out, at, raw.tcb.ssthresh);
    }
}

// The states of an end: [{state, from, to}] in time, up to the end of the act.
export function statesOf(c, side, end) {
    const spans = [];
    for (const item of c.items) {
        const state = item.side === side ? item.enters : undefined;
        if (state === undefined || spans.at(-1)?.state === state)
            continue;
        if (spans.length > 0)
            spans.at(-1).to = item.at;
        spans.push({ state, from: item.at, to: end });
    }
    return spans;
}
