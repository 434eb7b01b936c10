/* report_end.c - how a connection ended, as a sentence and as a word; an ICMP error in words. See
 * report.h. */
#include "trace/report.h"

#include <inttypes.h>
#include <string.h>

#include "base/ip_addr.h"
#include "trace/icmp.h"

enum { SILENT = 3 /* repetitions without an answer */ };

static const char *const name_of[2] = { "client", "server" };

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* The end that does not answer the other one's repetitions; -1: none. */
static int silent_side(const struct trace_conn *c)
{
    for (int side = 0; side < 2; side++) {
        if (c->end[side].unanswered >= SILENT)
            return 1 - side;
    }
    return -1;
}

void trace_report_icmp(const struct trace_told *m, char out[TRACE_ICMP_TEXT])
{
    bool v6 = !ip_is_v4(&m->from);
    char from[AKSU_IP_TEXT], mtu[32] = "";

    (void)aksu_ip_format(&m->from, from);
    if (m->mtu > 0)
        snprintf(mtu, sizeof mtu, " (MTU %" PRIu32 ")", m->mtu);
    snprintf(out, TRACE_ICMP_TEXT, "%s%s from %s", trace_icmp_name(v6, m->type, m->code), mtu,
             from);
}

static bool is_opening(const struct trace_conn *c)
{
    return c->end[0].state == AKSU_TCP_SYN_SENT && c->end[1].state != AKSU_TCP_SYN_RECEIVED;
}

/* The end whose segments were answered by ICMP and by nothing else; -1: none. */
static int told_side(const struct trace_conn *c)
{
    int side = is_opening(c) ? 0 : 1 - silent_side(c);

    if (c->cause == TRACE_ICMP_ERROR)
        return c->by;
    if (side > 1)
        return trace_icmp_last(c);
    const struct trace_end *e = &c->end[side];
    return e->told.taken && e->told.at >= e->heard_at ? side : -1;
}

static void say_opening(const struct trace_conn *c, char out[TRACE_SENTENCE])
{
    const struct trace_end *e = &c->end[0];
    uint64_t syns = e->kind[TRACE_SYN_AGAIN] + 1;
    char icmp[TRACE_ICMP_TEXT], of[32] = "the SYN";

    if (syns > 1)
        snprintf(of, sizeof of, "%" PRIu64 " SYNs", syns);
    trace_report_icmp(&e->told, icmp);
    if (told_side(c) == 0 && trace_icmp_last(c) == 0)
        snprintf(out, TRACE_SENTENCE, "ended by ICMP %s, the answer to %s", icmp, of);
    else if (told_side(c) == 0)
        snprintf(out, TRACE_SENTENCE, "no answer to %s but ICMP %s", of, icmp);
    else
        snprintf(out, TRACE_SENTENCE, "no answer to %" PRIu64 " SYN%s", syns, plural(syns));
}

static void say_open(const struct trace_conn *c, char out[TRACE_SENTENCE])
{
    uint64_t answers = c->end[1].kind[TRACE_SYN_AGAIN] + 1;
    int silent = silent_side(c);

    if (c->end[1].state == AKSU_TCP_SYN_RECEIVED)
        snprintf(out, TRACE_SENTENCE, "half-open: the client does not acknowledge %" PRIu64
                 " SYN,ACK%s", answers, plural(answers));
    else if (silent >= 0)
        snprintf(out, TRACE_SENTENCE, "the %s is silent: %" PRIu32 " segments of the %s were not "
                 "answered", name_of[silent], c->end[1 - silent].unanswered, name_of[1 - silent]);
    else if (c->end[0].fin_sent && c->end[trace_other(c, 0)].fin_sent)
        snprintf(out, TRACE_SENTENCE, "closing: the last ACK was not seen");
    else if (c->first_fin != 0)
        snprintf(out, TRACE_SENTENCE, "half closed, by the %s: the other FIN was not seen",
                 name_of[c->first_fin - 1]);
    else
        snprintf(out, TRACE_SENTENCE, "open when the capture ends");
}

static void say_goes_on(const struct trace_conn *c, char out[TRACE_SENTENCE])
{
    int told = told_side(c);
    char icmp[TRACE_ICMP_TEXT];

    if (is_opening(c)) {
        say_opening(c, out);
        return;
    }
    say_open(c, out);
    size_t length = strlen(out);
    if (told < 0)
        return;
    trace_report_icmp(&c->end[told].told, icmp);
    snprintf(out + length, TRACE_SENTENCE - length, silent_side(c) >= 0 ? " but by ICMP %s"
             : "; the last is ICMP %s", icmp);
}

void trace_report_end(const struct trace_conn *c, char out[TRACE_SENTENCE])
{
    const struct trace_end *by = &c->end[c->by];

    switch ((enum trace_end_cause)c->cause) {
    case TRACE_CLOSED:
        if (c->itself)
            snprintf(out, TRACE_SENTENCE, "closed");
        else
            snprintf(out, TRACE_SENTENCE, "closed, by the %s first", name_of[c->by]);
        break;
    case TRACE_RESET:
        if (c->itself)
            snprintf(out, TRACE_SENTENCE, "reset by itself");
        else if (by->unanswered >= SILENT)
            snprintf(out, TRACE_SENTENCE, "reset by the %s, after %" PRIu32
                     " segments without an answer", name_of[c->by], by->unanswered);
        else
            snprintf(out, TRACE_SENTENCE, "reset by the %s", name_of[c->by]);
        break;
    case TRACE_REFUSED:
        snprintf(out, TRACE_SENTENCE, "refused: the server answers the SYN with RST");
        break;
    case TRACE_REPLACED:
        snprintf(out, TRACE_SENTENCE, "not seen: the same pair was opened anew");
        break;
    case TRACE_ICMP_ERROR:
        say_opening(c, out);
        break;
    case TRACE_GOES_ON:
        say_goes_on(c, out);
        break;
    }
}

const char *trace_report_end_word(const struct trace_conn *c)
{
    switch ((enum trace_end_cause)c->cause) {
    case TRACE_CLOSED: return "closed";
    case TRACE_RESET: return c->itself ? "reset" : c->by == 0 ? "c reset" : "s reset";
    case TRACE_REFUSED: return "refused";
    case TRACE_REPLACED: return "reopened";
    case TRACE_ICMP_ERROR: case TRACE_GOES_ON: break;
    }
    const struct trace_told *told = told_side(c) >= 0 ? &c->end[told_side(c)].told : NULL;
    if (told != NULL)
        return trace_icmp_word(!ip_is_v4(&told->from), told->type, told->code);
    if (c->end[1].state == AKSU_TCP_SYN_RECEIVED)
        return "half-open";
    if (c->end[0].state == AKSU_TCP_SYN_SENT)
        return "no answer";
    if (silent_side(c) >= 0)
        return silent_side(c) == 0 ? "c silent" : "s silent";
    return c->first_fin != 0 ? "closing" : "open";
}
