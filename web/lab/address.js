// address.js - what is played, as the page's address:
// #handshake?seed=1&step=5&delay=20&turn=1:20000000:cut:30&lang=ko. Whoever gets it sees the same.

const NUMBER = /^\d{1,18}$/, SEED = /^\d{1,20}$/, SEED_MOST = 2n ** 64n - 1n;
const isSeed = text => SEED.test(text) && BigInt(text) <= SEED_MOST;

function readTurn(text) {
    const [act, at, knob, value] = text.split(':');
    return NUMBER.test(act) && NUMBER.test(at) && NUMBER.test(value)
        ? { act: Number(act), at: Number(at), knob, value: Number(value) } : null;
}

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;                    // a lonely %
    }
}

// What is not understood is left out: `odd` has it.
export function readAddress(hash) {
    const [scenario, query = ''] = decoded(hash.replace(/^#/, '')).split('?');
    const play = { scenario, seed: '1', step: null, knobs: {}, turns: [], lang: null, odd: [] };
    for (const [name, value] of new URLSearchParams(query)) {
        if (name === 'turn') {
            const turn = readTurn(value);
            if (turn)
                play.turns.push(turn);
            else
                play.odd.push(`${name}=${value}`);
        } else if (name === 'lang') {
            play.lang = value === 'ko' ? 'ko' : 'en';
            if (value !== play.lang)
                play.odd.push(`${name}=${value}`);
        } else if (name === 'seed' && isSeed(value)) {
            play.seed = value;
        } else if (name === 'seed' || !NUMBER.test(value)) {
            play.odd.push(`${name}=${value}`);
        } else if (name === 'step') {
            play.step = Number(value);
        } else {
            play.knobs[name] = Number(value);
        }
    }
    return play;
}

// How many letters must change, come or go to make one word of the other.
function edits(a, b) {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 0; i < a.length; i++) {
        const next = [i + 1];
        for (let k = 0; k < b.length; k++)
            next.push(Math.min(next[k] + 1, row[k + 1] + 1, row[k] + (a[i] !== b[k])));
        row = next;
    }
    return row[b.length];
}

// The scenario that is meant: by its name or its number, in small letters or large ones. `exact`: it is that,
// and not just the nearest name. Of no name: undefined.
export function findScenario(scenarios, text) {
    const wanted = text.toLowerCase().slice(0, 40);
    const found = scenarios.find(one => one.name === wanted || one.id.toLowerCase() === wanted);
    if (found || !wanted)
        return { found, exact: Boolean(found) };
    const far = one => (one.name.startsWith(wanted) ? 0 : edits(one.name, wanted));
    return { found: scenarios.reduce((best, one) => (far(one) < far(best) ? one : best)), exact: false };
}

export const turnText = turn => `${turn.act}:${turn.at}:${turn.knob}:${turn.value}`;

// What the scenario can play of it: knobs that it has, within their bounds, and turns of these.
export function fitAddress(play, scenario) {
    const fitting = (name, value) => {
        const knob = scenario.knobs.find(one => one.name === name);
        return knob && Math.min(knob.most, Math.max(knob.least, value));
    };
    for (const [name, value] of Object.entries(play.knobs)) {
        const fits = fitting(name, value);
        if (fits !== value)
            play.odd.push(`${name}=${value}`);
        if (fits === undefined)
            delete play.knobs[name];
        else
            play.knobs[name] = fits;
    }
    play.turns = play.turns.flatMap(turn => {
        const fits = fitting(turn.knob, turn.value);
        if (fits !== turn.value)
            play.odd.push(`turn=${turnText(turn)}`);
        return fits === undefined ? [] : [{ ...turn, value: fits }];
    });
}

export function writeAddress(play, step, lang) {
    const words = new URLSearchParams();
    if (play.seed !== '1')
        words.set('seed', play.seed);
    for (const [name, value] of Object.entries(play.knobs))
        words.set(name, value);
    for (const turn of play.turns)
        words.append('turn', turnText(turn));
    if (step >= 0)
        words.set('step', step);
    if (lang === 'ko')
        words.set('lang', 'ko');
    const query = words.toString().replaceAll('%3A', ':');
    return `#${play.scenario}${query ? `?${query}` : ''}`;
}
