// toolbar.js - the buttons that move the cursor, and the list of keys.
import { h, setText, setAttribute } from './dom.js';
import { fill, timeText } from './text.js';
import { unitOf } from './layout.js';

const ICONS = {
    start: 'M6 5v14M19 5L9 12l10 7z', back: 'M16 5L7 12l9 7z', play: 'M7 4l13 8-13 8z',
    pause: 'M7 5h3v14H7zM14 5h3v14h-3z', forward: 'M8 5l9 7-9 7z', end: 'M18 5v14M5 5l10 7-10 7z',
    plus: 'M12 5v14M5 12h14', minus: 'M5 12h14', theme: 'M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z',
    help: 'M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18v.5',
};

function icon(name) {
    const span = h('span', { class: 'av-icon', 'aria-hidden': 'true' });
    span.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18"><path d="${ICONS[name]}"/></svg>`;
    return span;
}

function button(name, label, onclick, more = {}) {
    return h('button', { type: 'button', class: 'av-button', 'aria-label': label, title: label, onclick, ...more },
             icon(name));
}

export class Toolbar {
    constructor(w, viewer) {
        this.w = w;
        this.range = h('input', { type: 'range', class: 'av-range', min: 0, value: 0, 'aria-label': w.position,
                                  oninput: () => viewer.step(Number(this.range.value)) });
        this.playButton = button('play', `${w.play} (Space)`, () => viewer.play(), { class: 'av-button av-play' });
        this.count = h('span', { class: 'av-count' });
        this.time = h('span', { class: 'av-clock' });
        const other = viewer.lang === 'ko' ? 'EN' : '한국어';
        this.language = h('button', { type: 'button', class: 'av-button av-text av-language',
                                      'aria-label': `${other}: ${w.language}`, title: w.language,
                                      onclick: () => viewer.setLanguage(viewer.lang === 'ko' ? 'en' : 'ko') }, other);
        this.helpButton = button('help', `${w.help} (?)`, () => this.toggleHelp(), { 'aria-expanded': 'false' });
        const steps = h('div', { class: 'av-steps', role: 'group', 'aria-label': w.controls },
            button('start', `${w.to_start} (Home)`, () => viewer.step(0)),
            button('back', `${w.back} (←)`, () => viewer.move(-1)), this.playButton,
            button('forward', `${w.forward} (→)`, () => viewer.move(1)),
            button('end', `${w.to_end} (End)`, () => viewer.step(viewer.steps)));
        const view = h('div', { class: 'av-views', role: 'group' },
            button('minus', `${w.zoom_out} (-)`, () => viewer.zoom(-1)),
            button('plus', `${w.zoom_in} (+)`, () => viewer.zoom(1)),
            button('theme', `${w.theme} (d)`, () => viewer.switchTheme()), this.language, this.helpButton);
        this.element = h('div', { class: 'av-toolbar', role: 'toolbar', 'aria-label': w.controls }, steps,
            h('div', { class: 'av-where' }, this.count, this.range, this.time), view);
        this.help = this.makeHelp();
    }

    makeHelp() {
        const { w } = this;
        const keys = [['→ ←', w.key_step], ['PgDn PgUp', w.key_page], ['Home End', w.key_ends],
                      ['Space', w.key_play], ['+ − 0', w.key_zoom],
                      ['/', w.key_search], ['d', w.key_theme], ['?', w.key_help]];
        return h('div', { class: 'av-help', role: 'dialog', 'aria-label': w.help, hidden: true },
            h('h3', {}, w.help),
            h('dl', {}, ...keys.flatMap(([key, text]) => [
                h('dt', {}, ...key.split(' ').map(k => h('kbd', {}, k))), h('dd', {}, text)])),
            h('button', { type: 'button', class: 'av-button av-text', onclick: () => this.hideHelp() }, w.close));
    }

    toggleHelp() {
        this.help.hidden = !this.help.hidden;
        setAttribute(this.helpButton, 'aria-expanded', !this.help.hidden);
    }

    hideHelp() {
        this.help.hidden = true;
        setAttribute(this.helpButton, 'aria-expanded', false);
    }

    playing(is) {
        const label = is ? this.w.pause : this.w.play;
        this.playButton.replaceChildren(icon(is ? 'pause' : 'play'));
        setAttribute(this.playButton, 'aria-label', `${label} (Space)`);
        setAttribute(this.playButton, 'title', `${label} (Space)`);
    }

    update(viewer, act) {
        const { cursor, steps } = viewer, moment = viewer.model.moments[cursor - 1];
        setAttribute(this.range, 'max', steps);
        if (this.range.value !== String(cursor))
            this.range.value = cursor;
        const text = fill(this.w.step_of, { n: cursor, all: steps });
        setText(this.count, `${cursor} / ${steps}`);
        setAttribute(this.range, 'aria-valuetext', text);
        if (act && this.unitAct !== act)
            Object.assign(this, { unitAct: act, unit: unitOf(act) });
        setText(this.time, moment && act ? timeText(moment.at - act.start, this.unit) : '');
    }
}
