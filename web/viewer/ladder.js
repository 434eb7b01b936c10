// ladder.js - the ladder diagram: lifelines of the hosts, arrows between them, what happened beside
// them. Only what is in view is in the page; a step changes what it must.
import { layOut } from './layout.js';
import { drawEntry, signatureOf, advance } from './entry.js';
import { h, s, setText, setAttribute, stateClass } from './dom.js';
import { sentenceOf, fieldsOf, eventName, timeText, durationText, packetLabel, packetDetails, fill } from './text.js';
import { isOut, isSegment } from './packet.js';

const BEYOND = 300;                     // pixels above and below the view that are drawn too
const PIECE = 1500, HEAD_HEIGHT = 62;   // as in viewer.css

function swap(parent, old, element) {
    if (old && element)
        old.replaceWith(element);
    else if (element)
        parent.append(element);
}

export class Ladder {
    constructor(w, onPick) {
        Object.assign(this, { w, onPick, scale: 1, drawn: new Map(), layout: null, cursor: 0 });
        this.lines = s('g', { class: 'av-lifelines', 'aria-hidden': 'true' });
        this.under = s('g', {});
        this.over = s('g', {});
        this.body = s('g', { class: 'av-entries' }, this.under, this.over);
        this.now = s('rect', { class: 'av-now', x: 0, rx: 4 });
        this.svg = s('svg', { class: 'av-ladder-svg', role: 'group', 'aria-label': w.ladder },
                     this.now, this.lines, this.body);
        this.head = h('div', { class: 'av-hosts' });
        this.tip = h('div', { class: 'av-tip', role: 'tooltip', hidden: true });
        this.scroll = h('div', { class: 'av-ladder', tabindex: 0, role: 'region',
                                 'aria-label': `${w.ladder}. ${w.ladder_hint}` }, this.head, this.svg);
        this.element = h('div', { class: 'av-ladder-box' }, this.scroll, this.tip);
        this.scroll.addEventListener('scroll', () => {
            this.top = this.scroll.scrollTop;
            this.drawSoon();
        }, { passive: true });
        for (const [type, on] of [['pointerover', true], ['focusin', true], ['pointerout', false],
                                  ['focusout', false]])
            this.svg.addEventListener(type, event => this.hover(event, on));
        this.svg.addEventListener('click', event => this.pick(event));
        this.svg.addEventListener('keydown', event => {
            if (event.key === 'Enter')
                this.pick(event);
        });
        this.observer = new ResizeObserver(() => this.resized());
        this.observer.observe(this.scroll);
    }

    destroy() {
        this.observer.disconnect();
        cancelAnimationFrame(this.frame);
    }

    show(model, act, c) {
        if (this.model === model && this.act === act && this.c === c && this.layout)
            return;
        Object.assign(this, { model, act, c });
        this.relayOut();
        this.scrollTo(0);
    }

    // To ask an element for its place makes the browser lay out the page: it is remembered.
    scrollTo(top) {
        if (top === this.top)
            return;
        this.scroll.scrollTop = top;
        this.top = this.scroll.scrollTop;
    }

    resized() {
        const width = this.scroll.clientWidth;
        this.view = this.scroll.clientHeight;
        if (this.model && width > 0 && width !== this.width)
            this.relayOut();
        else
            this.drawSoon();
    }

    setScale(scale) {
        this.scale = scale;
        if (this.model)
            this.relayOut();
    }

    relayOut() {
        this.width = this.scroll.clientWidth || 800;
        this.view = this.scroll.clientHeight;
        this.layout = layOut(this.model, this.act, this.c, this.width, this.scale, this.w);
        this.svg.style.setProperty('--scale', this.scale);
        setAttribute(this.svg, 'width', this.width);
        this.drawn.clear();
        this.under.replaceChildren();
        this.over.replaceChildren();
        this.names();
        this.update(this.cursor, true);
    }

    names() {
        const { hosts, x } = this.layout.columns;
        this.states = new Map();
        this.scroll.classList.toggle('is-all', !this.c);
        this.head.replaceChildren(...hosts.map((host, i) => {
            const end = this.c?.ends.find(e => e.host === host);
            const state = h('span', { class: 'av-state' });
            this.states.set(host, state);
            const cell = h('div', { class: 'av-host' },
                           h('b', {}, this.model.hosts[host].name ?? this.w.peer),
                           end ? h('small', {}, end.at) : null, state);
            const room = hosts.length > 1 ? this.layout.columns.lane : 400;
            const middle = i > 0 && i < hosts.length - 1;
            const at = x.get(host), outer = i === 0 ? Math.max(at, 90) : Math.min(at, this.width - 90);
            cell.style.left = `${middle ? at : outer}px`;
            cell.style.maxWidth = `${Math.min(room - 6, 220)}px`;
            return cell;
        }));
    }

    // The state of the end at `host` at the cursor; null: not known.
    stateAt(host, cursor) {
        let state = null;
        for (const change of this.layout.states.get(host) ?? [])
            if (change.moment <= cursor)
                state = change.state;
        return state;
    }

    update(cursor, still) {
        this.cursor = cursor;
        const moment = this.model.moments[cursor - 1];
        this.time = moment && moment.act === this.act ? moment.at : moment ? Infinity : -Infinity;
        if (moment && moment.act.index < this.act.index)
            this.time = -Infinity;
        this.bottom = this.bottomAt(cursor);
        // It grows by pieces: each change of its height costs a layout.
        setAttribute(this.svg, 'height', Math.min(this.layout.height, Math.ceil((this.bottom + 40) / PIECE) * PIECE));
        for (const [host, element] of this.states) {
            const state = this.stateAt(host, cursor);
            setText(element, state ?? '');
            element.className = `av-state ${state ? stateClass(state) : ''}`;
        }
        if (!still)
            this.follow(cursor);
        this.drawLifelines(cursor);
        this.draw();
    }

    // How far the ladder has grown.
    bottomAt(cursor) {
        if (cursor >= this.act.last)
            return this.layout.height;
        const span = this.layout.lastSpan(cursor);
        return span ? span[1] + 14 : 30;
    }

    // It turns half a page at a time, so that what one looks at mostly stays where it is; where to
    // is a function of the cursor alone.
    follow(cursor) {
        const page = Math.max(60, (this.view - HEAD_HEIGHT) / 2);
        const span = this.layout.spans.get(cursor) ?? this.layout.lastSpan(cursor);
        const from = span ? span[0] : 0, y = span ? Math.min(span[1], from + page) : 0;
        this.scrollTo(Math.max(0, Math.round((Math.floor(y / page - 0.5)) * page)));
    }

    drawSoon() {
        if (this.frame)
            return;
        this.frame = requestAnimationFrame(() => {
            this.frame = 0;
            if (this.layout)
                this.draw();
        });
    }

    drawLifelines(cursor) {
        const { hosts, x } = this.layout.columns, lines = [];
        const bottom = Math.max(this.bottom + 20, 60);
        for (const host of hosts) {
            const at = x.get(host);
            lines.push(['av-life', at, 0, bottom]);
            const changes = this.layout.states.get(host).filter(change => change.moment <= cursor);
            changes.forEach((change, i) => {
                lines.push([`av-life-state ${stateClass(change.state)}`, at, change.y,
                            changes[i + 1]?.y ?? bottom]);
            });
        }
        while (this.lines.childElementCount > lines.length)
            this.lines.lastChild.remove();
        lines.forEach(([name, at, from, to], i) => {
            const line = this.lines.children[i] ?? this.lines.appendChild(s('line', {}));
            for (const [key, value] of [['class', name], ['x1', at], ['x2', at], ['y1', from], ['y2', to]])
                setAttribute(line, key, value);
        });
    }

    // The first entry that may reach into what is below `top`.
    firstFrom(top) {
        const entries = this.layout.entries;
        let low = 0, high = entries.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (entries[middle].reach < top)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    draw() {
        const top = (this.top ?? 0) - BEYOND, end = (this.top ?? 0) + this.view + BEYOND;
        const entries = this.layout.entries, seen = new Set();
        for (let i = this.firstFrom(top); i < entries.length && entries[i].top <= end; i++) {
            const entry = entries[i];
            if (entry.bottom < top || entry.moment > this.cursor)
                continue;
            seen.add(entry.id);
            this.put(entry);
        }
        for (const [id, known] of this.drawn) {
            if (!seen.has(id)) {
                known.under?.remove();
                known.over.remove();
                this.drawn.delete(id);
            }
        }
        this.drawNow();
    }

    // Two elements: lines, which change while a segment is under way, and the text above all lines.
    put(entry) {
        const sign = signatureOf(entry, this.cursor, this.time);
        const known = this.drawn.get(entry.id);
        if (known && known.current === sign.current && known.lines < 100 && sign.lines < 100) {
            if (known.lines !== sign.lines)
                advance(known.under, entry, this, sign.lines);
            known.lines = sign.lines;
        } else if (!known || known.lines !== sign.lines || known.current !== sign.current) {
            const { under, over } = drawEntry(entry, this, sign, known?.current !== sign.current);
            this.drawn.set(entry.id, { ...sign, under, over: over ?? known.over });
            swap(this.under, known?.under, under);
            if (over)
                swap(this.over, known?.over, over);
        }
    }

    drawNow() {
        const [top, bottom] = this.layout.spans.get(this.cursor) ?? [0, 0];
        const some = bottom > top;
        setAttribute(this.now, 'visibility', some ? 'visible' : 'hidden');
        setAttribute(this.now, 'y', some ? top - 14 : 0);
        setAttribute(this.now, 'height', some ? Math.max(bottom - top + 16, 24) : 0);
        setAttribute(this.now, 'width', this.width);
    }

    entryOf(event) {
        const element = event.target.closest?.('[data-id]');
        return element ? this.byId(Number(element.dataset.id)) : null;
    }

    byId(id) {
        this.ids ??= new WeakMap();
        let map = this.ids.get(this.layout);
        if (!map)
            this.ids.set(this.layout, map = new Map(this.layout.entries.map(entry => [entry.id, entry])));
        return map.get(id) ?? null;
    }

    pick(event) {
        const entry = this.entryOf(event);
        if (entry)
            this.onPick(entry.item.moment);
    }

    hover(event, on) {
        const entry = this.entryOf(event);
        if (!on || !entry || entry.kind === 'time' || entry.kind === 'gap') {
            this.tip.hidden = true;
            return;
        }
        this.tip.replaceChildren(...this.tipOf(entry));
        this.tip.hidden = false;
        const box = this.element.getBoundingClientRect();
        const place = event.target.getBoundingClientRect();
        const at = event.clientX ? { x: event.clientX, y: event.clientY } : { x: place.left, y: place.bottom };
        const left = Math.min(at.x - box.left + 14, box.width - this.tip.offsetWidth - 6);
        let top = at.y - box.top + 16;
        if (top + this.tip.offsetHeight > box.height)
            top = Math.max(4, at.y - box.top - this.tip.offsetHeight - 14);
        this.tip.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
    }

    tipOf(entry) {
        const { item } = entry, w = this.w, start = this.act.start;
        const arrow = entry.kind === 'arrow';
        const title = !arrow ? eventName(item, w) : isSegment(item) ? item.raw.ctl || '-' : packetLabel(item);
        const rows = [];
        const unit = 1000;
        if (arrow) {
            if (isOut(item))
                rows.push([w.sent_at, timeText(item.at - start, unit)]);
            const arrival = isOut(item) ? item.arrival : item;
            if (arrival && arrival.moment <= this.cursor)
                rows.push([w.arrived_at, timeText(arrival.at - start, unit) + (arrival === item ? ''
                           : ` (${fill(w.arrives, { time: durationText(arrival.at - item.at) })})`)]);
            else if (entry.end === 'lost')
                rows.push([w.arrived_at, w.lost]);
            const why = packetDetails(item, w);
            if (why.length)
                rows.push([w.details, why.join(', ')]);
        } else if (item.at !== undefined) {
            rows.push([w.time, timeText(item.at - start, unit)]);
        }
        if (item.kind === 'event')
            rows.push(...fieldsOf(item));
        return [h('b', {}, title), arrow ? null : h('p', {}, sentenceOf(item, w)),
                h('dl', {}, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))]
            .filter(Boolean);
    }
}
