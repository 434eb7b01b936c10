"""table.py - what came of a run: totals for the terminal, and the table of docs/packetdrill.md. `run` calls it."""
import collections

BEGIN, END = '<!-- packetdrill: begin -->', '<!-- packetdrill: end -->'


def by_group(runs):
    """{(suite, group, kind, variant): Counter of results}"""
    groups = collections.defaultdict(collections.Counter)
    for run in runs:
        variant = run.variant if run.suite == 'google' else ''
        groups[run.suite, run.script.split('/')[0], run.kind, variant][run.result] += 1
    return groups


def by_kind(runs):
    kinds = collections.defaultdict(collections.Counter)
    for run in runs:
        kinds[run.suite, run.kind, run.variant if run.suite == 'google' else ''][run.result] += 1
    return kinds


def failed(counter):
    return counter['fail'] + counter['timeout']


def totals(runs):
    for (suite, group, kind, variant), counter in sorted(by_group(runs).items()):
        yield '%-8s %-22s %-9s %-7s pass %4d of %4d, fail %3d, skip %3d' % (
            suite, group, kind, variant, counter['pass'], sum(counter.values()), failed(counter), counter['skip'])
    for (suite, kind, variant), counter in sorted(by_kind(runs).items()):
        yield '%-8s %-22s %-9s %-7s pass %4d of %4d, fail %3d, skip %3d' % (
            suite, 'TOTAL', kind, variant, counter['pass'], sum(counter.values()), failed(counter), counter['skip'])


def group_rows(runs, suite):
    rows = collections.defaultdict(collections.Counter)
    for run in runs:
        if run.suite == suite:
            rows[run.script.split('/')[0], run.kind][run.variant, run.result] += 1
    return rows


def freebsd_lines(runs):
    yield '| group | class | scripts | pass | fail | skip |'
    yield '|---|---|---|---|---|---|'
    for (group, kind), counter in sorted(group_rows(runs, 'freebsd').items()):
        by_result = collections.Counter()
        for (_, result), n in counter.items():
            by_result[result] += n
        yield '| %s | %s | %d | %d | %d | %d |' % (group, kind, sum(by_result.values()), by_result['pass'],
                                                 failed(by_result), by_result['skip'])


def google_lines(runs):
    variants = ['ipv4', 'ipv6', 'mapped']
    yield '| group | class | ' + ' | '.join(variants) + ' |'
    yield '|---|---|---|---|---|'

    def cell(counter, variant):
        n = {r: counter[variant, r] for r in ('pass', 'fail', 'timeout', 'skip')}
        text = '%d of %d' % (n['pass'], sum(n.values()))
        return text + (', %d skipped' % n['skip'] if n['skip'] else '')

    sums = collections.defaultdict(collections.Counter)
    for (group, kind), counter in sorted(group_rows(runs, 'google').items()):
        yield '| %s | %s | %s |' % (group, kind, ' | '.join(cell(counter, v) for v in variants))
        sums[kind].update(counter)
    for kind, counter in sorted(sums.items()):
        yield '| **all** | %s | %s |' % (kind, ' | '.join(cell(counter, v) for v in variants))


def reason_lines(runs):
    rows = collections.defaultdict(list)
    for run in runs:
        if run.result != 'pass':
            result = 'skip' if run.result == 'skip' else 'fail'
            rows[run.suite, result, run.reason or run.error].append(run)
    for (suite, result, reason), these in sorted(rows.items()):
        scripts = collections.defaultdict(list)
        for run in these:
            scripts[run.script].append(run.variant)
        if result == 'skip':
            yield '- %s, **skip**, %d: %s' % (suite, len(these), reason)
            continue
        yield '- %s, **fail**, %d: %s' % (suite, len(these), reason)
        for script, variants in sorted(scripts.items()):
            names = '' if suite == 'freebsd' or len(variants) == 3 else ' (' + ', '.join(variants) + ')'
            yield '  - `%s`%s' % (script, names)


def write(runs, path):
    lines = [BEGIN, '']
    suites = {run.suite for run in runs}
    if 'freebsd' in suites:
        lines += ['### FreeBSD\'s suite', '', *freebsd_lines(runs), '']
    if 'google' in suites:
        lines += ['### Google\'s suite', '', *google_lines(runs), '']
    lines += ['### Why', '', *reason_lines(runs), '', END]
    with open(path) as file:
        text = file.read()
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    with open(path, 'w') as file:
        file.write(head + '\n'.join(lines) + tail)
