// test_record.mjs - the model of a record: moments, connections, which arrival is that of which
// segment, windows, TCBs. Records are made here, line by line.
import { readRecord, parseLines } from '../../web/viewer/record.js';
import { windowOf } from '../../web/viewer/connection.js';
import { segmentLabel, relative } from '../../web/viewer/text.js';
import { historyOf, lastUpTo } from '../../web/viewer/tcb.js';
import { seriesOf, statesOf } from '../../web/viewer/series.js';
import { layOut } from '../../web/viewer/layout.js';
import { wordsOf } from '../../web/viewer/words.js';
import { is, holds } from './check.mjs';

const A = '10.0.0.1:20000', B = '10.0.0.2:80';
const MS = 1e6;

// A segment at one end: 'a' sends from A, 'b' from B.
function segment(at, who, event, ctl, seq, ack, len = 0, more = {}) {
    const [local, remote] = who === 'a' ? [A, B] : [B, A];
    return { at, host: who, conn: who === 'a' ? 1 : 2, event, local, remote, ctl, seq, ack, wnd: 1000, up: 0, len,
             has: [], mss: 0, wscale: 0, ts_val: 0, ts_ecr: 0, sack: [], ...more };
}

const out = (at, who, ...rest) => segment(at, who, 'segment_out', ...rest);
const arrive = (at, who, ...rest) => segment(at, who, 'segment_in', ...rest);
const opened = (at, who, conn = who === 'a' ? 1 : 2, local = who === 'a' ? A : B, remote = who === 'a' ? B : A) =>
    ({ at, host: who, conn, event: 'opened', local, remote, active: who === 'a' });
const state = (at, who, from, to) => ({ at, host: who, conn: who === 'a' ? 1 : 2, event: 'state', from, to });
const header = { record: 1, title: 't', lang: 'en', hosts: ['a', 'b'] };

const SYN = { has: ['mss', 'window-scale'], mss: 1460, wscale: 3, wnd: 65535 };
const handshake = [
    opened(0, 'a'), state(0, 'a', 'CLOSED', 'SYN-SENT'), out(0, 'a', 'SYN', 0xfffffff0, 0, 0, SYN),
    arrive(10 * MS, 'b', 'SYN', 0xfffffff0, 0, 0, SYN), opened(10 * MS, 'b'), state(10 * MS, 'b', 'CLOSED', 'LISTEN'),
    state(10 * MS, 'b', 'LISTEN', 'SYN-RECEIVED'), out(10 * MS, 'b', 'SYN,ACK', 500, 0xfffffff1, 0, SYN),
    arrive(20 * MS, 'a', 'SYN,ACK', 500, 0xfffffff1, 0, SYN), state(20 * MS, 'a', 'SYN-SENT', 'ESTABLISHED'),
    out(20 * MS, 'a', 'ACK', 0xfffffff1, 501), arrive(30 * MS, 'b', 'ACK', 0xfffffff1, 501),
    state(30 * MS, 'b', 'SYN-RECEIVED', 'ESTABLISHED'),
];
const of = (...lines) => readRecord([header, ...handshake, ...lines]);
const one = model => model.acts[0].connections[0];
const sentBy = (model, event = 'segment_out') => one(model).items.filter(item => item.event === event);

{
    const model = of();
    is('a handshake is one connection', 1, model.acts[0].connections.length);
    is('a step is what one host does at one time', [4, [3, 5, 3, 2]],
       [model.moments.length, model.moments.map(m => m.items.length)]);
    is('each segment found its arrival', [10, 10, 10], sentBy(model).map(i => (i.arrival.at - i.at) / MS));
    is('numbers are relative to the SYN, across the wrap', '17', relative(one(model).ends[0], 1));
    is('the label of the ladder', 'SYN,ACK seq 0 ack 1 wnd 65535', segmentLabel(sentBy(model)[1]));
    is('a SYN is not scaled, what follows is', [65535, 8000],
       [windowOf(one(model), 0, sentBy(model)[0].raw), windowOf(one(model), 0, sentBy(model)[2].raw)]);
    const tcb = historyOf(one(model));
    is('the TCB of the client, from the events', ['ESTABLISHED', 0xfffffff1, 501],
       ['state', 'snd_una', 'rcv_nxt'].map(name => lastUpTo(tcb[0], 4).values[name]));
    is('and before its SYN,ACK', ['SYN-SENT', 0xfffffff0],
       ['state', 'snd_una'].map(name => lastUpTo(tcb[0], 2).values[name]));
    is('states over time', [['SYN-SENT', 0, 20], ['ESTABLISHED', 20, 30]],
       statesOf(one(model), 0, 30 * MS).map(span => [span.state, span.from / MS, span.to / MS]));
}
{
    const text = (at, seq) => out(at, 'a', 'ACK', seq, 501, 100);
    const model = of(text(40 * MS, 0xfffffff1), text(41 * MS, 85), text(42 * MS, 185),
                     arrive(50 * MS, 'b', 'ACK', 0xfffffff1, 501, 300));
    const [arrival] = sentBy(model, 'segment_in').slice(-1);
    is('one arrival may be that of three that were joined', [3, true],
       [arrival.from.length, arrival.from.every(o => o.arrival === arrival)]);
}
{
    const model = of(out(40 * MS, 'a', 'ACK', 0xfffffff1, 501, 300), arrive(50 * MS, 'b', 'ACK', 0xfffffff1, 501, 100),
                     arrive(50 * MS, 'b', 'ACK', 85, 501, 200));
    const long = sentBy(model).at(-1);
    is('one that was cut has arrived with its last piece', [2, 85], [long.pieces.length, long.arrival.raw.seq]);
}
{
    const text = { ts_val: 7 };
    const model = of(out(40 * MS, 'a', 'ACK', 0xfffffff1, 501, 100), out(41 * MS, 'a', 'ACK', 85, 501, 100),
                     arrive(51 * MS, 'b', 'ACK', 85, 501, 100),
                     { at: 90 * MS, host: 'a', conn: 1, event: 'retransmit', seq: 0xfffffff1, len: 100,
                       why: 'fast retransmit' },
                     out(90 * MS, 'a', 'ACK', 0xfffffff1, 501, 100, text),
                     arrive(100 * MS, 'b', 'ACK', 0xfffffff1, 501, 100, text),
                     arrive(101 * MS, 'b', 'ACK', 0xfffffff1, 501, 100, text),
                     arrive(102 * MS, 'b', 'RST', 4711, 0));
    const sent = sentBy(model).slice(-3), got = sentBy(model, 'segment_in').slice(-2);
    is('the first is lost, its retransmission is not', [true, undefined, undefined], sent.map(i => i.lost));
    is('and says why', 'fast retransmit', sent[2].why);
    is('a duplicate is told from what nobody sent', [true, false], got.map(i => i.again));
    const series = seriesOf(one(model), 0);
    is('the plot has it as sent again', [[1, false, true], [101, false, false], [1, true, false]],
       series.segments.slice(-3).map(g => [g.from, g.again, g.lost]));
    const drawn = layOut(model, model.acts[0], one(model), 900, 1, wordsOf('en'));
    is('the ladder draws both ends of each arrow',
       ['arrived', 'arrived', 'arrived', 'lost', 'arrived', 'arrived', 'nowhere', 'nowhere'],
       drawn.entries.filter(e => e.kind === 'arrow').sort((a, b) => a.id - b.id).map(e => e.end));
    holds('time goes downwards', drawn.entries.filter(e => e.kind === 'arrow' && e.end === 'arrived')
        .every(e => e.y2 > e.y1));
}
{
    const model = readRecord([...handshake, { at: 40 * MS, host: 'a', conn: 1, event: 'deleted', status: 'ok' },
        opened(50 * MS, 'a'), out(50 * MS, 'a', 'SYN', 9000, 0, 0, SYN)]);
    is('a port that is used again is another connection', [2, 9000],
       [model.acts[0].connections.length, model.acts[0].connections[1].ends[0].isn]);
    is('it is closed now', 'CLOSED', statesOf(model.acts[0].connections[0], 0, 60 * MS).at(-1).state);
}
{
    const half = 0x80000001;
    const numbered = lines => lines.map(l => (l.host === 'b' ? { ...l, conn: half } : l));
    const model = readRecord([header, ...numbered(handshake.slice(0, -1)),
        { at: 30 * MS, host: 'b', conn: 2, event: 'completed', half_open: half }, handshake.at(-1)]);
    is('half-open and whole it is one', [1, 'ESTABLISHED'],
       [model.acts[0].connections.length, statesOf(one(model), 1, 30 * MS).at(-1).state]);
}
{
    const model = readRecord(handshake.filter(line => line.host === 'a'));
    is('of a record of one end the other is outside', [2, true, 'unseen'],
       [model.hosts.length, model.hosts[1].outside, layOut(model, model.acts[0], one(model), 900, 1, wordsOf('en'))
           .entries.find(e => e.kind === 'arrow').end]);
}
{
    const model = readRecord([header, { act: 1, title: 'one', text: 'look' }, ...handshake.slice(0, 3),
        { at: 0, moment: 1 }, ...handshake.slice(3, 10),
        { at: 20 * MS, host: 'a', conn: 1, tcb: { state: 'ESTABLISHED', snd_una: 3, cwnd: 9 } },
        { at: 20 * MS, moment: 2 }, { act: 2, title: 'two', text: '' }, ...handshake, { at: 30 * MS, moment: 3 },
        { check: 'it holds', ok: true }, { strange: 1 }]);
    is('acts and the moments that the record marks', [2, 3, [1, 1, 2]],
       [model.acts.length, model.moments.length, model.moments.map(m => m.act.number)]);
    is('numbers begin again in each act', 1, model.acts[1].connections.length);
    is('a TCB that is said goes before what is guessed', [3, 9], ['snd_una', 'cwnd'].map(name =>
       lastUpTo(historyOf(model.acts[0].connections[0])[0], 2).values[name]));
}
{
    const twice = { ...handshake[11], at: 60 * MS };       // one of two equal ACKs, 10 ms under way as the others
    const model = readRecord([header, ...handshake.slice(0, 11), { ...handshake[10], at: 50 * MS }, twice,
        { at: 200 * MS, host: 'a', conn: 1, event: 'timer', name: 'KEEPALIVE', count: 0 }]);
    is('of equal segments the one that took as long as others has arrived', [true, undefined],
       sentBy(model).slice(-2).map(i => i.lost));
}
is('two hosts at one time are two steps', 2, readRecord([header, out(5, 'a', 'ACK', 1, 1), arrive(5, 'b', 'ACK', 1, 1)])
    .moments.length);
is('lines that are none are left out', [{ a: 1 }], parseLines('{"a":1}\n{"at":\n\n7\n'));
