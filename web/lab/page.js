// page.js - the page of the labs: which scenario, its knobs, and the viewer of what was played. What is
// played is a function of the address, so everything here ends in play().
import { createViewer } from '../viewer/viewer.js';
import { parseLines } from '../viewer/record.js';
import { h, setText } from '../viewer/dom.js';
import { Core } from './core.js';
import { findScenario, readAddress, writeAddress, fitAddress, turnText } from './address.js';
import { ScenarioList, Knobs, fillWords } from './controls.js';
import { LAB_WORDS } from './lab_words.js';

const TURNS_MOST = 64, MS = 1e6;
const QUICK_MS = 40, WAIT_MS = 250;     // what takes longer is not played at each move of a slider

class LabPage {
    constructor(core, element) {
        this.core = core;
        this.element = element;
        this.take(readAddress(location.hash));
        this.build();
        addEventListener('hashchange', () => this.arrive());
    }

    // What the address says; an unknown scenario becomes the one with the nearest name.
    take(play) {
        const wished = play.lang ?? this.lang ?? (/^ko\b/.test(navigator.language) ? 'ko' : 'en');
        this.lang = wished;
        const scenarios = this.core.scenarios(this.lang), { found, exact } = findScenario(scenarios, play.scenario);
        this.unknown = !exact && play.scenario ? play.scenario : null;
        this.playing = { ...(exact ? play : readAddress('')), scenario: (found ?? scenarios[0]).name, lang: play.lang };
        fitAddress(this.playing, this.scenario);
        this.arrived = true;
    }

    get w() {
        return LAB_WORDS[this.lang];
    }

    get scenario() {
        return this.core.scenarios(this.lang).find(one => one.name === this.playing.scenario);
    }

    build() {
        const { w } = this, last = this.viewer;
        document.documentElement.lang = this.lang;
        last?.destroy();
        this.list = new ScenarioList(w, this.core.scenarios(this.lang), name => this.choose(name));
        this.knobs = new Knobs(w, this);
        this.notice = h('p', { class: 'lab-notice', role: 'status', hidden: true });
        const stage = h('main', { class: 'lab-stage' });
        const skip = event => {
            event.preventDefault();
            stage.querySelector('.av-ladder').focus();
        };
        this.element.replaceChildren(
            h('a', { href: '#', class: 'lab-skip', onclick: skip }, w.skip),
            h('aside', { class: 'lab-side' }, h('p', { class: 'lab-name' }, w.heading), this.list.select,
                this.knobs.element, this.list.element),
            h('div', { class: 'lab-right' }, this.notice, stage));
        this.viewer = createViewer(stage, { lang: this.lang, onStep: () => this.writeSoon(),
                                            onLanguage: lang => this.speak(lang) });
        window.aksuLab = this;          // for those who look from the console, and for the tests
        this.knobs.show(this.scenario, this.playing);
        this.play(this.playing.step ?? -1);
    }

    // Plays, and puts the cursor on `step`; null: where it is; -1: at the end of the first act, so that
    // there is something to see.
    play(step) {
        clearTimeout(this.replaying);
        const began = performance.now();
        const lines = parseLines(this.core.play(this.playing, this.lang));
        this.took = performance.now() - began;
        this.tidy(lines);
        const failed = lines.find(line => line.failed !== undefined);
        const before = this.viewer.step();
        this.viewer.setRecord(lines);
        this.viewer.step(step === null ? before : step < 0 ? this.viewer.moment.last : step);
        if (step > this.viewer.step())
            this.playing.odd.push(`step=${step}`);
        this.list.show(this.playing.scenario);
        document.title = `${this.scenario.title} · ${this.w.heading}`;
        const said = failed ? fillWords(this.w.failed, { why: failed.failed })
            : this.unknown ? fillWords(this.w.unknown, { name: this.unknown, near: this.playing.scenario })
            : this.playing.odd.length > 0 ? fillWords(this.w.odd, { what: this.playing.odd.join(', ') }) : '';
        this.notice.hidden = said === '';
        setText(this.notice, said);
        this.writeSoon();
    }

    // Turns of acts that there are not, when an address comes with them; and the command, which has none.
    tidy(lines) {
        const acts = new Set(lines.map(line => line.act)), header = lines.find(line => line.record);
        const stray = this.arrived ? this.playing.turns.filter(turn => !acts.has(turn.act)) : [];
        this.arrived = false;
        this.playing.odd.push(...stray.map(turn => `turn=${turnText(turn)}`));
        this.playing.turns = this.playing.turns.filter(turn => !stray.includes(turn));
        this.knobs.showTurns(this.scenario, this.playing);
        if (header && this.playing.turns.length > 0)
            header.command += ` (${this.w.turns})`;
    }

    // A slider says many values while it moves: when a play takes its time, only the last one is played.
    replay() {
        clearTimeout(this.replaying);
        this.playing.odd = [];
        if (this.took < QUICK_MS)
            this.play(null);
        else
            this.replaying = setTimeout(() => this.play(null), WAIT_MS);
    }

    // A browser takes only some addresses a second.
    writeSoon() {
        this.writing ??= setTimeout(() => {
            this.writing = null;
            history.replaceState(null, '', writeAddress(this.playing, this.viewer.step(), this.lang));
        }, 150);
    }

    arrive() {
        const before = this.lang;
        this.take(readAddress(location.hash));
        if (this.lang !== before) {
            this.build();
            return;
        }
        this.knobs.show(this.scenario, this.playing);
        this.play(this.playing.step ?? -1);
    }

    choose(name) {
        history.pushState(null, '', writeAddress({ ...readAddress(''), scenario: name }, 0, this.lang));
        this.arrive();
        scrollTo(0, 0);
    }

    speak(lang) {
        this.lang = lang;
        this.playing.step = this.viewer.step();
        this.build();
    }

    set(name, value) {
        const knob = this.scenario.knobs.find(one => one.name === name);
        if (value === knob.initial)
            delete this.playing.knobs[name];
        else
            this.playing.knobs[name] = value;
        this.knobs.refresh(this.scenario, this.playing);
        this.replay();
    }

    // One turn of a knob at a moment: the one that is there is changed.
    turn(name, value) {
        const { act, at } = this.viewer.moment, { turns } = this.playing;
        const there = turns.find(one => one.act === act && one.at === at && one.knob === name);
        if (there)
            there.value = value;
        else if (turns.length < TURNS_MOST)
            turns.push({ act, at, knob: name, value });
        this.knobs.refresh(this.scenario, this.playing);
        this.replay();
    }

    cutNow() {
        this.turn('cut', Math.max(1, Math.ceil(this.viewer.moment.at / MS)));
    }

    untwist(index) {
        this.playing.turns.splice(index, 1);
        this.knobs.refresh(this.scenario, this.playing);
        this.play(null);
    }

    reset() {
        Object.assign(this.playing, { knobs: {}, turns: [], seed: '1', odd: [] });
        this.knobs.show(this.scenario, this.playing);
        this.play(-1);
    }

    otherSeed() {
        this.playing.seed = String(BigInt(this.playing.seed) % 999999999n + 1n);
        this.knobs.refresh(this.scenario, this.playing);
        this.play(null);
    }

    async share() {
        history.replaceState(null, '', writeAddress(this.playing, this.viewer.step(), this.lang));
        try {
            await navigator.clipboard.writeText(location.href);
            this.knobs.wasShared();
        } catch {                       // there is none for http://, and it may be forbidden
            this.knobs.showAddress(location.href);
        }
    }
}

async function openLab() {
    const element = document.getElementById('lab');
    const w = LAB_WORDS[/^ko\b/.test(navigator.language) ? 'ko' : 'en'];
    const say = text => element.replaceChildren(h('p', { class: 'lab-notice', role: 'alert' }, text));
    try {
        new LabPage(await Core.load(window.aksuCore), element);
        performance.mark('lab-visible');
    } catch (error) {
        say(fillWords(w.broken, { why: error.message }));
        throw error;
    }
}

openLab();
