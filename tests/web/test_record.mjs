// test_record.mjs - the model of a record: moments, connections, which arrival is that of which
// segment, windows, TCBs. Records are made here, line by line.
import { readRecord, parseLines } from '../../web/viewer/record.js';
import { windowOf } from '../../web/viewer/connection.js';
import { segmentLabel, packetLabel, packetDetails, sentenceOf, relative } from '../../web/viewer/text.js';
import { historyOf, lastUpTo, cellText } from '../../web/viewer/tcb.js';
import { seriesOf, statesOf } from '../../web/viewer/series.js';
import { foldTimes, between } from '../../web/viewer/plots.js';
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
    is('the shortest one of it', 'SYN,ACK seq 0 ack 1', segmentLabel(sentBy(model)[1], 3));
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
    is('where there is little room text says less', ['ACK seq 1 len 100 ack 1 wnd 8000', 'ACK seq 1 len 100 ack 1',
       'ACK seq 1 len 100 ack 1', 'seq 1 len 100'], [0, 1, 2, 3].map(level => segmentLabel(sent[0], level)));
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
{
    const told = { state: 'ESTABLISHED', snd_una: 0xfffffff1, snd_nxt: 0xfffffff1, iss: 0xfffffff0, cwnd: 9,
                   rto_us: 5 };
    const model = of({ at: 30 * MS, host: 'a', conn: 1, tcb: told }, state(40 * MS, 'a', 'ESTABLISHED', 'FIN-WAIT-1'),
        out(40 * MS, 'a', 'FIN,ACK', 0xfffffff1, 501), { at: 40 * MS, host: 'a', conn: 1, tcb: null },
        arrive(60 * MS, 'a', 'ACK', 501, 0xfffffff2),
        { at: 70 * MS, host: 'a', conn: 1, event: 'deleted', status: 'ok' });
    const at = time => lastUpTo(historyOf(one(model))[0], model.moments.findLast(m => m.at <= time * MS).number).values;
    is('a TCB that nobody can ask for is what segments tell', ['FIN-WAIT-1', undefined, undefined, 0xfffffff2],
       [at(40).state, at(40).cwnd, at(40).rto_us, at(60).snd_una]);
    is('and when it is gone a state', 'CLOSED', at(70).state);
    is('before the SYN of the other end there is no RCV.NXT', ['–', '–', '1'], [
        cellText('rcv_nxt', { state: 'SYN-SENT', irs: 0, rcv_nxt: 0 }, one(model), 0, 0),
        cellText('irs', { state: 'SYN-SENT', irs: 0, rcv_nxt: 0 }, one(model), 0, 0),
        cellText('rcv_nxt', { state: 'ESTABLISHED', irs: 500, rcv_nxt: 501 }, one(model), 0, 0)]);
}
{
    const model = of(state(40 * MS, 'b', 'ESTABLISHED', 'CLOSED'), { ...handshake[3], at: 90 * MS, conn: 9 },
        { ...opened(90 * MS, 'b', 9) }, { ...state(90 * MS, 'b', 'LISTEN', 'SYN-RECEIVED'), conn: 9 },
        { ...out(90 * MS, 'b', 'SYN,ACK', 70000, 0xfffffff1, 0, SYN), conn: 9 });
    const [, next] = model.acts[0].connections;
    is('an old SYN that is taken begins another connection', [2, '0', true], [model.acts[0].connections.length,
       relative(next.ends[1], 70000), next.items.find(item => item.event === 'segment_in').again]);
}
{
    const S = 1000 * MS, even = foldTimes([0, 10 * MS, 20 * MS, 40 * MS]);
    is('times without pauses are in proportion', [20 * MS, 0.5],
       [between(even, 0.5, 1, 0), between(even, 20 * MS, 0, 1)]);
    const folded = foldTimes([0, 10 * MS, 40 * MS, 90 * S, 90 * S + 10 * MS, 18000 * S]);
    holds('pauses are folded, and time goes on', folded[2][1] > 0.3 && folded[3][1] < folded[4][1] &&
          folded[5][1] === 1 && folded[3][1] - folded[2][1] < folded[5][1] - folded[4][1], folded);
    is('a place is a time again', 90 * S, between(folded, between(folded, 90 * S, 0, 1), 1, 0));
}
{
    const look = (at, words) => ({ at: at * MS, look: words, ends: [{ host: 'a', tcb: null }] });
    const model = readRecord([header, { act: 1, title: 'one', text: '' }, look(0, 'before'), ...handshake.slice(0, 3),
        { at: 0, moment: 1 }, look(5, 'behind'), ...handshake.slice(3, 7), look(10, 'within'), handshake[7],
        { at: 10 * MS, moment: 2 }, { act: 2, title: 'two', text: '' }, ...handshake.slice(0, 3), { at: 0, moment: 3 },
        look(99, 'last'), { check: 'it holds', ok: true }]);
    is('a look belongs to the step that has just been, or that is under way', [3, [1, 1, 2, 3]],
       [model.moments.length, model.acts.flatMap(a => a.items).filter(i => i.kind === 'look').map(i => i.moment)]);
    is('and is said in it', [['before', 'behind'], ['within'], ['last']], model.moments.map(m =>
       m.items.filter(i => i.kind === 'look').map(i => sentenceOf(i, wordsOf('en')))));
    is('time does not go on for it', [10, 0], model.acts.map(a => a.end / MS));
}
is('two hosts at one time are two steps', 2, readRecord([header, out(5, 'a', 'ACK', 1, 1), arrive(5, 'b', 'ACK', 1, 1)])
    .moments.length);
is('lines that are none are left out', [{ a: 1 }], parseLines('{"a":1}\n{"at":\n\n7\n'));

// --- datagrams and ICMP ---

const P = '10.0.0.1:5000', Q = '10.0.0.2:9000';
const datagram = (at, who, event, len, sum, more = {}) => ({ at: at * MS, host: who, conn: 0, event,
    local: who === 'a' ? P : Q, remote: who === 'a' ? Q : P, len, sum, ...more });
const told = (at, from, more = {}) => ({ at: at * MS, host: 'a', conn: 0, event: 'icmp_in', from, type: 3, code: 1,
    verdict: 'taken', protocol: 6, local: A, remote: B, mtu: 0, ...more });
const en = wordsOf('en');
const arrowsOf = (model, c = null) => layOut(model, model.acts[0], c, 900, 1, en).entries
    .filter(entry => entry.kind === 'arrow').map(entry => [packetLabel(entry.item), entry.from, entry.to, entry.end]);

{
    const model = of(datagram(40, 'a', 'udp_out', 5, 1), datagram(41, 'a', 'udp_out', 5, 2),
                     datagram(42, 'a', 'udp_out', 5, 3), datagram(51, 'b', 'udp_in', 5, 2),
                     datagram(52, 'b', 'udp_dropped', 5, 4, { why: 'UDP checksum' }),
                     datagram(60, 'b', 'udp_in', 9, 7));
    const [tcp, flow] = model.acts[0].connections;
    is('datagrams between two endpoints are a flow', [2, false, true, 1],
       [model.acts[0].connections.length, tcp.udp, flow.udp, model.acts[0].tcp]);
    const out = flow.items.filter(item => item.event === 'udp_out');
    is('each found its arrival by its sum, one that is damaged by its time', [null, 51, 52],
       out.map(item => item.arrival && item.arrival.at / MS));
    is('the other one is lost', [true, false, false], out.map(item => item.lost === true));
    is('they are arrows, and what nobody sent comes from nowhere',
       [['UDP len 5', 0, 1, 'lost'], ['UDP len 5', 0, 1, 'arrived'], ['UDP len 5', 0, 1, 'arrived'],
        ['UDP len 9', 0, 1, 'nowhere']], arrowsOf(model, flow));
    is('the drop is said where it happened', ['dropped: UDP checksum'],
       layOut(model, model.acts[0], flow, 900, 1, en).entries.filter(e => e.kind === 'pill').flatMap(e => e.lines));
    is('the connection has none of it', 0, tcp.items.filter(item => item.event.startsWith('udp_')).length);
}

{
    const soft = { at: 45 * MS, host: 'a', conn: 1, event: 'soft_error', status: 'host unreachable' };
    const model = of(soft, told(45, '10.0.0.254'), told(50, '10.0.0.2', { code: 3, verdict: 'not believed' }),
                     told(55, '10.0.0.254', { protocol: 0, conn: 1, type: 11, code: 0, verdict: null }),
                     told(60, '10.0.0.254', { remote: '10.0.0.2:81' }));
    const about = one(model).items.filter(item => item.event === 'icmp_in');
    is('an error belongs to the connection that it quotes, or whose number it bears', 3, about.length);
    is('and to no other', undefined, model.acts[0].items.at(-1).c);
    const arrows = arrowsOf(model, one(model)).slice(-3);
    is('it is an arrow, from a router or from who says that it is the peer',
       [['ICMP host unreachable', 1, 0, 'third'], ['ICMP port unreachable', 1, 0, 'nowhere'],
        ['ICMP time exceeded', 1, 0, 'third']], arrows);
    is('with who told', [['from 10.0.0.254'], ['not sent by the other end'], ['from 10.0.0.254']],
       about.map(item => packetDetails(item, en)));
    const { entries } = layOut(model, model.acts[0], one(model), 900, 1, en);
    const [arrow] = entries.filter(e => e.item === about[0]), effect = entries.find(e => e.item.event === 'soft_error');
    holds('the cause stands above what came of it', arrow.y1 < effect.y, [arrow.y1, effect.y]);
    is('which stands for its verdict; another one is said', ['not believed'],
       entries.filter(e => e.kind === 'pill' && e.item.event === 'icmp_in').flatMap(e => e.lines));
    is('the list says all', 'ICMP host unreachable, from 10.0.0.254, taken', sentenceOf(about[0], en));
}

{
    const reply = [datagram(40, 'a', 'udp_out', 8, 1),
                   datagram(50, 'b', 'udp_dropped', 8, 1, { why: 'no such UDP port' }),
                   { at: 50 * MS, host: 'b', conn: 0, event: 'icmp_out', to: '10.0.0.1', type: 3, code: 3, protocol: 17,
                     local: Q, remote: P },
                   told(60, '10.0.0.2', { code: 3, protocol: 17, local: P, remote: Q })];
    const model = of(...reply);
    is('the port that nobody has: a datagram, and the error that goes back',
       [['UDP len 8', 0, 1, 'arrived'], ['ICMP port unreachable', 1, 0, 'arrived']],
       arrowsOf(model, model.acts[0].connections[1]));
    const six = { ...told(1, '2001:db8::2', { type: 1, code: 4 }), local: '[2001:db8::1]:5',
                  remote: '[2001:db8::2]:6' };
    const v6 = readRecord([header, ...handshake.map(line => ({ ...line, ...(line.local && { local: line.local === A
        ? six.local : six.remote, remote: line.remote === B ? six.remote : six.local }) })), { ...six, at: 90 * MS }]);
    is('IPv6 has other types, and brackets', [['ICMP port unreachable', 1, 0, 'nowhere']], arrowsOf(v6).slice(-1));
}
