// controls.js - the scenarios to choose from, and the knobs of the one that is played.
import { h, setText } from '../viewer/dom.js';

export const fillWords = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export class ScenarioList {
    constructor(w, scenarios, choose) {
        this.links = scenarios.map(one => h('a', { href: `#${one.name}`, class: 'lab-link', onclick: event => {
            event.preventDefault();
            choose(one.name);
        } }, h('small', {}, one.id), h('span', {}, one.title)));
        this.names = scenarios.map(one => one.name);
        this.select = h('select', { class: 'lab-select', 'aria-label': w.choose,
                                    onchange: () => choose(this.select.value) },
            ...scenarios.map(one => h('option', { value: one.name }, `${one.id} ${one.title}`)));
        this.element = h('nav', { class: 'lab-list', 'aria-label': w.scenarios },
            h('h2', {}, w.scenarios),
            h('ul', {}, ...this.links.map(link => h('li', {}, link))));
    }

    show(name) {
        this.select.value = name;
        this.links.forEach((link, i) => {
            if (this.names[i] === name)
                link.setAttribute('aria-current', 'page');
            else
                link.removeAttribute('aria-current');
        });
    }
}

// A slider takes some hundred steps; what has a wide range moves in steps that grow.
const SCALE_FROM = 1000, SLIDER = 300;
const isWide = knob => knob.most - knob.least > SCALE_FROM;

function rounded(value) {
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
    return Math.round(value / unit) * unit;
}

// The values of a wide range that a slider can have, with the one that it has now.
function valuesOf(knob, value) {
    const values = new Set([knob.initial, value]);
    for (let place = 0; place <= SLIDER; place++)
        values.add(Math.min(knob.most,
            knob.least + rounded(Math.expm1(place / SLIDER * Math.log1p(knob.most - knob.least)))));
    return [...values].sort((a, b) => a - b);
}

export const knobText = (w, knob, value) => knob.unit === 'flag' ? (value ? w.on : w.off)
    : `${value}${knob.unit ? ` ${knob.unit}` : ''}`;

const labButton = (text, onclick, style = 'lab-button') => h('button', { type: 'button', class: style, onclick }, text);

const WIDE = '(min-width: 901px)';      // as in lab.css

export class Knobs {
    // `page`: set(name, value), turn(name, value), untwist(index), reset(), otherSeed(), share().
    constructor(w, page) {
        this.w = w;
        this.page = page;
        this.body = h('div', { class: 'lab-knob-list' });
        this.chips = h('ul', { class: 'lab-turns' });
        this.fromNow = h('select', { 'aria-label': w.when },
            h('option', { value: '' }, w.from_start), h('option', { value: 'now' }, w.from_now));
        this.seed = h('span', { class: 'lab-seed' });
        this.shareButton = labButton(w.share, () => page.share());
        this.cut = labButton(w.cut_now, () => page.cutNow(), 'lab-button lab-danger');
        this.when = h('label', { class: 'lab-when' }, `${w.when} `, this.fromNow);
        this.address = h('input', { class: 'lab-address', readonly: true, hidden: true, 'aria-label': w.copy_this });
        this.element = h('details', { class: 'lab-knobs', open: page.knobsOpen ?? matchMedia(WIDE).matches,
                                      ontoggle: () => { page.knobsOpen = this.element.open; } },
            h('summary', {}, h('h2', {}, w.knobs)), this.body, this.when, this.chips,
            h('div', { class: 'lab-buttons' }, this.cut,
                labButton(w.reset, () => page.reset()), labButton(w.other_seed, () => page.otherSeed()),
                this.shareButton), this.address, this.seed);
    }

    get holdsFromNow() {
        return this.fromNow.value === 'now';
    }

    knob(knob, value) {
        const { w, page } = this, id = `knob-${knob.name}`;
        const said = h('output', { for: id }, knobText(w, knob, value));
        const change = v => {
            setText(said, knobText(w, knob, v));
            if (knob.unit !== 'flag')
                input.setAttribute('aria-valuetext', knobText(w, knob, v));
            if (this.holdsFromNow)
                page.turn(knob.name, v);
            else
                page.set(knob.name, v);
        };
        const values = isWide(knob) ? valuesOf(knob, value) : null, valueAt = n => values ? values[n] : n;
        const input = knob.unit === 'flag'
            ? h('input', { id, type: 'checkbox', checked: value !== 0, onchange: () => change(input.checked ? 1 : 0) })
            : h('input', { id, type: 'range', min: values ? 0 : knob.least, max: values ? values.length - 1 : knob.most,
                           'aria-valuetext': knobText(w, knob, value),
                           oninput: () => change(valueAt(Number(input.value))) });
        if (knob.unit !== 'flag')
            input.value = values ? values.indexOf(value) : value;
        return h('div', { class: `lab-knob${knob.unit === 'flag' ? ' is-flag' : ''}` },
            h('label', { for: id }, knob.help), said, input);
    }

    show(scenario, play) {
        const { w } = this;
        this.address.hidden = true;
        this.body.replaceChildren(...(scenario.knobs.length === 0 ? [h('p', {}, w.none)]
            : scenario.knobs.map(knob => this.knob(knob, play.knobs[knob.name] ?? knob.initial))));
        this.when.hidden = scenario.knobs.length === 0;
        this.cut.hidden = !scenario.knobs.some(knob => knob.name === 'cut');
        this.showTurns(scenario, play);
        setText(this.seed, `${w.seed} ${play.seed}`);
    }

    showTurns(scenario, play) {
        const { w, page } = this;
        this.chips.replaceChildren(...play.turns.map((turn, i) => {
            const knob = scenario.knobs.find(one => one.name === turn.knob);
            const text = fillWords(w.turned, { act: turn.act, time: Math.round(turn.at / 1e6), knob: turn.knob,
                                               value: knob ? knobText(w, knob, turn.value) : turn.value });
            return h('li', {}, text, h('button', { type: 'button', class: 'lab-undo',
                                                   'aria-label': `${w.undo}: ${text}`,
                                                   onclick: () => page.untwist(i) }, '×'));
        }));
    }

    // The knobs are not made again while one of them is dragged.
    refresh(scenario, play) {
        this.showTurns(scenario, play);
        setText(this.seed, `${this.w.seed} ${play.seed}`);
    }

    showAddress(text) {
        this.address.hidden = false;
        this.address.value = text;
        this.address.select();
    }

    wasShared() {
        setText(this.shareButton, this.w.shared);
        setTimeout(() => setText(this.shareButton, this.w.share), 1500);
    }
}
