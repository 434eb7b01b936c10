// address.js - what is played, as the page's address:
// #handshake?seed=1&step=5&delay=20&turn=1:20000000:cut:30&lang=ko. Whoever gets it sees the same.

const NUMBER = /^\d{1,18}$/;

function readTurn(text) {
    const [act, at, knob, value] = text.split(':');
    return NUMBER.test(act) && NUMBER.test(at) && NUMBER.test(value)
        ? { act: Number(act), at: Number(at), knob, value: Number(value) } : null;
}

// What is not understood is left out.
export function readAddress(hash) {
    const [scenario, query = ''] = decodeURIComponent(hash.replace(/^#/, '')).split('?');
    const play = { scenario, seed: '1', step: null, knobs: {}, turns: [], lang: null };
    for (const [name, value] of new URLSearchParams(query)) {
        if (name === 'turn') {
            const turn = readTurn(value);
            if (turn)
                play.turns.push(turn);
        } else if (name === 'lang') {
            play.lang = value === 'ko' ? 'ko' : 'en';
        } else if (NUMBER.test(value)) {
            if (name === 'seed')
                play.seed = value;
            else if (name === 'step')
                play.step = Number(value);
            else
                play.knobs[name] = Number(value);
        }
    }
    return play;
}

export function writeAddress(play, step, lang) {
    const words = new URLSearchParams();
    if (play.seed !== '1')
        words.set('seed', play.seed);
    for (const [name, value] of Object.entries(play.knobs))
        words.set(name, value);
    for (const turn of play.turns)
        words.append('turn', `${turn.act}:${turn.at}:${turn.knob}:${turn.value}`);
    if (step >= 0)
        words.set('step', step);
    if (lang === 'ko')
        words.set('lang', 'ko');
    const query = words.toString().replaceAll('%3A', ':');
    return `#${play.scenario}${query ? `?${query}` : ''}`;
}
