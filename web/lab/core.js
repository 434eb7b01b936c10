// core.js - the labs' C code in the page (start.js has it compiled). A play is a function of
// what it is asked for, and its outcome a record (lines of JSON).


// The labs read and write nothing: no call of the system is ever made.
function noSystem(module) {
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
        imports[from] ??= {};
        imports[from][name] = () => { throw new Error(`${from}.${name}`); };
    }
    return imports;
}

export class Core {
    constructor(instance) {
        this.wasm = instance.exports;
        this.wasm._initialize();
        this.scenarioLists = new Map();
    }

    static async load(compiled) {
        const module = await compiled;
        return new Core(await WebAssembly.instantiate(module, noSystem(module)));
    }

    text(at) {
        return new TextDecoder().decode(new Uint8Array(this.wasm.memory.buffer, at, this.wasm.core_length()));
    }

    // [{id, name, title, text, knobs: [{name, unit, help, initial, least, most}]}]
    scenarios(lang) {
        if (!this.scenarioLists.has(lang))
            this.scenarioLists.set(lang, JSON.parse(this.text(this.wasm.core_scenarios(lang === 'ko' ? 1 : 0))));
        return this.scenarioLists.get(lang);
    }

    // `play`: {scenario, seed, knobs: {name: value}, turns: [{act, at, knob, value}]}. The record's text.
    play(play, lang) {
        const all = this.scenarios(lang), number = all.findIndex(one => one.name === play.scenario);
        const knobs = all[number].knobs, place = name => knobs.findIndex(knob => knob.name === name);
        this.wasm.core_prepare(number, lang === 'ko' ? 1 : 0, BigInt(play.seed));
        for (const [name, value] of Object.entries(play.knobs))
            if (place(name) >= 0)
                this.wasm.core_knob(place(name), BigInt(value));
        for (const turn of play.turns)
            if (place(turn.knob) >= 0)
                this.wasm.core_turn(turn.act, BigInt(turn.at), place(turn.knob), BigInt(turn.value));
        return this.text(this.wasm.core_play());
    }
}
