// packet.js - segments, datagrams and ICMP messages: one host sends them, another one gets them. Which
// event is which, and how an ICMP message is called.
const OUT = new Set(['segment_out', 'udp_out', 'icmp_out']);
const IN = new Set(['segment_in', 'udp_in', 'udp_dropped', 'icmp_in']);

export const isOut = item => OUT.has(item.event);
export const isIn = item => IN.has(item.event);
export const isPacket = item => isOut(item) || isIn(item);
export const isSegment = item => item.event === 'segment_in' || item.event === 'segment_out';
export const isDatagram = item => item.event?.startsWith('udp_') ?? false;
export const isMessage = item => item.event === 'icmp_in' || item.event === 'icmp_out';
export const TCP = 6, UDP = 17;

// "10.0.0.1" of "10.0.0.1:80", "fd00::1" of "[fd00::1]:80".
export const addressOf = end => end.slice(0, end.lastIndexOf(':')).replace(/[[\]]/g, '');

const damaged = item => item.event === 'udp_dropped' && item.raw.why === 'UDP checksum';

// A datagram or a message that arrived looks as the one that was sent.
export function looksAs(out, item) {
    const a = out.raw, b = item.raw;
    if (isMessage(out))
        return isMessage(item) && a.type === b.type && a.code === b.code;
    return isDatagram(out) && isDatagram(item) && a.len === b.len && (a.sum === b.sum || damaged(item));
}

// RFC 792 and RFC 4443: errors, [type][code] or [type].
const V4 = { 3: { 0: 'network unreachable', 1: 'host unreachable', 2: 'protocol unreachable',
                  3: 'port unreachable', 4: 'fragmentation needed', 5: 'source route failed',
                  6: 'network unknown', 7: 'host unknown', 9: 'network prohibited',
                  10: 'host prohibited', 13: 'prohibited', any: 'unreachable' },
             4: { any: 'source quench' }, 5: { any: 'redirect' }, 11: { any: 'time exceeded' },
             12: { any: 'parameter problem' } };
const V6 = { 1: { 0: 'no route', 1: 'prohibited', 2: 'beyond scope', 3: 'address unreachable',
                  4: 'port unreachable', any: 'unreachable' },
             2: { any: 'packet too big' }, 3: { any: 'time exceeded' }, 4: { any: 'parameter problem' } };

export function messageName(raw) {
    const type = ((raw.from ?? raw.to).includes(':') ? V6 : V4)[raw.type];
    const name = type?.[raw.code] ?? type?.any ?? `type ${raw.type} code ${raw.code}`;
    return `ICMP ${name}`;
}
