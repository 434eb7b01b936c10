// text.js - what is said about segments and events, in the words of the RFCs: labels with numbers
// relative to the SYN, as the ladder of the terminal has them, and all fields for the details.
import { distance, windowOf } from './connection.js';
import { isPacket, isOut, isSegment, isMessage, messageName } from './packet.js';

export function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export const count = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

// Nanoseconds as milliseconds or seconds; as many places as `unit` (of the act) needs.
export function timeText(ns, unit = 1000) {
    if (Math.abs(ns) >= 60e9)
        return `${(ns / 1e9).toFixed(1)} s`;
    if (Math.abs(ns) >= 10e9)
        return `${(ns / 1e9).toFixed(3)} s`;
    return `${(ns / 1e6).toFixed(unit >= 1e6 ? 0 : unit >= 1e5 ? 1 : 3)} ms`;
}

export function durationText(ns) {
    const ms = ns / 1e6;
    return ms >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : ms >= 1 ? `${+ms.toPrecision(3)} ms`
         : `${Math.round(ns / 1000)} µs`;
}

// A number of `end` counted from its SYN; absolute when none was seen, negative before it.
export function relative(end, n) {
    if (!end || end.isn === null)
        return String(n);
    const d = distance(end.isn, n);
    return d >= 0xff000000 ? `-${2 ** 32 - d}` : String(d);
}

const senderOf = item => isOut(item) ? item.side : 1 - item.side;

const USUAL = ['PSH', 'ACK'];

// Level 0 says all, 1 leaves out an open window, 2 the number of a segment that takes no room, 3 what is
// acknowledged beside text.
export function segmentLabel(item, level = 0) {
    const raw = item.raw, side = senderOf(item), ends = item.c.ends;
    const bits = raw.ctl || '-', special = /SYN|FIN|RST/.test(bits);
    const brief = level > 2 && raw.len > 0 && !/SYN/.test(bits);
    const parts = brief ? bits.split(',').filter(bit => !USUAL.includes(bit)) : [bits];
    if (level < 2 || raw.len > 0 || special)
        parts.push(`seq ${item.free ? raw.seq : relative(ends[side], raw.seq)}`);
    if (raw.len > 0)
        parts.push(`len ${raw.len}`);
    if (/ACK/.test(bits) && !brief)
        parts.push(`ack ${relative(ends[1 - side], raw.ack)}`);
    if (/URG/.test(bits))
        parts.push(`up ${raw.up}`);
    if ((level < 1 || raw.wnd === 0) && !/RST/.test(bits))
        parts.push(`wnd ${windowOf(item.c, side, raw)}`);
    return parts.join(' ');
}

export const packetLabel = (item, level) => isMessage(item) ? messageName(item.raw)
    : isSegment(item) ? segmentLabel(item, level) : `UDP len ${item.raw.len}`;

const OPTION = {
    mss: raw => `MSS ${raw.mss}`, 'sack-permitted': () => 'SACK', timestamps: () => 'timestamps',
    'window-scale': raw => `scale ${raw.wscale}`, 'fast-open': () => 'Fast Open',
    'user-timeout': () => 'user timeout', ao: () => 'AO', unknown: raw => 'unknown option',
};

// The options of a SYN, SACK blocks, why it was sent again, which router tells.
export function packetDetails(item, w) {
    const raw = item.raw, said = [];
    const out = isOut(item) ? item : item.from?.[0] ?? item;
    if (out.why !== undefined)
        said.push(out.why ? `${w.retransmission}: ${out.why}` : w.retransmission);
    if (item.third)
        said.push(fill(w.from_host, { host: raw.from }));
    else if (!isOut(item) && item.from?.length === 0 && !item.unseen)
        said.push(item.again ? w.duplicate : w.nowhere);
    if (raw.mtu > 0)
        said.push(`MTU ${raw.mtu}`);
    if (!isSegment(item))
        return said;
    if (/SYN/.test(raw.ctl)) {
        for (const name of raw.has ?? [])
            if (OPTION[name])
                said.push(OPTION[name](raw));
    }
    if (raw.sack?.length) {
        const end = item.c.ends[1 - senderOf(item)];
        said.push(`SACK ${raw.sack.map(([l, r]) => `${relative(end, l)}–${relative(end, r)}`).join(' ')}`);
    }
    if (item.event === 'segment_in' && item.from?.length > 1)
        said.push(fill(w.joined, { n: item.from.length }));
    return said;
}

export function callText(item, length = item.raw.length) {
    const name = item.raw.name === 'OPEN active' ? 'OPEN' : item.raw.name;
    return length > 0 ? `${name} ${count(length)}` : name;
}

const withRfc = rule => /^[0-9]/.test(rule) ? `RFC 9293 ${rule}` : rule;

// Events that are drawn beside a lifeline, and how: [class, what is said].
const NOTES = {
    dropped: (r, w) => ['bad', [w.dropped, [r.rule && withRfc(r.rule), r.why].filter(Boolean).join(': ')].join(': ')],
    signal: (r, w) => ['call', `${w.ev.signal}: ${r.what}`],
    negotiated: (r, w) => ['agreed', `${w.agreed}: MSS ${r.snd_mss}/${r.rcv_mss}` +
        (r.snd_wscale || r.rcv_wscale ? `, scale ${r.snd_wscale}/${r.rcv_wscale}` : '') +
        `${r.timestamps ? ', timestamps' : ''}${r.sack ? ', SACK' : ''}${r.ecn ? ', ECN' : ''}`],
    note: r => ['call', r.text],
    urgent: (r, w) => ['call', w.ev.urgent],
    challenge_ack: (r, w) => ['timer', r.sent ? w.ev.challenge_ack : `${w.ev.challenge_ack}: ${w.not_sent}`],
    soft_error: (r, w) => ['timer', `${w.ev.soft_error}: ${r.status}`],
    timer: (r, w) => ['timer', `${w.ev.timer}: ${r.name}${r.count > 0 ? ` #${r.count + 1}` : ''}`],
    needless: (r, w) => ['timer', `${w.ev.needless}: ${r.why}`],
    zero_window: (r, w) => ['timer', `${w.ev.zero_window}: ${fill(w.waiting, { n: count(r.queued) })}`],
    syn_answered: (r, w) => ['call', `${w.ev.syn_answered}: ${r.how}`],
    syn_refused: (r, w) => ['bad', `${w.ev.syn_refused}: ${r.why}`],
    syn_held: (r, w) => ['call', w.ev.syn_held],
    syn_cookie_sent: (r, w) => ['agreed', w.ev.syn_cookie_sent],
    syn_cookie_good: (r, w) => ['agreed', w.ev.syn_cookie_good],
    syn_cookie_bad: (r, w) => ['bad', w.ev.syn_cookie_bad],
    syn_queue_full: (r, w) => ['bad', w.ev.syn_queue_full],
    accept_queue_full: (r, w) => ['bad', w.ev.accept_queue_full],
    accept_overflow: (r, w) => ['bad', w.ev.accept_overflow],
    half_open_replaced: (r, w) => ['bad', w.ev.half_open_replaced],
    accepted: (r, w) => ['call', w.ev.accepted],
    icmp_in: (r, w) => ['bad', `${w.ev.icmp_in}: type ${r.type} code ${r.code}${r.verdict ? `, ${r.verdict}` : ''}`],
    udp_dropped: (r, w) => ['bad', `${w.dropped}: ${r.why}`],
    path_mtu: (r, w) => ['timer', `${w.ev.path_mtu}: ${count(r.mtu)}`],
    memory: (r, w) => ['bad', `${w.ev.memory}: ${r.answer}`],
    cwnd: (r, w) => ['timer', `${r.why}: cwnd ${count(r.cwnd)}`],
    undo: (r, w) => ['timer', `${w.ev.undo}: cwnd ${count(r.cwnd)}`],
    time_wait_over: (r, w) => ['timer', `${w.ev.time_wait_over}: ${r.why}`],
    user_timeout: (r, w) => ['timer', `${w.ev.user_timeout}: ${count(r.in_force_ms)} ms`],
    fast_open_asked: (r, w) => ['agreed', w.ev.fast_open_asked],
    fast_open_kept: (r, w) => ['agreed', w.ev.fast_open_kept],
    fast_open_sent: (r, w) => ['agreed', `${w.ev.fast_open_sent}: ${count(r.len)}`],
    fast_open_granted: (r, w) => ['agreed', w.ev.fast_open_granted],
    fast_open_taken: (r, w) => ['agreed', `${w.ev.fast_open_taken}: ${count(r.len)}`],
    fast_open_fell_back: (r, w) => ['bad', `${w.ev.fast_open_fell_back}: ${r.why}`],
    fast_open_refused: (r, w) => ['bad', `${w.ev.fast_open_refused}: ${r.why}`],
    fast_open_off: (r, w) => ['bad', w.ev.fast_open_off],
    ao_key: (r, w) => ['agreed', `${w.ev.ao_key}: ${r.send_id}/${r.next_id}`],
    ao_bad_mac: (r, w) => ['bad', w.ev.ao_bad_mac],
    ao_missing: (r, w) => ['bad', w.ev.ao_missing],
    ao_no_key: (r, w) => ['bad', w.ev.ao_no_key],
    ao_unexpected: (r, w) => ['bad', w.ev.ao_unexpected],
    frame_dropped: (r, w) => ['bad', `${w.ev.frame_dropped}: ${r.layer}, ${r.why}`],
};

// [class, text] of a note beside the lifeline; null: this event is not drawn there. Under an arrow that
// ends there it is what became of it.
export function noteOf(item, w) {
    if (item.event === 'icmp_in' && item.c)
        return item.raw.verdict && !item.effect ? ['timer', item.raw.verdict] : null;
    return NOTES[item.event]?.(item.raw, w) ?? null;
}

const QUIET = ['RECEIVE', 'STATUS', 'OPEN passive'];
// What the user takes, and what could not be done yet, would hide the rest.
export const isQuietCall = item => QUIET.some(name => item.raw.name.startsWith(name)) ||
                                   item.raw.status === 'the call would block';

const HIDDEN = new Set(['at', 'host', 'conn', 'event']);

export function valueText(value) {
    if (Array.isArray(value))
        return value.map(v => Array.isArray(v) ? v.join('–') : v).join(', ') || '–';
    return value === null || value === '' ? '–' : typeof value === 'number' ? String(value)
         : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

// All fields of an event, by name: [[name, value]].
export function fieldsOf(item) {
    const said = [];
    for (const [name, value] of Object.entries(item.raw)) {
        if (HIDDEN.has(name))
            continue;
        let text = valueText(value);
        if (item.c && (name === 'seq' || name === 'ack') && item.event.startsWith('segment_')) {
            const side = name === 'seq' ? senderOf(item) : 1 - senderOf(item);
            text += ` (${relative(item.c.ends[side], value)})`;
        }
        said.push([name, text]);
    }
    return said;
}

const msOf = us => `${+(us / 1000).toPrecision(4)} ms`;
const numberOf = (item, n) => item.c ? relative(item.c.ends[item.side], n) : String(n);
const pairOf = raw => `${raw.local} – ${raw.remote}`;
const joined = (...words) => words.filter(Boolean).join(', ');

// Events that are not drawn beside a lifeline. Its name says what happened; this says the rest.
const REST = {
    opened: raw => `${pairOf(raw)}, ${raw.active ? 'OPEN active' : 'OPEN passive'}`,
    listening: raw => raw.local, completed: () => '', time_wait: pairOf,
    deleted: raw => raw.status === 'ok' ? '' : raw.status,
    rtt: raw => `${msOf(raw.sample_us)}: ` + joined(`SRTT ${msOf(raw.srtt_us)}`, `RTTVAR ${msOf(raw.rttvar_us)}`,
        raw.rto_us > 0 && `RTO ${msOf(raw.rto_us)}`),
    retransmit: (raw, item) => joined(`seq ${numberOf(item, raw.seq)} len ${raw.len}`, raw.why),
    lost: (raw, item) => `seq ${numberOf(item, raw.seq)} len ${raw.len}`,
    marked: (raw, item) => joined(item.c && `seq ${relative(item.c.ends[1 - item.side], raw.seq)}`, `len ${raw.len}`),
    duplicate_reported: (raw, item) => `${numberOf(item, raw.left)}–${numberOf(item, raw.right)}`,
    ambiguous_rtt: (raw, item) => `ack ${numberOf(item, raw.ack)}`,
    mtu_search: raw => joined(count(raw.mtu), raw.what),
    icmp_out: raw => `${raw.to}, type ${raw.type} code ${raw.code}`,
    neighbor: raw => joined(raw.ip, raw.state), address: raw => joined(raw.ip, raw.state),
    router: raw => joined(raw.ip, raw.state), reassembled: raw => `${raw.from}, ${count(raw.len)}`,
};

// One line for the table and for "what happened", behind the event's name, which is not said again.
export function sentenceOf(item, w) {
    if (item.kind === 'note')
        return item.raw.note;
    if (item.kind === 'check' || item.kind === 'look')
        return item.raw[item.kind];
    if (item.kind === 'table')
        return item.raw.table.title ?? '';
    if (isSegment(item) && !item.c)
        return item.raw.ctl;
    if (isPacket(item) && item.c)
        return [packetLabel(item), ...packetDetails(item, w), item.raw.verdict ?? item.raw.why]
            .filter(Boolean).join(', ');
    if (item.event === 'state')
        return `${item.raw.from} → ${item.raw.to}`;
    if (item.event === 'call')
        return `${callText(item)}: ${item.raw.status}`;
    const note = noteOf(item, w);
    if (note)
        return withoutName(note[1], item, w);
    if (REST[item.event])
        return REST[item.event](item.raw, item);
    const fields = fieldsOf(item).map(([name, value]) => `${name} ${value}`).join(', ');
    return fields;
}

function withoutName(text, item, w) {
    for (const name of [w.ev[item.event], w.dropped, w.agreed])
        if (text === name || text.startsWith(`${name}: `))
            return text.slice(name.length + 2);
    return text;
}

// What kind of thing an event is, in words.
export const eventName = (item, w) =>
    item.kind === 'event' ? w.ev[item.event] ?? item.event : w[`kind_${item.kind}`] ?? item.kind;
