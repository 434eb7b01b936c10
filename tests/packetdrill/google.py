"""google.py - the scripts of google/packetdrill, gtests/net/tcp, for a stack in a shared object: no command of theirs is
run. What they ask of the system by sysctl becomes lines for the adapter, nothing else of their commands is left. PSH in what
leaves is not compared: the scripts have it where Linux's segmentation offload leaves it. `run` calls it."""
import os
import re

# Google's run_all.py gives these to every script.
V4 = ['--local_ip=192.168.0.1', '--gateway_ip=192.168.0.1', '--netmask_ip=255.255.0.0', '--remote_ip=192.0.2.1',
      '-D', 'TFO_COOKIE=3021b9d889017eeb', '-D', 'CODE=host_unreachable']
VARIANTS = {
    'ipv4': [*V4, '--ip_version=ipv4', '-D', 'CMSG_LEVEL_IP=SOL_IP', '-D', 'CMSG_TYPE_RECVERR=IP_RECVERR'],
    'mapped': [*V4, '--ip_version=ipv4-mapped-ipv6', '-D', 'CMSG_LEVEL_IP=SOL_IPV6',
               '-D', 'CMSG_TYPE_RECVERR=IPV6_RECVERR'],
    'ipv6': ['--ip_version=ipv6', '--mtu=1520', '--local_ip=fd3d:0a0b:17d6::1',
             '--gateway_ip=fd3d:0a0b:17d6:8888::1', '--remote_ip=fd3d:fa7b:d17d::1',
             '-D', 'TFO_COOKIE=c1d1e9742a47a9bc', '-D', 'CMSG_LEVEL_IP=SOL_IPV6',
             '-D', 'CMSG_TYPE_RECVERR=IPV6_RECVERR'],
}
CORE = ('blocking close ecn fast_recovery fast_retransmit ioctl limited_transmit mss nagle sack shutdown slow_start '
        'syscall_bad_arg ts_recent user_timeout validate').split()
# What Linux does and the scripts on Fast Open expect: short segments are acknowledged at once at the start, one more
# short one may be out (Minshall's rule for Nagle's), timestamps may be missing, text outlives a reset.
LINUX = ['quick_short_acks', 'nodelay', 'tolerate_no_timestamps', 'reset_keeps_text']
ONE_SCRIPT = {'fastopen/client/nonblocking-sendmsg-multi-iov.pkt': ['delayed_ack_us=1'],
              'fast_retransmit/fr-4pkt-fack-last-mss.pkt': ['reordering_window_ms=40'],
              'ts_recent/invalid_ack.pkt': ['no_challenge_acks']}
# And what those on TCP itself expect: as much as is acknowledged opens cwnd, a peer may hold its ACK back for 200 ms, a
# window probe has no text.
LINUX_CORE = ['quick_short_acks', 'slow_start_limit=65535', 'peer_ack_delay_ms=200', 'empty_window_probes']
COMMAND = re.compile(r'`[^`]*`')
SETTING = re.compile(r'(?:net\.ipv4\.|/proc/sys/net/ipv4/)([a-z_0-9]+)=("[^"]*"|[^\s`;]+)')
PUSHED = re.compile(r'^(\s*\S+\s+>\s+(?:[\[(].*?[\])]\s*)?)([A-Z]*P[A-Z.]*)(?=\s)', re.M)
EVENT = re.compile(r'^\s*(\+|\d|\.\d|\*)')


def settings(text, defaults):
    """NAME=VALUE of every sysctl that is set before the first event, the last one of a name wins."""
    found = dict(defaults)
    inside = False
    for line in text.splitlines():
        code = line.split('//')[0]
        if EVENT.match(code) and not inside and '`' not in code:
            break
        found.update((name, value.strip('"')) for name, value in SETTING.findall(code))
        inside ^= code.count('`') % 2 == 1
    return found


def defaults_of(root):
    """What the suite's own defaults.sh sets, with its arithmetic done."""
    with open(os.path.join(root, 'common', 'defaults.sh')) as file:
        text = re.sub(r'\$\(\(([\d*]+)\)\)', lambda m: str(product(m.group(1))), file.read())
    return {name: value.strip('"') for name, value in SETTING.findall(text)}


def command(text):
    """What a command sets goes to the adapter, which looks again at each socket(), setsockopt() and send()."""
    lines = ['net.ipv4.%s=%s' % (name, value.strip('"')) for name, value in SETTING.findall(text)]
    if 'tcp_metrics flush' in text:
        lines.append('net.ipv4.tcp_metrics=flush')
    told = ''.join(f"; echo '{line}' >> $AKSU_SYSCTLS" for line in lines)
    return '`true' + told + '\n' * text.count('\n') + '`'


def product(text):
    result = 1
    for factor in text.split('*'):
        result *= int(factor)
    return result


def scripts(root):
    """Yields (path, text, class, flags for the adapter, sysctls). A script that wants the fq qdisc wants pacing."""
    defaults = defaults_of(root)
    for folder, _, files in os.walk(root):
        for name in sorted(files):
            if not name.endswith('.pkt'):
                continue
            rel = os.path.relpath(os.path.join(folder, name), root)
            with open(os.path.join(folder, name), errors='replace') as file:
                text = file.read()
            group = rel.split('/')[0]
            kind = 'core' if group in CORE else 'fastopen' if group == 'fastopen' else 'linux'
            text = PUSHED.sub(lambda m: m.group(1) + m.group(2).replace('P', ''), text)
            lines_kept = COMMAND.sub(lambda m: command(m.group()), text)
            found = settings(text, defaults)
            paced = any(re.search(r'\bfq\b', command) for command in COMMAND.findall(text))
            flags = ['paced'] if paced else []
            if kind == 'fastopen':
                flags += LINUX
            else:
                flags += LINUX_CORE
            flags += ONE_SCRIPT.get(rel, [])
            yield rel, lines_kept, kind, flags, ['net.ipv4.%s=%s' % pair for pair in found.items()]


def options_of(variant, text):
    """Addresses that a script gives are its own; those are of IPv4."""
    own = re.findall(r'^(--(?:local|remote)_ip=)(?=\d+\.)', text, re.M) if variant != 'ipv6' else []
    given = dict(re.findall(r'^(--(?:local|remote)_ip=)(\d+\.\S+)', text, re.M))
    return [next((o + given[o] for o in own if option.startswith(o)), option) for option in VARIANTS[variant]]


def variants_of(rel):
    """*v6.pkt only as IPv6, *v4.pkt only as IPv4 and mapped."""
    return [v for v in VARIANTS if not rel.endswith('v4.pkt' if v == 'ipv6' else 'v6.pkt')]
