// plots.js - states, sequence numbers, congestion control and round trips over time. Each is drawn
// once for a connection and a span of time; what is later than the cursor lies under a veil that
// only moves.
import { seriesOf, statesOf } from './series.js';
import { h, s, setText, stateClass } from './dom.js';
import { timeText, durationText } from './text.js';

const LEFT = 58, RIGHT = 12, BOTTOM = 22, TOP = 8, PADDING = 26;
const HEIGHT = { sequence: 260, congestion: 180, rtt: 180 };
const DRAG = 6, FEW_SEGMENTS = 8, FEW_SAMPLES = 3;
const PAUSE = 200e6, BUSY = 1.2;     // pauses take no more room than this times what is between them

// Round steps: 1, 2 or 5 times a power of ten, about `most` of them.
export function ticks(from, to, most) {
    const raw = (to - from) / most || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= raw);
    const list = [];
    for (let v = Math.ceil(from / step) * step; v <= to + step / 1e6; v += step)
        list.push(v);
    return list;
}

const short = n => n >= 1e6 ? `${+(n / 1e6).toPrecision(3)}M` : n >= 1e4 ? `${+(n / 1e3).toPrecision(3)}k`
                 : String(+n.toPrecision(4));

// Places of `times` from 0 to 1: in proportion, but where long pauses would leave no room for the rest.
// Then the pauses are folded, a longer one less. [[time, place, the pause that is folded before it]].
export function foldTimes(times) {
    const gaps = times.slice(1).map((t, i) => t - times[i]), whole = times.at(-1) - times[0];
    const long = gaps.filter(gap => gap > PAUSE), busy = whole - long.reduce((a, b) => a + b, 0);
    const sizeOf = gap => 1 + 0.35 * Math.log2(gap / PAUSE);
    const room = BUSY * busy / long.reduce((sum, gap) => sum + sizeOf(gap), 0);
    if (busy === 0 || long.length === 0 || whole - busy < BUSY * busy * 2)
        return [[times[0], 0, 0], [times.at(-1), 1, 0]];
    let at = 0;
    const places = times.map((t, i) => {
        const gap = i === 0 ? 0 : gaps[i - 1];
        at += gap > PAUSE ? room * sizeOf(gap) : gap;
        return [t, at, gap > PAUSE ? gap : 0];
    });
    return places.map(([t, place, gap]) => [t, place / at, gap]);
}

// The value at `v` of a line through points; `from` and `to` are the indices of what is given and asked.
export function between(points, v, from, to) {
    let low = 0, high = points.length - 1;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (points[middle][from] <= v)
            low = middle;
        else
            high = middle;
    }
    const a = points[low], b = points[high];
    return a[to] + (b[to] - a[to]) * (v - a[from]) / ((b[from] - a[from]) || 1);
}

function stepPath(list, x, y, until) {
    let d = '';
    list.forEach(([t, v], i) => {
        d += i === 0 ? `M${x(t)} ${y(v)}` : `H${x(t)}V${y(v)}`;
    });
    return list.length > 0 ? `${d}H${x(until)}` : '';
}

const linePath = (list, x, y) => list.map(([t, v], i) => `${i ? 'L' : 'M'}${x(t)} ${y(v)}`).join('');
const dots = (list, x, y, r) => list.map(([t, v]) =>
    `M${x(t) - r} ${y(v)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 -${2 * r} 0`).join('');
const most = (...lists) => lists.flat().reduce((m, [, v]) => Math.max(m, v), 1);

// One plot: a title, a legend, and the drawing with its veil.
class Plot {
    constructor(owner, name, title, legend) {
        this.owner = owner;
        this.name = name;
        this.svg = s('svg', { role: 'img', 'aria-label': title });
        const { veil, box } = veilOver();
        this.veil = veil;
        this.select = h('div', { class: 'av-select', hidden: true });
        this.none = h('p', { class: 'av-none', hidden: true }, owner.w.no_data);
        this.area = h('div', { class: 'av-plot-area', title: owner.w.drag }, this.svg, box, this.select);
        this.marks = legend.map(([style, text]) =>
            [style, h('span', {}, h('i', { class: style, 'aria-hidden': 'true' }), text)]);
        this.legend = h('div', { class: 'av-legend' }, ...this.marks.map(([, mark]) => mark));
        this.head = h('div', { class: 'av-plot-head' }, h('h3', {}, title));
        this.element = h('section', { class: `av-panel av-plot av-plot-${name}` },
                         this.head, this.legend, this.area, this.none);
        owner.watch(this.area);
    }

    empty(is) {
        this.none.hidden = !is;
        this.area.hidden = this.legend.hidden = is;
    }

    // Nothing of what was drawn before stays.
    hide(is) {
        this.element.hidden = is;
        if (!is)
            return;
        this.svg.replaceChildren();
        for (const name of ['width', 'height'])
            this.svg.removeAttribute(name);
        this.veil.removeAttribute('style');
        for (const [, mark] of this.marks)
            mark.hidden = false;
        this.empty(false);
    }

    // Where times and values stand. Each plot has its own width.
    frame(height, top, label) {
        const width = this.width = this.owner.widthOf(this.element);
        const x = this.x = this.owner.scaleOf(width);
        const y = v => Math.round(10 * (height - BOTTOM - v / top * (height - BOTTOM - TOP))) / 10;
        const parts = [];
        for (const v of ticks(0, top, 5))
            parts.push(s('path', { class: 'av-grid', d: `M${LEFT} ${y(v)}H${width - RIGHT}` }),
                       s('text', { class: 'av-tick', x: LEFT - 6, y: y(v) + 4, 'text-anchor': 'end' }, label(v)));
        for (const { at, text, style } of this.owner.times(x, width))
            parts.push(s('text', { class: style, x: at, y: height - 5, 'text-anchor': 'middle' }, text));
        this.svg.setAttribute('width', width);
        this.svg.setAttribute('height', height);
        const clip = `av-clip-${this.owner.id}-${this.name}`;
        const inside = s('rect', { x: LEFT, y: 0, width: Math.max(0, width - LEFT - RIGHT),
                                   height: height - BOTTOM + 2 });
        this.content = s('g', { 'clip-path': `url(#${clip})` });
        this.svg.replaceChildren(s('clipPath', { id: clip }, inside), ...parts, this.content);
        return { x, y };
    }

    // What is not there has no place in the legend.
    path(style, d) {
        if (d)
            this.content.append(s('path', { class: style, d }));
        const mark = this.marks.find(([name]) => name === style);
        if (mark)
            mark[1].hidden = !d;
    }

    at(time) {
        if (!this.area.hidden && !this.element.hidden && this.x)
            moveVeil(this.veil, this.x(time), this.width);
    }
}

// As wide as the plot, so that it moves without being laid out or painted again.
function veilOver() {
    const veil = h('div', { class: 'av-veil' });
    return { veil, box: h('div', { class: 'av-veil-box', 'aria-hidden': 'true' }, veil) };
}

function moveVeil(veil, x, width) {
    veil.style.transform = `translateX(${Math.min(width - RIGHT, Math.max(LEFT, x))}px)`;
}

let made = 0;

export class Plots {
    constructor(w, onTime) {
        Object.assign(this, { w, onTime, id: ++made, cursor: 0, side: 0, zoom: null });
        this.sequence = new Plot(this, 'sequence', `${w.sequence} (${w.octets})`, [['seg', w.leg_segment],
            ['again', w.leg_again],
            ['lost', w.leg_lost], ['ack', w.leg_ack], ['edge', w.leg_window], ['sack', w.leg_sack]]);
        this.congestion = new Plot(this, 'congestion', `${w.congestion} (${w.octets})`,
            [['cwnd', w.leg_cwnd], ['ssthresh', w.leg_ssthresh], ['flight', w.leg_flight]]);
        this.rtt = new Plot(this, 'rtt', w.rtt, [['sample', w.leg_sample], ['srtt', w.leg_srtt], ['rto', w.leg_rto]]);
        this.which = h('small', { class: 'av-which' });
        this.bars = h('div', { class: 'av-bars' });
        const { veil, box } = veilOver();
        this.barVeil = veil;
        this.barArea = h('div', { class: 'av-plot-area' }, this.bars, box);
        this.watch(this.barArea);
        this.whole = h('button', { class: 'av-button', type: 'button', hidden: true,
                                   onclick: () => this.setZoom(null) }, w.reset_zoom);
        this.sender = h('select', { 'aria-label': w.sender, onchange: () => this.choose(Number(this.sender.value)) });
        this.senderLabel = h('label', { class: 'av-field' }, `${w.sender} `, this.sender);
        this.sequence.head.append(this.whole, this.senderLabel);
        this.states = h('section', { class: 'av-panel av-states' },
                        h('h3', {}, w.states, ' ', this.which), this.barArea);
        this.element = h('div', { class: 'av-plots' }, this.states, this.sequence.element,
                         this.congestion.element, this.rtt.element);
        this.observer = new ResizeObserver(() => this.resized());
        this.observer.observe(this.states);
    }

    destroy() {
        this.observer.disconnect();
    }

    resized() {
        const width = this.widthOf(this.states);
        if (width !== this.width && this.c)
            this.draw();
    }

    widthOf(element) {
        return Math.max(240, element.clientWidth - PADDING);
    }

    scaleOf(width) {
        const room = Math.max(1, width - LEFT - RIGHT);
        return t => Math.round(10 * (LEFT + between(this.places, t, 0, 1) * room)) / 10;
    }

    fold() {
        const inside = this.c.items.map(item => item.at).filter(at => at > this.from && at < this.to);
        this.places = foldTimes([...new Set([this.from, ...inside, Math.max(this.to, this.from + 1)])]);
    }

    // What stands under the axis: round times, or where pauses are folded the time behind each, and its length.
    times(x, width) {
        const { from, to, start } = this, seconds = to - from > 2e9;
        const textOf = t => seconds ? `${+(t / 1000).toPrecision(5)} s` : `${+t.toPrecision(6)} ms`;
        if (this.places.length === 2)
            return ticks((from - start) / 1e6, (to - start) / 1e6, Math.max(2, Math.floor(width / 110)))
                .map(t => ({ at: x(start + t * 1e6), text: textOf(t), style: 'av-tick' }));
        const list = [];
        let free = 0;
        this.places.forEach(([t, , gap], i) => {
            const left = i > 0 ? x(this.places[i - 1][0]) : 0, right = x(t);
            const pause = gap ? `⟨${durationText(gap)}⟩` : '';
            for (const [at, text, style] of [[(left + right) / 2, pause, 'av-tick av-fold'],
                                             [right, i === 0 || gap ? timeText(t - start, 1e6) : '', 'av-tick']]) {
                const half = text.length * 3.4 + 2;
                if (text === '' || at - half < free || at + half > width)
                    continue;
                list.push({ at, text, style });
                free = at + half;
            }
        });
        return list;
    }

    show(model, act, c) {
        if (this.act === act && this.c === c)
            return;
        Object.assign(this, { model, act, c, zoom: null });
        this.element.hidden = !c;
        if (!c)
            return;
        setText(this.which, act.connections.length > 1 ? c.ends.map(end => end.at).join(' – ') : '');
        this.side = c.octets[1] > c.octets[0] ? 1 : 0;
        this.sender.replaceChildren(...c.ends.map((end, side) =>
            h('option', { value: side, selected: side === this.side },
              this.model.hosts[end.host].name ?? this.w.peer)));
        this.draw();
    }

    choose(side) {
        this.side = side;
        this.draw();
    }

    setZoom(zoom) {
        this.zoom = zoom;
        this.draw();
    }

    draw() {
        const { c, act } = this, width = this.width = this.widthOf(this.states);
        const whole = this.span();
        [this.from, this.to] = this.zoom ?? whole;
        this.start = act.start;
        this.fold();
        this.x = this.scaleOf(width);
        this.whole.hidden = !this.zoom;
        this.data = seriesOf(c, this.side);
        this.drawStates();
        this.drawSequence();
        this.drawCongestion();
        this.drawRtt();
        this.update(this.cursor);
    }

    span() {
        const { items } = this.c, from = items[0].at, last = items.at(-1).at;
        const segment = items.findLast(item => item.event?.startsWith('segment_'))?.at ?? last;
        // A wait at the end, as that of TIME-WAIT, would leave no room for what happened before.
        const to = last - segment > (last - from) / 2 ? segment + (segment - from) * 0.1 : last;
        return [from, to + Math.max(1000, (to - from) * 0.02)];
    }

    drawStates() {
        const { c, act, x, width } = this;
        this.bars.replaceChildren(...c.ends.map((end, side) => {
            const name = this.model.hosts[end.host].name ?? this.w.peer;
            const bar = h('div', { class: 'av-bar', role: 'list', 'aria-label': name });
            for (const span of statesOf(c, side, Math.max(act.end, this.to))) {
                const left = Math.max(x(span.from), LEFT), right = Math.min(x(span.to), width - RIGHT);
                if (right < left)
                    continue;
                const piece = h('span', { class: `av-span ${stateClass(span.state)}`, role: 'listitem',
                    title: `${name}: ${span.state}, ${timeText(span.from - act.start)} – ` +
                           timeText(span.to - act.start) }, span.state);
                piece.style.left = `${left}px`;
                piece.style.width = `${Math.max(2, right - left)}px`;
                bar.append(piece);
            }
            return h('div', { class: 'av-bar-row' }, h('span', { class: 'av-bar-name' }, name), bar);
        }));
    }

    drawSequence() {
        const { data, to } = this, plot = this.sequence, height = HEIGHT.sequence;
        plot.hide(this.c.octets[0] + this.c.octets[1] === 0);
        if (plot.element.hidden)
            return;
        plot.empty(data.segments.length === 0);
        if (data.segments.length === 0)
            return;
        const sent = data.segments.reduce((m, g) => Math.max(m, g.to), 1), edge = most(data.edges);
        const { x, y } = plot.frame(height, edge < sent * 1.8 ? Math.max(edge, sent) * 1.03 : sent * 1.12, short);
        const mark = (list, w) => list.map(g => `M${x(g.t)} ${y(g.from)}V${Math.min(y(g.to), y(g.from) - 1.5)}` +
            `M${x(g.t) - w} ${y(g.to)}h${2 * w}`).join('');
        plot.path('edge', stepPath(data.edges, x, y, to));
        plot.path('ack', stepPath(data.acks, x, y, to));
        plot.path('sack', data.sacks.map(g => `M${x(g.t)} ${y(g.from)}V${y(g.to)}`).join(''));
        plot.path('seg', mark(data.segments.filter(g => !g.again), 1));
        plot.path('again', mark(data.segments.filter(g => g.again), 2.5));
        plot.path('lost', data.segments.filter(g => g.lost).map(g =>
            `M${x(g.t) - 4} ${y((g.from + g.to) / 2) - 4}l8 8m-8 0l8 -8`).join(''));
    }

    drawCongestion() {
        const { data, to } = this, plot = this.congestion;
        plot.hide(data.segments.length < FEW_SEGMENTS);
        if (plot.element.hidden)
            return;
        const highest = most(data.cwnd, data.flight);
        const shown = data.ssthresh.filter(([, v]) => v < highest * 4);
        const { x, y } = plot.frame(HEIGHT.congestion, Math.max(highest, most(shown)) * 1.08, short);
        plot.path('flight', stepPath(data.flight, x, y, to));
        plot.path('ssthresh', stepPath(shown, x, y, to));
        plot.path('cwnd', stepPath(data.cwnd, x, y, to));
        plot.path('cwnd-dot', data.cwnd.length < 200 ? dots(data.cwnd, x, y, 2.5) : '');
    }

    drawRtt() {
        const { data, to } = this, plot = this.rtt;
        plot.hide(data.segments.length < FEW_SEGMENTS || data.samples.length < FEW_SAMPLES);
        if (plot.element.hidden)
            return;
        const highest = most(data.samples, data.srtt), rto = data.rto.filter(([, v]) => v < highest * 8);
        const { x, y } = plot.frame(HEIGHT.rtt, Math.max(highest, most(rto)) * 1.1,
                                    us => `${+(us / 1000).toPrecision(3)} ms`);
        plot.path('rto', stepPath(rto, x, y, to));
        plot.path('srtt', linePath(data.srtt, x, y));
        plot.path('sample', dots(data.samples, x, y, 2.2));
    }

    update(cursor) {
        this.cursor = cursor;
        if (!this.c)
            return;
        const moment = this.model.moments[cursor - 1];
        const time = cursor >= this.act.last ? this.to : moment && moment.act === this.act ? moment.at : this.from - 1;
        for (const plot of [this.sequence, this.congestion, this.rtt])
            plot.at(time);
        moveVeil(this.barVeil, this.x(time), this.width);
    }

    // A click goes to that time, a drag chooses what is shown, a double click shows all.
    watch(area) {
        let down = null;
        const timeAt = event => between(this.places, (event.clientX - area.getBoundingClientRect().left - LEFT) /
                                                     Math.max(1, area.clientWidth - LEFT - RIGHT), 1, 0);
        area.addEventListener('pointerdown', event => {
            down = { x: event.clientX, t: timeAt(event) };
        });
        area.addEventListener('pointermove', event => this.drag(area, down, event));
        area.addEventListener('pointerup', event => {
            this.drag(area, null, event);
            if (down && Math.abs(event.clientX - down.x) > DRAG)
                this.setZoom([Math.min(down.t, timeAt(event)), Math.max(down.t, timeAt(event))]);
            else if (down)
                this.onTime(down.t);
            down = null;
        });
        area.addEventListener('pointerleave', event => {
            down = null;
            this.drag(area, null, event);
        });
        area.addEventListener('dblclick', () => this.setZoom(null));
    }

    drag(area, down, event) {
        const select = area.querySelector('.av-select');
        if (!select)
            return;
        select.hidden = !down || Math.abs(event.clientX - down.x) <= DRAG;
        if (select.hidden)
            return;
        const left = area.getBoundingClientRect().left;
        select.style.left = `${Math.min(down.x, event.clientX) - left}px`;
        select.style.width = `${Math.abs(event.clientX - down.x)}px`;
    }
}
