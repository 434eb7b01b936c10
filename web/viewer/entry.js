// entry.js - draws one entry of the ladder. What is drawn depends on the entry and its signature:
// whether it is of this moment, and how far a segment that is under way has come.
import { s, stateClass } from './dom.js';
import { packetLabel, callText, sentenceOf, eventName } from './text.js';
import { isMessage } from './packet.js';
import { textWidth } from './layout.js';

const STEEP = 26, FLAT = 9;             // degrees; text along a steeper arrow is hard to read; a flat one
const HEAD = 8;

// A segment that has not arrived at the cursor's time is drawn as far as it has come, in percent.
function progress(entry, cursor, time) {
    const arrival = entry.arrival;
    if (!arrival || arrival.moment <= cursor)
        return 100;
    const whole = arrival.at - entry.item.at;
    const part = whole > 0 && Number.isFinite(time) ? (time - entry.item.at) / whole : 0;
    return Math.round(100 * Math.min(0.97, Math.max(0.08, part)));
}

// What is drawn of an entry: `current`, and `lines`, how far its arrow goes.
export function signatureOf(entry, cursor, time) {
    const current = entry.item.moment === cursor || entry.arrival?.moment === cursor;
    return { current, lines: entry.kind === 'arrow' ? progress(entry, cursor, time) : 100 };
}

const styleOf = entry => {
    const ctl = entry.item.raw.ctl ?? '';
    const again = entry.item.why !== undefined || entry.end === 'nowhere';
    return /RST/.test(ctl) || isMessage(entry.item) ? 'bad' : again ? 'again' : /SYN|FIN/.test(ctl) ? 'strong'
         : entry.item.raw.len > 0 ? 'data' : 'plain';
};

function points(entry, columns) {
    const x1 = columns.x.get(entry.from), x2 = columns.x.get(entry.to);
    const way = Math.sign((x2 ?? x1 + 1) - x1) || 1;
    const from = { x: x1 + way * 4, y: entry.y1 }, to = { x: x2 - way * 4, y: entry.y2 };
    if (entry.end === 'lost' || entry.end === 'open')
        to.x = from.x + (to.x - from.x) * (entry.end === 'lost' ? 0.62 : 0.8);
    if (entry.end === 'nowhere' || entry.end === 'third')
        from.x = to.x - (to.x - from.x) * 0.55;
    return { from, to, way };
}

function head({ from, to }, style) {
    const angle = Math.atan2(to.y - from.y, to.x - from.x) * 180 / Math.PI;
    return s('path', { class: `av-head ${style}`, d: `M0 0L${-HEAD} ${-HEAD / 2}L${-HEAD} ${HEAD / 2}Z`,
                       transform: `translate(${to.x} ${to.y}) rotate(${angle})` });
}

const cross = at => s('path', { class: 'av-cross', transform: `translate(${at.x} ${at.y})`,
                                d: 'M-6 -6L6 6M-6 6L6 -6' });

// The label runs along the arrow; beside its beginning when that is steep, or would lead into the label of
// the next one.
function label(entry, line, room, scale, letter) {
    const { from, to, way } = line;
    const slope = Math.atan2(to.y - from.y, Math.abs(to.x - from.x)) * 180 / Math.PI;
    const along = slope <= (entry.followed ? FLAT : STEEP), texts = [];
    let text = packetLabel(entry.item, 3);
    for (const level of [2, 1, 0]) {
        const longer = packetLabel(entry.item, level);
        if (longer.length * letter * scale <= room - 22)
            text = longer;
    }
    const centred = along && slope < FLAT && text.length * letter * scale < Math.abs(to.x - from.x);
    const at = centred ? { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
                       : { x: from.x + way * 12, y: from.y + (along ? 12 * Math.tan(slope * Math.PI / 180) : 0) };
    const anchor = centred ? 'middle' : way > 0 ? 'start' : 'end';
    const turn = along ? `rotate(${way * slope} ${at.x} ${at.y})` : null;
    texts.push(s('text', { class: 'av-label', x: at.x, y: at.y - 5, 'text-anchor': anchor,
                           transform: turn }, text));
    let details = entry.details.join(', ');
    if (details.length * letter * scale * 0.9 > room - 20)
        details = details.replace('timestamps', 'TS');          // of RFC 7323
    if (details)
        texts.push(s('text', { class: 'av-detail', x: at.x, y: at.y + 12 * scale, 'text-anchor': anchor,
                               transform: turn }, shorten(details, (room - 20) / scale / letter)));
    return texts;
}

function shorten(text, room) {
    const most = Math.max(8, Math.floor(room / 0.9));
    return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

const way = (from, to) => `M${from.x} ${from.y}L${to.x} ${to.y}`;

// Where a segment is that has come so far.
function partOf({ from, to }, percent) {
    const part = percent / 100;
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function arrow(entry, ladder, percent) {
    const { columns } = ladder.layout, style = styleOf(entry);
    const whole = points(entry, columns), line = { ...whole };
    if (percent < 100)
        line.to = partOf(whole, percent);
    const { from, to } = line;
    const parts = [s('path', { class: 'av-hit', d: way(whole.from, whole.to) }),
                   s('path', { class: `av-arrow ${style} ${entry.end === 'lost' ? 'is-lost' : ''}`,
                               d: way(from, to) })];
    if (percent < 100)
        parts.push(s('path', { class: `av-ahead ${style}`, d: way(to, whole.to) }),
                   s('circle', { class: `av-packet ${style}`, cx: to.x, cy: to.y, r: 4 }));
    else if (entry.end === 'lost')
        parts.push(cross(to));
    else if (entry.end !== 'open')
        parts.push(head(line, style));
    if (entry.end === 'nowhere')
        parts.push(s('circle', { class: 'av-nowhere', cx: from.x, cy: from.y, r: 4 }));
    return parts;
}

// Moves what arrow() has drawn of a segment under way. Most of what a step changes is this: elements that
// stay cost the browser much less than new ones.
export function advance(under, entry, ladder, percent) {
    const whole = points(entry, ladder.layout.columns), to = partOf(whole, percent);
    const [, done, ahead, packet] = under.children;
    done.setAttribute('d', way(whole.from, to));
    ahead.setAttribute('d', way(to, whole.to));
    packet.setAttribute('cx', to.x);
    packet.setAttribute('cy', to.y);
}

// Beside the lifeline: outside of the first and the last one, to the right of those between.
function side(entry, columns) {
    const x = columns.x.get(entry.item.host);
    const left = columns.hosts.indexOf(entry.item.host) === 0 && columns.hosts.length > 1;
    return { x: left ? x - 11 : x + 11, anchor: left ? 'end' : 'start' };
}

// What tells a connection from the others of the same service: the greater of its ports.
const ephemeral = c => Math.max(...c.ends.map(end => Number(end.at.slice(end.at.lastIndexOf(':') + 1))));

// Which of the act's connections it is: by its port, and by its turn when it is not the first one there.
function nameIn(act, c) {
    act.onePort ??= new Set(act.connections.filter(one => !one.udp).map(ephemeral)).size === 1;
    return `${act.onePort ? '' : ` :${ephemeral(c)}`}${c.nth > 0 ? ` (${c.nth + 1})` : ''}`;
}

function beside(entry, ladder) {
    const { columns } = ladder.layout, at = side(entry, columns);
    const x = columns.x.get(entry.item.host);
    if (entry.kind === 'call')
        return [s('circle', { class: 'av-dot call', cx: x, cy: entry.y, r: 4 }),
                s('text', { class: 'av-call', x: at.x, y: entry.y + 4, 'text-anchor': at.anchor },
                  callText(entry.item, entry.total) + (entry.more ? ` (${entry.more + 1}×)` : ''))];
    const state = entry.item.enters, { layout } = ladder;
    const alone = layout.c || layout.columns.narrow || layout.act.tcp < 2;
    const which = alone ? '' : nameIn(layout.act, entry.item.c);
    const text = s('text', { class: `av-state-name ${stateClass(state)}`,
        x: at.x, y: entry.y + 4, 'text-anchor': at.anchor }, state + which);
    return [s('circle', { class: `av-dot ${stateClass(state)}`, cx: x, cy: entry.y, r: 5 }), text];
}

function pill(entry, ladder) {
    const { columns } = ladder.layout, { scale } = ladder;
    const x = columns.x.get(entry.item.host), last = columns.hosts.at(-1) === entry.item.host;
    const inward = last && columns.hosts.length > 1 ? -1 : 1;
    const width = Math.max(...entry.lines.map(textWidth)) * scale + 18;
    const left = inward > 0 ? x + 12 : x - 12 - width;
    return [s('circle', { class: `av-dot ${entry.style}`, cx: x, cy: entry.y, r: 4 }),
            s('rect', { class: `av-pill ${entry.style}`, x: left, y: entry.y - 9 * scale, width,
                        height: entry.height, rx: 6 }),
            ...entry.lines.map((line, i) => s('text', { class: `av-pill-text ${entry.style}`, x: left + 9,
                                                        y: entry.y + (4 + i * 14) * scale }, line))];
}

function band(entry, ladder) {
    const { width, scale } = ladder;
    return [s('rect', { class: 'av-band', x: 6, y: entry.y - 10 * scale, width: width - 12,
                        height: entry.height, rx: 8 }),
            ...entry.lines.map((line, i) => s('text', { class: 'av-band-text', x: width / 2,
                'text-anchor': 'middle', y: entry.y + (7 + i * 16) * scale }, line))];
}

function time(entry, ladder) {
    return [s('text', { class: 'av-time', x: ladder.layout.columns.time - 6, y: entry.y + 4,
                        'text-anchor': 'end' }, entry.text)];
}

function gap(entry, ladder) {
    const { columns } = ladder.layout, middle = columns.left + columns.lane / 2;
    return [s('path', { class: 'av-gap', d: `M${columns.left + 8} ${entry.y}H${columns.right - 8}` }),
            s('text', { class: 'av-gap-text', x: middle, y: entry.y + 4, 'text-anchor': 'middle' },
              entry.text)];
}

// What a screen reader says of an entry.
function spoken(entry, ladder) {
    const { item } = entry, { w, model } = ladder;
    const name = host => model.hosts[host]?.name ?? w.peer;
    if (entry.kind === 'arrow') {
        const end = entry.end === 'lost' ? `, ${w.lost}` : '';
        return `${name(entry.from)} → ${name(entry.to)}: ${sentenceOf(item, w)}${end}`;
    }
    return `${item.host === null ? '' : `${name(item.host)}: `}${eventName(item, w)}: ${sentenceOf(item, w)}`;
}

const DRAW = { pill, band, time, gap, state: beside, call: beside };

function texts(entry, ladder) {
    const { columns } = ladder.layout;
    const room = Math.abs(columns.x.get(entry.to) - columns.x.get(entry.from));
    return label(entry, points(entry, columns), room, ladder.scale, columns.letter);
}

// Lines, and the text that stands above the lines of all entries; `under` may be absent, and `over`
// is left out unless it is `wanted`.
export function drawEntry(entry, ladder, { current, lines }, wanted) {
    const isArrow = entry.kind === 'arrow';
    const parts = isArrow ? arrow(entry, ladder, lines) : DRAW[entry.kind](entry, ladder);
    const plain = entry.kind === 'time' || entry.kind === 'gap';
    const style = `av-entry k-${entry.kind}${current ? ' is-current' : ''}`;
    const drawn = parts.filter(part => part.tagName !== 'text');
    const under = drawn.length === 0 ? null
        : s('g', { class: style, 'data-id': entry.id, 'aria-hidden': 'true' }, ...drawn);
    if (!wanted)
        return { under, over: null };
    const said = plain ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': spoken(entry, ladder),
                                                       tabindex: current ? 0 : -1 };
    const over = s('g', { class: style, 'data-id': entry.id, ...said },
                   ...(isArrow ? texts(entry, ladder) : parts.filter(part => part.tagName === 'text')));
    return { under, over };
}
