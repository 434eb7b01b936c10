"""freebsd.py - rewrites the scripts of freebsd-net/tcp-testsuite for Google's packetdrill and any stack, and says of
each what it asks for. `run` calls it. The classes:
  rfc      only what RFC 9293 (with RFC 5961, 2018, 2883, 1122) says
  policy   permitted by the RFCs, but timing or thresholds are a choice (delayed ACK, ...)
  option   an optional extension (Fast Open, ECN, MD5)
  knob     a mode that is not the default (RST and SYN by RFC 793, options switched off, ...)
  freebsd  FreeBSD's API, sysctls or encapsulation
  conflict what an RFC forbids
"""
import os
import re

IGNORED_SYSCTL = re.compile(        # environment, or harmless for every stack
    r'hostcache|maxsockbuf=2097152|recvspace|sendspace|blackhole=0|rfc1323=1|sack.enable=1'
    r'|ecn.enable=2|rexmit_initial=1000|rexmit_slop|rexmit_drop_options=0|keepinit=75000'
    r'|syncookies|insecure_(syn|rst)=0|icmp_may_rst=1|drop_synfin=0')

# Plain text substitutions on every kept line.
SUBST = [
    (r'\(hlim ', '(ttl '), (r'\(class ', '(tos '),
    (r'(\d\(\d+\))!', r'\1'),                        # nplab: "seq is absolute"
    (r'time_exceeded ttl_exceeded_in_transit', 'time_exceeded code_0'),
    (r'time_exceeded frag_reass_exceeded', 'time_exceeded code_1'),
    (r'IPPROTO_IPV6, IPV6_UNICAST_HOPS', 'SOL_IPV6, 16'),
    (r'IPPROTO_IPV6,', 'SOL_IPV6,'), (r'IPPROTO_IP,', 'SOL_IP,'),
    (r'IPTOS_DSCP_CS1', '0x20'), (r'IPTOS_DSCP_CS7', '0xe0'),
    (r'^(?! *//)[ +0-9.]*getsockopt\(\d, SOL_SOCKET, SO_RCVBUF.*', ''),   # buffer accounting
    (r'^s//', '//'),                                 # a typo in the suite
    (r'TCPI_SYN_RECEIVED', 'TCP_SYN_RECV'), (r'TCPI_CLOSED', 'TCP_CLOSE'),
    (r'TCPI_FIN_WAIT_', 'TCP_FIN_WAIT'),
    (r'TCPI_(?=ESTAB|CLOSE_WAIT|CLOSING|LAST_ACK|LISTEN|SYN_SENT|TIME_WAIT)', 'TCP_'),
]
WINDOW = 65535                                      # what the stack advertises without a scale
EVENT = re.compile(r'^\s*(\+?\s*[\d.]+(?:\.\.\.[\d.]+)?|\*)\s+(.*)$')


def classify(rel, text, body_insecure_differs):
    """(class, reason) from the path and from the non-default sysctls in the script."""
    name, group = os.path.basename(rel), rel.split('/')[0]
    if group == 'tcp-over-udp':
        if re.search('encaps|sysctl|min-mtu|icmp|plain', name):
            return 'freebsd', 'TCP-over-UDP encapsulation itself'
        if re.search('maxseg|cookie', name):
            return 'policy', 'TCP_MAXSEG on a live connection, or SYN cookies'
        return 'rfc', 'plain TCP walk once the UDP encapsulation is stripped'
    if group == 'fast-open':
        return 'option', 'RFC 7413 client through the FreeBSD API (TCP_FASTOPEN + sendto)'
    if 'md5' in name:
        return 'option', 'RFC 2385, keys set with setkey(8)'
    if 'inherited-from-sysctl' in name or 'tcpinfo' in name or 'noopt' in name:
        return 'freebsd', 'sysctl defaults, TCP_KEEPINIT, TCP_NOOPT or FreeBSD tcp_info'
    if group == 'socket-api':
        if 'active' in name:
            return 'policy', 'TTL/TOS test, but also FreeBSD keep-alive after 1 s and TLP timing'
        return 'rfc', 'TTL/TOS/traffic class per socket (RFC 9293 MUST-48, MUST-49)'
    if group == 'snd-syn':
        if 'keepinit' in name:
            return 'freebsd', 'TCP_KEEPINIT'
        if 'drop-options' in name:
            return 'freebsd', 'rexmit_drop_options'
        if 'max-number' in name:
            return 'policy', 'number of SYN retransmissions (12) before ETIMEDOUT'
        if 'ecn' in name:
            return 'option', 'RFC 3168 ECN SYN and its fallback'
        if 'inherited-from-mtu' in name:
            return 'rfc', 'MSS = MTU - headers (needs the interface MTU, --mtu)'
        if 'default-options' in name:
            return 'rfc', 'default SYN options'
        return 'knob', 'options switched off or window scale from the buffer limit'
    if group == 'rcv-icmp':
        if re.search('ttl-exceeded|proto-unreachable-ipv6', name):
            return 'conflict', 'soft error (RFC 9293 MUST-56: time exceeded, parameter problem); script wants an abort'
        if 'hard-error-ignored' in name:
            return 'knob', 'icmp_may_rst=0'
        if 'prohibited-ipv4' in name:
            return 'policy', 'RFC 1122/9293 do not class admin-prohibited codes as hard errors'
        return 'rfc', 'hard error in SYN-SENT aborts (RFC 9293 SHLD-26, RFC 5461)'
    if group == 'rcv-data-segments':
        if 'reordering' in name:
            return 'policy', 'every 2nd segment of any size ACKed, 40 ms delayed ACK'
        return 'policy', 'RFC 2018/2883 blocks, D-SACK merged as FreeBSD does'
    if group == 'snippets':
        if 'noopt' in name:
            return 'freebsd', 'TCP_NOOPT / tolerate_missing_ts'
        if 'ecn' in name:
            return 'option', 'RFC 3168 simultaneous open'
        return 'rfc', 'state walk'
    if 'drop_synfin=1' in text:
        return 'knob', 'drop_synfin=1'
    if body_insecure_differs:
        return 'knob', 'RFC 793 RST/SYN rules (RFC 5961 switched off)'
    if 'rcv-syn-ack-listen' in rel:
        return 'conflict', 'silence; RFC 9293 3.10.7.2 sends a RST for any ACK in LISTEN'
    if re.search('rcv-rst(-ack)?-time-wait', rel) and re.search('left-edge|right-edge', name):
        return 'conflict', 'RFC 1337 (ignore RST); RFC 9293 3.10.7.4 closes or sends a challenge ACK'
    if 'rcv-fin-time-wait' in rel and 'outside' in name:
        return 'conflict', 'no ACK bit: FreeBSD drops first, RFC 9293 checks the sequence number first'
    if 'rcv-syn-fin-with-data-syn-sent-dropping-disabled' in name:
        return 'conflict', 'FIN on a SYN is forgotten; RFC 9293 3.10.7.3 queues it'
    if re.search('rcv-syn-fin-listen', rel):
        return 'policy', 'SYN+FIN in LISTEN: answered (RFC 9293) or dropped (many stacks)'
    if re.search('rcv-syn(-fin)?-time-wait', rel) and not re.search('left', name):
        return 'policy', 'new SYN above the window in TIME-WAIT: challenge ACK, or reopen (MAY-2)'
    return 'rfc', 'RFC 9293 3.10.7 with RFC 5961'


def convert(rel, text):
    out, skip, started, last_out = [], False, False, None
    held = [] if re.search('-closed/|syn-closed', rel) else None    # CLOSED: no socket until listen() (if ever), so that
                                                # packetdrill addresses the packets itself
    fin = None                                  # sequence number of the FIN the stack has sent
    udp = rel.startswith('tcp-over-udp') and 'plain' not in rel     # which packets are the real ones
    for line in text.splitlines():
        if line.startswith('#'):                    # keep the STANDARD branch only
            skip = line.split()[:2] == ['#ifdef', 'FreeBSD']
            continue
        if skip:
            continue
        if line.startswith('--'):
            if not line.startswith('--udp_encapsulation'):
                out.append(line)
            continue
        for pat, rep in SUBST:
            line = re.sub(pat, rep, line)
        code = line.split('//')[0].rstrip()
        m = EVENT.match(code)
        if not m and '`' not in code:
            if line.strip():
                out.append(line)
            continue
        when, what = m.groups() if m else ('+0.00', code)
        delay = not re.fullmatch(r'\+?\s*0*\.?0*', when)
        if '`' in what:                              # shell commands
            probe = None if last_out is None else probe_for(what, last_out, out)
            if probe:
                out += ['%s %s' % (when, probe[0]), '+0.00 ' + probe[1]]
            elif delay and started:
                out.append('%s `true`' % when)       # keep the time line
            continue
        if re.search('TCP_REMOTE_UDP_ENCAPS_PORT|TCP_RACK_|TCP_FUNCTION_BLK', what):
            continue
        if rel.startswith('socket-api') and what[0] in '<>' and '\n+0.00 listen' in text and \
           not any('listen(' in l or 'connect(' in l for l in out):
            continue                                 # RST from a bound socket: needs nplab's packetdrill
        if held is not None and re.match(r'\w+\(', what):
            held.append('+0.00 ' + what)
            if what.startswith('listen'):
                out, held = out + held, None
            continue
        if what[0] in '<>' and '--udp_encapsulation' in text:
            if bool(re.search(r'/udp\((1 > 9811|9811 > 1)\)', what)) != udp:
                continue
            what = re.sub(r'/udp\(.*?\)', '', what)
        if re.match(r'>', what):
            what = re.sub(r'\bwin +\d+', '', what)
            s = re.match(r'(>.*?\b)(S[EW.]*\s.*)<([^<>]*)>(.*)$', what)
            if s and '...' not in s.group(3) and 'md5' not in s.group(3):
                what = '%s%s<...>%s' % (s.group(1), s.group(2), s.group(4))
            t = re.search(r'(\S+)\s+(\d+):\d+\(\d+\)(?:\s+ack +(\d+))?', what)
            if t and t.group(1) == 'F.':
                seq = int(t.group(2))
                if fin == seq and 'F.' in out[-1] and '<' in out[-1]:
                    # CLOSING: FreeBSD resends the FIN, RFC 9293 wants SEQ=SND.NXT, ACK only
                    what = '> . %d:%d(0) ack %s' % (seq + 1, seq + 1, t.group(3))
                    t = re.search(r'(\S+)\s+(\d+):\d+\(\d+\)(?:\s+ack +(\d+))?', what)
                fin = seq
            if t:
                last_out = (t.group(1), int(t.group(2)), int(t.group(3) or 0))
        elif re.match(r'<', what):                   # sequence numbers at the window's right edge
            what = re.sub(r'\b(65[67]\d\d|66[23]\d\d):(65[67]\d\d|66[23]\d\d)\(0\)',
                          lambda k: '%d:%d(0)' % ((edge(k.group(1)),) * 2), what)
        if not started:                              # packetdrill: first event at time 0
            started = True
            if delay:
                out.append('0.00 `true`')
            else:
                when = '0.00'
        out.append('%s %s' % (when, what.rstrip()))
    if rel.startswith('rcv-data'):
        out = quickack(out)
    return '\n'.join(out) + '\n'


def quickack(lines):
    """Rewrite the receive tests for a stack that ACKs every segment at once."""
    out, data = [], None
    for l in lines:
        if data and re.match(r'\S+ +(<|recv|close)', l):     # in-order data that FreeBSD has not ACKed yet
            out.append('+0.00 > . 1:1(0) ack %s' % data)
            data = None
        if re.match(r'\+0\.04 >', l):
            continue                                        # the delayed ACK itself
        m = re.match(r'\S+ +< +\. +\d+:(\d+)\([1-9]', l)
        data = m.group(1) if m else None if re.match(r'\S+ +>', l) else data
        out.append(l)
    return out


def edge(seq):
    """FreeBSD's real window is the buffer rounded up to the MSS (65700 IPv4, 66240 IPv6)."""
    return int(seq) - (65700 if int(seq) < 66000 else 66240) + WINDOW


def probe_for(cmd, last, out):
    """Turn a sockstat look-up into packets: is the connection still there?"""
    flags, seq, ack = last
    if 'SYN_RCVD' in cmd and 'grep 0' in cmd and flags == 'S.' and '<' in out[-1] and 'R' in out[-1]:
        return '< . 1:1(0) ack 1 win 32767', '> R 1:1(0)'            # LISTEN answers RST
    if 'CLOSED' in cmd:
        return '< . %d:%d(0) ack %d win 32767' % (ack - 1, ack - 1, seq), '> R %d:%d(0)' % (seq, seq)
    if 'TIME_WAIT' in cmd and 'grep 1' in cmd and flags == '.':
        back = [l for l in out if re.search(r'^\S+ [<>]', l)][-2:]
        if len(back) == 2 and re.search(r'< +\. +%d:%d\(0\)' % (ack - 1, ack - 1), back[0]):
            return None                              # the script has just probed
        return '< . %d:%d(0) ack %d win 32767' % (ack - 1, ack - 1, seq), '> . %d:%d(0) ack %d' % (seq, seq, ack)
    return None


def scripts(src):
    """Yields (path, text for Google's packetdrill, class, reason, sysctls that were not the default)."""
    done = {}
    for folder, _, files in os.walk(src):
        for name in files:
            if name.endswith('.pkt'):
                rel = os.path.relpath(os.path.join(folder, name), src)
                with open(os.path.join(folder, name), errors='replace') as file:
                    text = file.read()
                done[rel] = text, convert(rel, text)

    def code(rel):
        return [line for line in done[rel][1].splitlines() if not line.startswith('//')]

    for rel, (text, new) in sorted(done.items()):
        twin = rel.replace('-insecure', '-secure')
        differs = '-insecure' in rel and (twin not in done or code(rel) != code(twin))
        odd = sorted({s for s in re.findall(r'sysctl -w (?:net\.inet\.tcp\.|kern\.ipc\.)(\S+?)`', text)
                      if not IGNORED_SYSCTL.search(s)})
        yield rel, new, *classify(rel, text, differs), odd
