// panels.js - what stands around the ladder: the act and its text, what happened in this step, and
// what the scenario looks at, tables and checks of an act.
import { h, setText } from './dom.js';
import { lookRows } from './tcb.js';
import { sentenceOf, eventName, fieldsOf, fill, timeText } from './text.js';

const FIELDS_MOST = 40;

// The title, the act with its text, and which connection is shown.
export class ActPanel {
    constructor(w, viewer) {
        Object.assign(this, { w, viewer });
        this.title = h('h1', { class: 'av-title' });
        this.command = h('code', { class: 'av-command' });
        this.acts = h('select', { 'aria-label': w.act, onchange: () => this.toAct(Number(this.acts.value)) });
        this.actField = h('label', { class: 'av-field' }, `${w.act} `, this.acts);
        this.connections = h('select', { 'aria-label': w.connection, onchange: () => this.choose() });
        this.connectionField = h('label', { class: 'av-field' }, `${w.connection} `, this.connections);
        this.heading = h('h2', { class: 'av-act-title' });
        this.intro = h('p', { class: 'av-intro' });
        this.text = h('p', { class: 'av-act-text' });
        this.element = h('header', { class: 'av-head-panel' },
            h('div', { class: 'av-titles' }, this.title, this.command),
            h('div', { class: 'av-choosers' }, this.actField, this.connectionField),
            this.intro, this.heading, this.text);
    }

    toAct(index) {
        this.viewer.step(this.viewer.model.acts[index].first);
    }

    choose() {
        const { value } = this.connections;
        this.viewer.choose(value === 'all' ? null : this.act.connections[Number(value)]);
    }

    nameOf(model, c) {
        const name = host => model.hosts[host].name ?? this.w.peer;
        const ends = c.ends.map(end => `${name(end.host)} ${end.at}`).join(' – ');
        return `${c.udp ? `${this.w.flow} ` : ''}${ends}${c.nth > 0 ? ` (${c.nth + 1})` : ''}`;
    }

    update(model, act, c) {
        if (this.model !== model) {
            this.model = model;
            setText(this.title, model.header.title ?? this.w.untitled);
            setText(this.command, model.header.command ?? '');
            this.command.hidden = !model.header.command;
            setText(this.intro, model.header.text ?? '');
            this.intro.hidden = !model.header.text;
            this.actField.hidden = model.acts.length < 2;
            this.acts.replaceChildren(...model.acts.map((a, i) => h('option', { value: i },
                `${i + 1}. ${a.title}`)));
            this.act = null;
        }
        if (!act) {
            setText(this.text, this.w.empty);
            this.heading.hidden = this.connectionField.hidden = true;
            return;
        }
        if (this.act !== act)
            this.fill(model, act);
        this.connections.value = c ? String(c.id) : 'all';
    }

    fill(model, act) {
        this.act = act;
        this.acts.value = String(act.index);
        setText(this.heading, act.title);
        this.heading.hidden = !act.title;
        setText(this.text, act.text);
        this.text.hidden = !act.text;
        this.connectionField.hidden = act.connections.length < 2;
        const all = act.shown?.length === 0 && act.hosts.size > 2 ? this.w.no_connection : this.w.all_connections;
        this.connections.replaceChildren(h('option', { value: 'all' }, all),
            ...act.connections.map(c => h('option', { value: c.id }, this.nameOf(model, c))));
    }
}

// What happened in the step at the cursor; the fields are made when somebody opens them.
export class NowPanel {
    constructor(w) {
        this.w = w;
        this.list = h('ol', { class: 'av-now-list' });
        this.element = h('section', { class: 'av-panel av-now-panel', 'aria-live': 'polite', 'aria-label': w.now },
                         h('h3', {}, w.now), this.list);
    }

    update(model, act, c, cursor) {
        if (this.model === model && this.c === c && this.cursor === cursor)
            return;
        Object.assign(this, { model, c, cursor });
        const moment = model.moments[cursor - 1];
        const all = moment?.items ?? [], ours = all.filter(item => !c || !item.c || item.c === c);
        const items = ours.filter(item => item.kind !== 'tcb');
        if (items.length === 0) {
            const why = !moment ? this.w.now_nothing : ours.length > 0 ? this.w.now_quiet : this.w.now_other;
            this.list.replaceChildren(h('li', { class: 'av-none' }, why));
            return;
        }
        this.list.replaceChildren(...items.slice(0, FIELDS_MOST).map(item => this.entry(model, act, item)));
        if (items.length > FIELDS_MOST)
            this.list.append(h('li', { class: 'av-none' }, `+ ${items.length - FIELDS_MOST}`));
    }

    entry(model, act, item) {
        const host = item.host === null ? null : model.hosts[item.host].name ?? this.w.peer;
        const time = item.at === undefined ? null : h('time', {}, timeText(item.at - act.start));
        const head = h('summary', {}, host === null ? null : h('b', {}, `${host} `),
                       h('span', { class: 'av-now-name' }, eventName(item, this.w)), ' ',
                       h('span', { class: 'av-now-text' }, sentenceOf(item, this.w)),
                       item.raw.steps ? h('span', { class: 'av-now-steps' }, item.raw.steps) : null);
        const list = h('dl', {}), details = h('details', {}, head, time, list);
        if (item.kind === 'event')
            details.addEventListener('toggle', () => list.replaceChildren(
                ...fieldsOf(item).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
        return h('li', {}, details);
    }
}

// Looks, tables and checks of the act, once they were said.
export class AfterPanel {
    constructor(w) {
        this.w = w;
        this.element = h('div', { class: 'av-after' });
    }

    // `whole`: tables are all that there is to see of the act.
    update(act, cursor, whole) {
        const said = act.items.filter(item => (item.kind === 'table' && (whole || item.moment <= cursor)) ||
            (['look', 'check'].includes(item.kind) && item.moment <= cursor));
        if (this.act === act && this.said === said.length)
            return;
        Object.assign(this, { act, said: said.length });
        const tables = said.filter(item => item.kind === 'table').map(item => this.table(item.raw.table));
        const checks = said.filter(item => item.kind === 'check');
        const looks = said.filter(item => item.kind === 'look').map(item => this.look(item.raw, act));
        this.element.replaceChildren(...looks, ...tables, ...(checks.length ? [this.checks(checks)] : []));
    }

    look({ at, look, ends }, act) {
        const table = this.table({ title: `${timeText(at - act.start)}: ${look}`,
                                   columns: ['', ...ends.map(end => end.host)],
                                   rows: lookRows(ends, this.w, act.start) });
        table.classList.add('av-look');
        return table;
    }

    table(table) {
        const cells = (row, tag) => h('tr', {}, ...row.map(cell =>
            h(tag, tag === 'th' ? { scope: 'col' } : {}, String(cell))));
        return h('div', { class: 'av-panel av-data' }, h('table', {}, h('caption', {}, table.title ?? ''),
            h('thead', {}, cells(table.columns ?? [], 'th')),
            h('tbody', {}, ...(table.rows ?? []).map(row => cells(row, 'td')))));
    }

    checks(checks) {
        return h('section', { class: 'av-panel av-checks' }, h('h3', {}, this.w.checks),
            h('ul', {}, ...checks.map(({ raw }) => h('li', { class: raw.ok ? 'ok' : 'bad' },
                h('span', { class: 'av-verdict' }, raw.ok ? this.w.check_ok : this.w.check_bad), ` ${raw.check}`))));
    }
}
