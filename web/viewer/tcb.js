// tcb.js - what each end knows, side by side, and what of it this step changed. The lab says whole
// TCBs, and when nobody can ask for one any more (null). Before and after that, and where no TCB is ever
// said, it is put together from the events, as far as these tell.
import { relative, count, timeText } from './text.js';
import { windowOf, distance } from './connection.js';
import { h, setText, setAttribute, stateClass } from './dom.js';

const SEQUENCE = { snd_una: 0, snd_nxt: 0, rcv_nxt: 1 };        // relative to the ISN of 0: its own end, 1: the other
// Those that the standards name, by that name; the others are in the catalogue.
const NAMES = {
    iss: 'ISS', snd_una: 'SND.UNA', snd_nxt: 'SND.NXT', snd_wnd: 'SND.WND', irs: 'IRS', rcv_nxt: 'RCV.NXT',
    rcv_wnd: 'RCV.WND', snd_mss: 'SND.MSS', rcv_mss: 'RCV.MSS', cwnd: 'cwnd', ssthresh: 'ssthresh',
    srtt_us: 'SRTT', rttvar_us: 'RTTVAR', rto_us: 'RTO',
};
const ROWS = ['state', 'iss', 'snd_una', 'snd_nxt', 'snd_wnd', 'irs', 'rcv_nxt', 'rcv_wnd', 'snd_mss', 'rcv_mss',
    'send_queued', 'send_unacked', 'receive_queued', 'cwnd', 'ssthresh', 'in_flight', 'recovery',
    'congestion_control', 'srtt_us', 'rttvar_us', 'rto_us', 'backoff', 'retransmits', 'timer', 'timer_at'];

// Those that the lab prints of a TCB that its scenario looks at.
const LOOKED = ['state', 'snd_una', 'snd_nxt', 'snd_wnd', 'rcv_nxt', 'rcv_wnd', 'timer', 'timer_at', 'send_queued',
    'send_unacked', 'receive_queued', 'cwnd', 'rto_us'];
const fieldName = (name, w) => NAMES[name] ?? w[`tcb_${name}`];

// What an event says of the TCB of the end where it happened; null: nothing.
const TOLD = {
    negotiated: raw => ({ snd_mss: raw.snd_mss, rcv_mss: raw.rcv_mss }),
    rtt: raw => ({ srtt_us: raw.srtt_us, rttvar_us: raw.rttvar_us, rto_us: raw.rto_us || undefined }),
    cwnd: raw => ({ cwnd: raw.cwnd, ssthresh: raw.ssthresh }),
    undo: raw => ({ cwnd: raw.cwnd }),
    retransmit: (raw, was) => ({ retransmits: (was.retransmits ?? 0) + 1 }),
    segment_out: outgoing, segment_in: incoming,
};
const later = (a, b) => a === undefined || distance(a, b) < 0x80000000 ? b : a;

function outgoing(raw, was, c, side) {
    const bits = raw.ctl.split(','), said = {};
    if (bits.includes('RST'))
        return said;
    if (bits.includes('SYN'))
        Object.assign(said, { iss: raw.seq, snd_una: was.snd_una ?? raw.seq });
    const end = raw.seq + raw.len + bits.includes('SYN') + bits.includes('FIN');
    said.snd_nxt = later(was.snd_nxt, end >>> 0);
    if (bits.includes('ACK'))
        Object.assign(said, { rcv_nxt: raw.ack, rcv_wnd: windowOf(c, side, raw) });
    if (was.snd_una !== undefined || said.snd_una !== undefined)
        said.in_flight = distance(said.snd_una ?? was.snd_una, said.snd_nxt);
    return said;
}

function incoming(raw, was, c, side) {
    const bits = raw.ctl.split(','), said = {};
    if (bits.includes('RST'))
        return said;
    if (bits.includes('SYN'))
        said.irs = raw.seq;
    if (bits.includes('ACK') && was.snd_nxt !== undefined && distance(raw.ack, was.snd_nxt) < 0x80000000) {
        said.snd_una = later(was.snd_una, raw.ack);
        said.in_flight = distance(said.snd_una, was.snd_nxt);
    }
    said.snd_wnd = windowOf(c, 1 - side, raw);
    return said;
}

function toldBy(item, was, c) {
    const said = TOLD[item.event]?.(item.raw, was, c, item.side);
    return item.enters ? { ...said, state: item.enters } : said;
}

// What remains of a TCB: its state, and when only nobody can ask for it any more, what segments go on to tell.
const left = (was, goesOn) => Object.fromEntries(Object.entries(was).filter(([name]) => name === 'state' ||
    (goesOn && ['iss', 'irs', 'snd_una', 'snd_nxt', 'snd_wnd', 'rcv_nxt', 'rcv_wnd', 'snd_mss', 'rcv_mss']
        .includes(name))));

// Who tells of an end: its events, the record, or nobody any more.
function teller(was, item) {
    if (item.kind === 'tcb')
        return item.raw.tcb ? 'record' : was === 'record' ? 'events again' : was;
    const isOver = item.event === 'deleted' || item.enters === 'CLOSED';
    return isOver && was !== 'events' ? 'nobody' : was;
}

// For each side the TCBs in order: [{moment, values}].
export function historyOf(c) {
    if (c.history)
        return c.history;
    const tells = ['events', 'events'], history = [[], []], now = [{}, {}];
    const guess = [{}, {}];             // the same with what segments told since the record did
    for (const item of c.items) {
        const { side, raw } = item, before = tells[side], tell = tells[side] = teller(before, item);
        guess[side] = { ...guess[side], ...raw.tcb, ...toldBy(item, guess[side], c) };
        if (tell !== before && tell !== 'record')
            now[side] = left(guess[side], tell === 'events again');
        const said = item.kind === 'tcb' ? raw.tcb : tell.startsWith('events') ? toldBy(item, now[side], c)
                   : item.enters ? { state: item.enters } : null;
        if (!said && tell === before)
            continue;
        now[side] = item.kind === 'tcb' && said ? said : { ...now[side], ...said };
        const list = history[side];
        if (list.at(-1)?.moment === item.moment)
            list.at(-1).values = now[side];
        else
            list.push({ moment: item.moment, values: now[side] });
    }
    return c.history = history;
}

// The last one of `list` that is not after `moment`; null: there is none.
export function lastUpTo(list, moment) {
    let low = 0, high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle].moment <= moment)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? list[low - 1] : null;
}

// Before the SYN of the other end has come there is no IRS, and no RCV.NXT that counts from it.
const NO_IRS = ['CLOSED', 'LISTEN', 'SYN-SENT'];
const isUnknown = (name, value, all) => value === undefined || value === null || value === '' ||
    ((name === 'rcv_nxt' || name === 'irs') && all.irs === 0 && NO_IRS.includes(all.state));

// What a cell says; `all`: the TCB that the value is of.
export function cellText(name, all, c, side, start) {
    const value = all[name];
    if (isUnknown(name, value, all))
        return '–';
    if (name in SEQUENCE)
        return relative(c.ends[SEQUENCE[name] ? 1 - side : side], value);
    if (name.endsWith('_us'))
        return value === 0 ? '–' : `${+(value / 1000).toPrecision(4)} ms`;
    if (name === 'timer_at')
        return value >= 2 ** 63 ? '–' : timeText(value - start);
    if (name === 'ssthresh' && value >= 2 ** 31 - 1)
        return '∞';
    return typeof value === 'number' && name !== 'iss' && name !== 'irs' ? count(value) : String(value);
}

// The TCBs of a look as the rows of a table; null: there is none. Numbers count from its own ISNs.
export function lookRows(ends, w, start) {
    const cellOf = (name, tcb) => tcb ? cellText(name, tcb, { ends: [{ isn: tcb.iss }, { isn: tcb.irs }] }, 0, start)
                                      : '–';
    return LOOKED.map(name => [fieldName(name, w), ...ends.map(({ tcb }) => cellOf(name, tcb))]);
}

export class TcbPanel {
    constructor(w) {
        this.w = w;
        this.rows = new Map();
        this.heads = [h('th', { scope: 'col' }), h('th', { scope: 'col' })];
        this.body = h('tbody', {});
        this.none = h('p', { class: 'av-none' }, w.tcb_none);
        this.table = h('table', { class: 'av-tcb-table' },
                       h('thead', {}, h('tr', {}, h('td', {}), ...this.heads)), this.body);
        for (const name of ROWS) {
            const cells = [h('td', {}), h('td', {})];
            const row = h('tr', {}, h('th', { scope: 'row' }, fieldName(name, w)), ...cells);
            this.rows.set(name, { row, cells });
            this.body.append(row);
        }
        this.element = h('section', { class: 'av-panel av-tcb', 'aria-label': w.tcb },
                         h('h3', {}, w.tcb), this.none, this.table);
    }

    update(model, act, c, cursor) {
        this.element.hidden = !c;
        const history = c ? historyOf(c) : [[], []];
        const now = history.map(list => lastUpTo(list, cursor)?.values ?? {});
        const before = history.map(list => lastUpTo(list, cursor - 1)?.values ?? {});
        const some = now.some(values => Object.keys(values).length > 0);
        this.none.hidden = some;
        this.table.hidden = !some;
        this.heads.forEach((head, side) =>
            setText(head, c ? model.hosts[c.ends[side].host].name ?? this.w.peer : ''));
        for (const [name, { row, cells }] of this.rows) {
            row.hidden = !now.some(values => values[name] !== undefined && values[name] !== null);
            cells.forEach((cell, side) => this.cell(cell, name, now[side], before[side], c, side,
                                                    act.start));
        }
    }

    cell(cell, name, all, was, c, side, start) {
        const text = cellText(name, all, c, side, start), old = cellText(name, was, c, side, start);
        const changed = text !== old;
        setText(cell, text);
        setAttribute(cell, 'class', [changed ? 'changed' : '', name === 'state' && all.state
            ? `av-state-cell ${stateClass(all.state)}` : ''].filter(Boolean).join(' '));
        const said = changed ? `${this.w.changed}: ${old} → ${text}` : null;
        for (const attribute of ['title', 'aria-label']) {
            if (said === null)
                cell.removeAttribute(attribute);
            else if (cell.getAttribute(attribute) !== said)
                cell.setAttribute(attribute, said);
        }
    }
}
