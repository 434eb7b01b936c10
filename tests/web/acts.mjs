// acts.mjs - a record as the lab writes them: acts, moments, notes, TCBs, a look, a table, checks, three
// hosts. Small, and made of lines that show each thing the viewer draws.
const MS = 1e6;
const [C, S, X] = ['10.0.0.1:20000', '10.0.0.2:80', '10.0.0.9:4444'];
const options = { has: ['mss', 'window-scale', 'sack-permitted'], mss: 1460, wscale: 7, wnd: 65535 };

function segment(at, host, event, conn, local, remote, ctl, seq, ack, more = {}) {
    return { at: at * MS, host, conn, event, local, remote, ctl, seq, ack, wnd: 512, up: 0, len: 0, has: [], mss: 0,
             wscale: 0, ts_val: 0, ts_ecr: 0, sack: [], ...more };
}

const state = (at, host, conn, from, to) => ({ at: at * MS, host, conn, event: 'state', from, to });
const tcb = (at, host, conn, values) => ({ at: at * MS, host, conn, tcb: { cwnd: 14600, ssthresh: 4294967295,
    snd_mss: 1460, rcv_mss: 1460, rto_us: 1000000, timer: null, timer_at: 18446744073709551615, ...values } });

class Act {
    constructor(lines) {
        this.lines = lines;
    }

    say(...lines) {
        this.lines.push(...lines);
        return this;
    }

    // Ends a moment.
    end(at) {
        const number = this.lines.filter(line => line.moment !== undefined).length + 1;
        return this.say({ at: at * MS, moment: number });
    }
}

function handshake(act, ...looked) {
    act.say({ at: 0, note: 'The client opens' },
            { at: 0, host: 'client', conn: 1, event: 'opened', local: C, remote: S, active: true },
            { at: 0, host: 'client', conn: 1, event: 'call', name: 'OPEN active', status: 'ok', length: 0 },
            state(0, 'client', 1, 'CLOSED', 'SYN-SENT'),
            segment(0, 'client', 'segment_out', 1, C, S, 'SYN', 100, 0, options),
            tcb(0, 'client', 1, { state: 'SYN-SENT', snd_una: 100, snd_nxt: 101, iss: 100, timer: 'retransmission',
                                  timer_at: 1000 * MS })).end(0);
    act.say(segment(50, 'server', 'segment_in', 2, S, C, 'SYN', 100, 0, options),
            { at: 50 * MS, host: 'server', conn: 2, event: 'opened', local: S, remote: C, active: false },
            state(50, 'server', 2, 'CLOSED', 'LISTEN'), state(50, 'server', 2, 'LISTEN', 'SYN-RECEIVED'),
            segment(50, 'server', 'segment_out', 2, S, C, 'SYN,ACK', 900, 101, options),
            tcb(50, 'server', 2, { state: 'SYN-RECEIVED',
                snd_una: 900, snd_nxt: 901, iss: 900, irs: 100, rcv_nxt: 101 })).end(50);
    act.say(segment(100, 'client', 'segment_in', 1, C, S, 'SYN,ACK', 900, 101, options),
            state(100, 'client', 1, 'SYN-SENT', 'ESTABLISHED'),
            segment(100, 'client', 'segment_out', 1, C, S, 'ACK', 101, 901),
            tcb(100, 'client', 1, { state: 'ESTABLISHED',
                snd_una: 101, snd_nxt: 101, iss: 100, irs: 900, rcv_nxt: 901 })).end(100).say(...looked);
    act.say(segment(150, 'server', 'segment_in', 2, S, C, 'ACK', 101, 901),
            state(150, 'server', 2, 'SYN-RECEIVED', 'ESTABLISHED'),
            tcb(150, 'server', 2, { state: 'ESTABLISHED',
                snd_una: 901, snd_nxt: 901, iss: 900, irs: 100, rcv_nxt: 101 })).end(150);
}

function attack(act) {
    act.say({ at: 20000 * MS, note: 'Somebody else guesses at the connection <script>alert(1)</script>' },
            segment(20000, 'server', 'segment_in', 0, S, X, 'RST', 5, 0),
            { at: 20000 * MS, host: 'server', conn: 0, event: 'dropped', rule: '3.10.7.1',
              why: 'there is no such connection' }).end(20000);
    act.say(segment(20100, 'client', 'segment_out', 1, C, S, 'PSH,ACK', 101, 901, { len: 10 })).end(20100);
    act.say({ at: 21100 * MS, host: 'client', conn: 1, event: 'timer', name: 'retransmission', count: 0 },
            { at: 21100 * MS, host: 'client', conn: 1, event: 'retransmit', seq: 101, len: 10, why: 'timeout' },
            segment(21100, 'client', 'segment_out', 1, C, S, 'PSH,ACK', 101, 901, { len: 10 })).end(21100);
    act.say(segment(21150, 'server', 'segment_in', 2, S, C, 'PSH,ACK', 101, 901, { len: 10 }),
            segment(21150, 'server', 'segment_out', 2, S, C, 'ACK', 901, 111)).end(21150);
    act.say({ table: { title: 'What each side has', columns: ['side', 'octets'],
                       rows: [['client', '10'], ['server', '10']] } },
            { check: 'every octet arrived once', ok: true }, { check: 'nobody was deceived', ok: false });
}

export function actsRecord() {
    const lines = [{ record: 1, title: 'Two acts', lang: 'en', hosts: ['client', 'server', 'attacker'],
                     command: 'aksu lab two-acts --seed 1' }];
    const act = new Act(lines);
    act.say({ act: 1, title: 'A handshake', text: 'Watch both states.\nThe server is later.' });
    handshake(act, { at: 120 * MS, look: 'the ACK is under way', ends: [
        { host: 'client', tcb: { state: 'ESTABLISHED', iss: 100, irs: 900, snd_una: 101, rcv_nxt: 902,
                                 rto_us: 150000 } },
        { host: 'server', tcb: null }] });
    act.say({ act: 2, title: 'An attack', text: 'The same network, and somebody else on it.' });
    handshake(act);
    attack(act);
    return lines;
}

export const asText = lines => `${lines.map(line => JSON.stringify(line)).join('\n')}\n`;
