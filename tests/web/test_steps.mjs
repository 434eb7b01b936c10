// test_steps.mjs - every scenario at every step, for each connection of it: what the page shows of it in
// one place is not denied in another. The state of an end is the same in the TCBs and in the ladder; no
// number is below the ISN it is counted from, or so far above that nobody sent it; no segment is lost
// that arrives later. The modules of the page themselves, without a browser: it is a function of the
// record and of the cursor.
import { spawnSync } from 'node:child_process';
import { readRecord, parseLines } from '../../web/viewer/record.js';
import { layOut } from '../../web/viewer/layout.js';
import { historyOf, lastUpTo, cellText } from '../../web/viewer/tcb.js';
import { segmentLabel } from '../../web/viewer/text.js';
import { wordsOf } from '../../web/viewer/words.js';
import { is, holds, test } from './check.mjs';

const root = new URL('../../', import.meta.url).pathname;
const aksu = process.env.AKSU ?? `${root}build/gcc/aksu`;
const WIDTH = 900, FAR = 2 ** 24, HALF = 2 ** 31, FEW = 8, FAULTS_MOST = 6;
const w = wordsOf('en'), all = { looks: 0 };

const lab = (...args) => {
    const { stdout, status } = spawnSync(aksu, ['lab', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status !== 0)
        throw new Error(`aksu lab ${args.join(' ')}: ${status}`);
    return stdout;
};

// What stands in the head of the ladder is that of its layout.
const stateInLadder = (layout, host, cursor) =>
    layout.states.get(host).findLast(change => change.moment <= cursor)?.state ?? '–';

const numbersOf = text => (text.match(/\d[\d,]*/g) ?? []).map(n => Number(n.replaceAll(',', '')));

function stepsOf(act, c, name, fault) {
    const layout = layOut(act.model, act, c, WIDTH, 1, w), history = historyOf(c);
    for (let n = act.first; n <= act.last; n++) {
        c.ends.forEach((end, side) => {
            const values = lastUpTo(history[side], n)?.values ?? {};
            const panel = cellText('state', values, c, side, act.start), head = stateInLadder(layout, end.host, n);
            if (panel !== head)
                fault(`${name} step ${n} side ${side}: ${panel} in the TCB, ${head} in the ladder`);
            const una = cellText('snd_una', values, c, side, act.start);
            if (values.state?.startsWith('SYN-') && una !== '0' && una !== '–')
                fault(`${name} step ${n} side ${side}: ${values.state}, and SND.UNA ${una}`);
            for (const field of ['snd_una', 'snd_nxt', 'rcv_nxt']) {
                const text = cellText(field, values, c, side, act.start);
                if (text.startsWith('-') || numbersOf(text).some(v => v >= FAR))
                    fault(`${name} step ${n} side ${side}: ${field} ${text}`);
            }
        });
    }
    return layout;
}

const equal = (a, b) => ['ctl', 'seq', 'ack', 'len'].every(name => a[name] === b[name]);

// Old segments are below the ISN of the connection that they come to: these are not counted here.
function segmentsOf(layout, c, name, fault) {
    const lost = layout.entries.filter(entry => entry.end === 'lost');
    for (const { item } of lost)
        if (item.arrival)
            fault(`${name} step ${item.moment}: lost, and arrives at ${item.arrival.moment}`);
    for (const item of c.items.filter(one => one.event === 'segment_in' && one.from.length === 0 && !one.again)) {
        const sent = lost.find(entry => entry.item.side !== item.side && equal(entry.item.raw, item.raw));
        if (sent)
            fault(`${name} step ${item.moment}: from nowhere, and lost at ${sent.item.moment}`);
    }
    for (const { item, kind } of layout.entries) {
        if (kind !== 'arrow' || item.raw.ctl === undefined)
            continue;
        const label = segmentLabel(item);
        if (numbersOf(label).some(v => v >= HALF))
            fault(`${name} step ${item.moment}: ${label}`);
    }
}

// What the scenario looks at belongs to the moment that the record ends in front of it; when something was said
// since then, to the one that is under way, of which more may happen.
function looksOf(model, lines, name, fault) {
    const looks = model.acts.flatMap(act => act.items.filter(item => item.kind === 'look')), within = new Set();
    let moment = 0, said = false;
    const wanted = [];
    for (const line of lines) {
        moment = line.moment ?? moment;
        said = line.event !== undefined || (said && line.moment === undefined && line.act === undefined);
        if (line.look !== undefined)
            wanted.push(said ? moment + 1 : moment);
        if (line.look !== undefined && said)
            within.add(line);
    }
    is(`${name}: each look at its step`, wanted, looks.map(item => item.moment));
    for (const { act, moment: n, raw } of looks)
        for (const { host, tcb } of raw.ends.filter(end => end.tcb)) {
            const c = act.connections.find(one => one.ends.some(end => model.hosts[end.host].name === host &&
                                                                     end.isn === tcb.iss));
            const side = c?.ends.findIndex(end => model.hosts[end.host].name === host);
            const panel = c && lastUpTo(historyOf(c)[side], n)?.values.state;
            if (panel && panel !== tcb.state && !within.has(raw))
                fault(`${name} step ${n} ${host}: ${tcb.state} looked at, ${panel} in the TCB`);
        }
    return looks.length;
}

function scenario(name) {
    const lines = parseLines(lab(name, '--json', '-')), model = readRecord(lines), faults = [];
    let looked = 0;
    const fault = text => faults.push(text);
    for (const act of model.acts) {
        act.model = model;
        for (const c of act.connections.slice(0, FEW)) {
            const layout = stepsOf(act, c, `${name} act ${act.number} connection ${c.id}`, fault);
            segmentsOf(layout, c, `${name} act ${act.number} connection ${c.id}`, fault);
            looked += (act.last - act.first + 1);
        }
    }
    all.looks += looksOf(model, lines, name, fault);
    is(`${name}: at no step two places deny each other`, [], faults.slice(0, FAULTS_MOST));
    return looked;
}

await test('steps', () => {
    const names = lab('--list').match(/^ *S\d\d +\S+/gm).map(line => line.trim().split(/\s+/)[1]);
    holds('there are scenarios', names.length >= 20, names);
    const looked = names.map(scenario).reduce((a, b) => a + b, 0);
    holds(`${all.looks} times the scenarios look at TCBs`, all.looks > 20, all.looks);
    holds(`${looked} steps were looked at`, looked > 5000, looked);
});
