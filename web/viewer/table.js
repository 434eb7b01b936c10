// table.js - the events of an act as a table with a search. Only the rows in view are in the page.
import { h, setText } from './dom.js';
import { unitOf } from './layout.js';
import { sentenceOf, eventName, timeText, fill } from './text.js';

const LINE = 26, MORE = 8;

export class EventTable {
    constructor(w, onPick) {
        Object.assign(this, { w, onPick, items: [], cursor: 0, pool: new Map() });
        this.search = h('input', { type: 'search', class: 'av-search', 'aria-label': w.search,
                                   placeholder: w.search_hint, oninput: () => this.filter() });
        this.found = h('span', { class: 'av-found', 'aria-live': 'polite' });
        this.rows = h('div', { class: 'av-rows', role: 'rowgroup' });
        this.scroll = h('div', { class: 'av-table', role: 'table', tabindex: 0, 'aria-label': w.events },
            h('div', { class: 'av-tr av-th', role: 'row' },
              ...[w.time, w.host, w.what, w.details].map(text => h('span', { role: 'columnheader' }, text))),
            this.rows);
        this.scroll.addEventListener('scroll', () => {
            this.top = this.scroll.scrollTop;
            this.draw();
        }, { passive: true });
        this.top = 0;
        this.view = 0;
        this.rows.addEventListener('click', event => {
            const row = event.target.closest('[data-i]');
            if (row)
                this.onPick(this.shown[Number(row.dataset.i)].moment);
        });
        this.element = h('section', { class: 'av-panel av-events' },
                         h('div', { class: 'av-events-head' }, h('h3', {}, w.events), this.search, this.found),
                         this.scroll);
        this.observer = new ResizeObserver(() => {
            this.view = this.scroll.clientHeight;
            this.update(this.cursor);
        });
        this.observer.observe(this.scroll);
        this.sight = new IntersectionObserver(entries => {
            this.seen = entries.at(-1).isIntersecting;
            this.update(this.cursor);
        }, { rootMargin: '300px' });
        this.sight.observe(this.element);
    }

    destroy() {
        this.observer.disconnect();
        this.sight.disconnect();
    }

    show(model, act, c) {
        if (this.act === act && this.c === c)
            return;
        Object.assign(this, { model, act, c, unit: unitOf(act) });
        this.items = act.items.filter(item => (item.kind === 'event' && (!c || item.c === c || !item.c)) ||
                                              ['note', 'look', 'check'].includes(item.kind));
        this.filter();
    }

    textOf(item) {
        item.text ??= [item.host === null ? '' : this.model.hosts[item.host].name ?? this.w.peer,
                       eventName(item, this.w), sentenceOf(item, this.w)];
        return item.text;
    }

    filter() {
        const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
        this.shown = words.length === 0 ? this.items : this.items.filter(item => {
            const text = `${this.textOf(item).join(' ')} ${item.event ?? ''}`.toLowerCase();
            return words.every(word => text.includes(word));
        });
        setText(this.found, fill(this.w.found, { n: this.shown.length, all: this.items.length }));
        this.pool.clear();
        this.rows.replaceChildren();
        this.rows.style.height = `${this.shown.length * LINE}px`;
        this.scroll.setAttribute('aria-rowcount', this.shown.length + 1);
        this.seen = undefined;
        this.update(this.cursor);
    }

    // The last row that is not after the cursor.
    indexOf(cursor) {
        let low = 0, high = this.shown.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.shown[middle].moment <= cursor)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    // While it is out of sight it stays as it is.
    update(cursor, still = false) {
        this.cursor = cursor;
        if (this.seen === false || !this.shown)
            return;
        const y = Math.max(0, this.indexOf(cursor)) * LINE, page = Math.max(LINE, (this.view - LINE) / 2);
        const top = Math.max(0, Math.round(Math.floor(y / page - 0.5) * page));
        if (!still && this.view > 0 && top !== this.top) {
            this.scroll.scrollTop = top;
            this.top = this.scroll.scrollTop;
        }
        this.draw();
    }

    draw() {
        if (!this.shown)
            return;
        const first = Math.max(0, Math.floor(this.top / LINE) - MORE);
        const last = Math.min(this.shown.length, Math.ceil((this.top + this.view) / LINE) + MORE);
        for (const [i, row] of this.pool) {
            if (i < first || i >= last) {
                row.remove();
                this.pool.delete(i);
            }
        }
        for (let i = first; i < last; i++)
            this.row(i);
    }

    row(i) {
        const item = this.shown[i];
        let row = this.pool.get(i);
        if (!row) {
            const [host, name, text] = this.textOf(item);
            const time = item.at === undefined ? '' : timeText(item.at - this.act.start, this.unit);
            row = h('div', { role: 'row', 'data-i': i, 'aria-rowindex': i + 2 },
                    ...[time, host, name, text].map((cell, n) =>
                        h('span', { role: 'cell', title: n === 3 ? cell : null }, cell)));
            row.style.transform = `translateY(${i * LINE}px)`;
            this.pool.set(i, row);
            this.rows.append(row);
        }
        const later = item.moment > this.cursor, now = item.moment === this.cursor;
        const style = ['av-tr', later && 'is-later', now && 'is-current', item.kind !== 'event' && 'is-note']
            .filter(Boolean).join(' ');
        if (row.className !== style)
            row.className = style;
    }
}
