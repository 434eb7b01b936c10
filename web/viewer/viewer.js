// viewer.js - the viewer of a record: a cursor over its moments, and panels that show what had
// happened by then. Everything on the page is a function of the record and the cursor.
import { readRecord } from './record.js';
import { wordsOf } from './words.js';
import { Ladder } from './ladder.js';
import { TcbPanel } from './tcb.js';
import { Plots } from './plots.js';
import { EventTable } from './table.js';
import { Toolbar } from './toolbar.js';
import { NowPanel, ActPanel, AfterPanel } from './panels.js';
import { h } from './dom.js';

const PLAY_MS = 700, PAGE = 10, FEW = 4, SCALES = [0.7, 0.85, 1, 1.2, 1.45, 1.75, 2.1];

class Viewer {
    constructor(element, options) {
        Object.assign(this, { host: element, lang: options.lang ?? 'en', onStep: options.onStep ?? (() => {}),
                              onLanguage: options.onLanguage ?? (() => {}),
                              cursor: 0, lines: [], chosen: new Map(), scale: SCALES.indexOf(1) });
        this.keys = event => this.key(event);
        document.addEventListener('keydown', this.keys);
        this.build();
    }

    build() {
        const w = this.words = wordsOf(this.lang);
        this.model = readRecord(this.lines);
        const go = still => moment => this.step(moment, still);
        this.toolbar = new Toolbar(w, this);
        this.ladder = new Ladder(w, go('ladder'));
        this.now = new NowPanel(w);
        this.act = new ActPanel(w, this);
        this.after = new AfterPanel(w);
        this.tcb = new TcbPanel(w);
        this.plots = new Plots(w, time => this.stepToTime(time));
        this.table = new EventTable(w, go('table'));
        this.root = h('div', { class: 'av', lang: this.lang, role: 'application', 'aria-label': w.viewer },
            this.act.element, this.toolbar.element,
            h('div', { class: 'av-main' },
              h('div', { class: 'av-left' }, h('p', { class: 'av-panel av-why-not' }, w.undrawn),
                this.ladder.element, this.after.element),
              h('div', { class: 'av-right' }, this.tcb.element, this.now.element)),
            this.plots.element, this.table.element, this.toolbar.help);
        this.host.replaceChildren(this.root);
        this.ladder.setScale(SCALES[this.scale]);
        this.render();
    }

    get steps() {
        return this.model.moments.length;
    }

    setRecord(lines, options = {}) {
        const last = this.cursor;
        this.lines = lines;
        this.chosen.clear();
        this.pause();
        this.model = readRecord(lines);
        this.cursor = options.keepStep ? Math.min(last, this.steps) : options.open ? this.opening() : 0;
        this.render();
    }

    // Where there is something to see at first: the end of the first act, of what is drawn of it.
    opening() {
        const act = this.model.acts[0], c = act && this.connectionOf(act);
        let n = act?.last ?? 0;
        while (c && n > act.first && !this.concerns(n, act, c))
            n--;
        return n;
    }

    // A step of another act concerns everybody.
    concerns(n, act, c) {
        const moment = this.model.moments[n - 1];
        return moment.act !== act || moment.items.some(item => !c || item.c === c || 
                                                               ['note', 'look', 'check'].includes(item.kind));
    }

    // The act at the cursor: that of the next moment before anything has happened.
    actNow() {
        return this.model.moments[Math.max(0, this.cursor - 1)]?.act ?? this.model.acts[0] ?? null;
    }

    // null: all connections.
    connectionOf(act) {
        if (!this.chosen.has(act))
            this.chosen.set(act, usual(this.model, act));
        return this.chosen.get(act);
    }

    choose(c) {
        this.chosen.set(this.actNow(), c);
        this.render();
    }

    // For the TCBs when the ladder shows all connections: the last one that something happened to.
    lastTouched(act) {
        for (let i = this.cursor - 1; i >= 0 && this.model.moments[i].act === act; i--) {
            const item = this.model.moments[i].items.findLast(it => it.c?.ends.some(end => end.state));
            if (item)
                return item.c;
        }
        return largest(act);
    }

    // `still`: what does not scroll to the cursor, because somebody points at it: 'ladder' or 'table'.
    render(still = null) {
        const act = this.actNow(), { model, cursor } = this;
        const c = act ? this.connectionOf(act) : null;
        this.act.update(model, act, c, cursor);
        this.toolbar.update(this, act);
        this.root.classList.toggle('is-empty', !act);
        this.root.classList.toggle('is-undrawn', isUndrawn(act, c));
        if (act) {
            const undrawn = isUndrawn(act, c), one = undrawn ? null : tcpOf(c ?? this.lastTouched(act));
            this.ladder.cursor = cursor;
            this.ladder.show(model, act, c);
            this.ladder.update(cursor, still === 'ladder');
            this.now.update(model, act, c, cursor);
            this.after.update(act, cursor, undrawn);
            this.tcb.update(model, act, one, cursor);
            this.plots.show(model, act, undrawn || c || act.tcp <= FEW ? one : tcpOf(largest(act)));
            this.plots.update(cursor);
            this.table.show(model, act, c);
            this.table.update(cursor, still === 'table');
        }
        this.onStep(cursor);
    }

    step(n, still = null) {
        const to = Math.max(0, Math.min(this.steps, Math.round(n)));
        if (to === this.cursor)
            return;
        this.cursor = to;
        this.render(still);
    }

    // One step; when one connection is shown, to the next moment that is about it, or about all.
    move(by) {
        const act = this.actNow(), c = act && this.connectionOf(act);
        let to = this.cursor + by;
        while (c && to > 0 && to < this.steps && !this.concerns(to, act, c))
            to += by;
        this.step(to);
    }

    stepToTime(time) {
        const act = this.actNow();
        let to = act.first - 1;
        for (let n = act.first; n <= act.last && this.model.moments[n - 1].at <= time; n++)
            to = n;
        this.step(Math.max(to, act.first));
    }

    play() {
        if (this.timer) {
            this.pause();
            return;
        }
        if (this.cursor >= this.steps)
            this.step(0);
        this.timer = setInterval(() => {
            this.move(1);
            if (this.cursor >= this.steps)
                this.pause();
        }, PLAY_MS);
        this.toolbar.playing(true);
    }

    pause() {
        clearInterval(this.timer);
        this.timer = null;
        this.toolbar.playing(false);
    }

    zoom(by) {
        this.scale = by === 0 ? SCALES.indexOf(1) : Math.max(0, Math.min(SCALES.length - 1, this.scale + by));
        this.ladder.setScale(SCALES[this.scale]);
        this.ladder.update(this.cursor);
    }

    setLanguage(lang) {
        this.lang = lang;
        document.documentElement.lang = lang;
        this.destroyPanels();
        this.chosen.clear();
        this.build();
        this.onLanguage(lang);
    }

    // The scheme of the system, until somebody chooses.
    switchTheme() {
        const root = document.documentElement;
        const dark = root.dataset.theme ? root.dataset.theme === 'dark'
                                        : matchMedia('(prefers-color-scheme: dark)').matches;
        root.dataset.theme = dark ? 'light' : 'dark';
    }

    key(event) {
        const ours = event.target === document.body || this.root.contains(event.target);
        if (!ours || event.ctrlKey || event.metaKey || event.altKey)
            return;
        const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
        if (typing && event.target.type !== 'range') {
            if (event.key === 'Escape')
                event.target.blur();
            return;
        }
        const wants = KEYS[event.key];
        if (!wants || (event.target.tagName === 'BUTTON' && event.key === ' '))
            return;
        event.preventDefault();
        wants(this);
    }

    destroyPanels() {
        this.pause();
        for (const panel of [this.ladder, this.plots, this.table])
            panel.destroy();
    }

    destroy() {
        this.destroyPanels();
        document.removeEventListener('keydown', this.keys);
        this.root.remove();
    }
}

const KEYS = {
    ArrowRight: v => v.move(1), ArrowDown: v => v.move(1), ArrowLeft: v => v.move(-1), ArrowUp: v => v.move(-1),
    PageDown: v => v.step(v.cursor + PAGE), PageUp: v => v.step(v.cursor - PAGE),
    Home: v => v.step(0), End: v => v.step(v.steps), ' ': v => v.play(),
    '+': v => v.zoom(1), '=': v => v.zoom(1), '-': v => v.zoom(-1), 0: v => v.zoom(0),
    '/': v => v.table.search.focus(), d: v => v.switchTheme(), '?': v => v.toolbar.toggleHelp(),
    Escape: v => v.toolbar.hideHelp(),
};

// What is shown at first: the one connection, or in a run of many the one with the most segments; a
// network of more than two hosts, and the lab, as a whole.
function usual(model, act) {
    const { connections } = act;
    if (connections.length === 1)
        return connections[0];
    if (act.shown && act.hosts.size > 2) {
        const drawn = connections.filter(c => c.ends.every(end => act.shown.includes(end.host)));
        return drawn.length === 1 ? drawn[0] : null;
    }
    // A flood from outside would bury what it is about.
    const within = connections.filter(c => c.ends.every(end => model.hosts[end.host].name));
    if (within.length === 1 && connections.length > FEW)
        return within[0];
    const hosts = new Set(connections.flatMap(c => c.ends.map(end => end.host)));
    if (connections.length === 0 || hosts.size > 2 || act.title)
        return null;
    return largest(act);
}

// Many networks at once, whose hosts would all be beside each other: the act is in its tables.
const isUndrawn = (act, c) => act !== null && !c && act.shown?.length === 0 && act.hosts.size > 2;

// Datagrams have no TCB, and no sequence numbers.
const tcpOf = c => c && !c.udp ? c : null;

// The connection with the most segments, or a flow of datagrams; null: there is none.
function largest(act) {
    const size = c => c.segments[0] + c.segments[1];
    return act.connections.reduce((a, b) => (a && size(a) >= size(b) ? a : b), null);
}

// The viewer in `element`. setRecord(lines, {keepStep, open}) takes the record's objects and begins
// before the first step, at the same step as before, or at the end of the first act. onStep(n) is called after every
// change of the step. step() says which one it is, 0 is before everything; step(n) goes to that one.
export function createViewer(element, options = {}) {
    const viewer = new Viewer(element, options);
    return {
        setRecord: (lines, how) => viewer.setRecord(lines, how),
        step(n) {
            if (n !== undefined)
                viewer.step(n);
            return viewer.cursor;
        },
        get steps() {
            return viewer.steps;
        },
        // Where the cursor is: the act's number, its last step, and the time in it.
        get moment() {
            const act = viewer.actNow(), here = viewer.model.moments[viewer.cursor - 1];
            return { act: act?.number ?? 1, last: act?.last ?? 0, at: here?.at ?? 0 };
        },
        setLanguage: lang => viewer.setLanguage(lang),
        destroy: () => viewer.destroy(),
    };
}
