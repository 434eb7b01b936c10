/* report.c - a connection for people: sentences, and the table of --summary. See report.h. */
#include "trace/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "aksu/sink.h"
#include "trace/sender.h"
#include "trace/tell.h"

enum { PAIR = 21 /* columns of an IPv4 end */, COLUMNS = 80, PIECE = 512 };

static const char *const name_of[2] = { "client", "server" };

void trace_report_ms(aksu_time t, char out[TRACE_MS])
{
    uint64_t us = t / 1000;

    if (t == AKSU_NEVER)
        snprintf(out, TRACE_MS, "-");
    else if (us < 100000)
        snprintf(out, TRACE_MS, "%" PRIu64 ".%03" PRIu64, us / 1000, us % 1000);
    else if (us < 10000000)
        snprintf(out, TRACE_MS, "%" PRIu64 ".%" PRIu64, us / 1000, us % 1000 / 100);
    else
        snprintf(out, TRACE_MS, "%" PRIu64, us / 1000);
}

uint64_t trace_report_again(const struct trace_end *e)
{
    uint64_t sum = 0;

    for (int i = 0; i < TRACE_KINDS; i++)
        sum += trace_kind_is_again((enum trace_kind)i) ? e->kind[i] : 0;
    return sum;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* --- below the ladder --- */

struct line {
    char text[PIECE];
    size_t length;
};

__attribute__((format(printf, 2, 3)))
static void add(struct line *l, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(l->text + l->length, sizeof l->text - l->length, format, args);
    va_end(args);
    if (length > 0 && (size_t)length < sizeof l->text - l->length)
        l->length += (size_t)length;
}

/* `text` behind `start`, in as many lines as it takes. */
static void say_wrapped(FILE *out, const char *start, const char *text)
{
    size_t room = COLUMNS - strlen(start);

    fputs(start, out);
    while (strlen(text) > room) {
        size_t at = room;
        while (at > 0 && text[at] != ' ')
            at--;
        if (at == 0)
            break;                                  /* a word that long stands out */
        fprintf(out, "%.*s\n      ", (int)at, text);
        text += at + 1;
        room = COLUMNS - 6;
    }
    fprintf(out, "%s\n", text);
}

static const struct {
    enum trace_kind kind;
    const char *name;
} named_kinds[] = {
    { TRACE_FAST, "fast" }, { TRACE_RTO, "RTO" }, { TRACE_LOSS_PROBE, "loss probe" },
    { TRACE_NEEDLESS, "already acknowledged" }, { TRACE_SYN_AGAIN, "SYN" },
};

static void say_again(FILE *out, const struct trace_end *e)
{
    uint64_t again = trace_report_again(e);
    const char *between = ": ";
    struct line l = { .length = 0 };

    if (again == 0)
        return;
    add(&l, "%" PRIu64 " sent again", again);
    for (size_t i = 0; i < sizeof named_kinds / sizeof named_kinds[0]; i++) {
        if (e->kind[named_kinds[i].kind] == 0)
            continue;
        add(&l, "%s%" PRIu64 " %s", between, e->kind[named_kinds[i].kind], named_kinds[i].name);
        between = ", ";
    }
    if (e->spurious > 0)
        add(&l, "; %" PRIu64 " found needless by the answer", e->spurious);
    say_wrapped(out, "    ", l.text);
}

static void add_count(struct line *l, uint64_t n, const char *one, const char *many)
{
    if (n > 0)
        add(l, "%s%" PRIu64 " %s", l->length > 0 ? ", " : "", n, n == 1 ? one : many);
}

static void say_others(FILE *out, const struct trace_end *e)
{
    struct line l = { .length = 0 };

    add_count(&l, e->kind[TRACE_KEEP_ALIVE], "keep-alive", "keep-alives");
    add_count(&l, e->kind[TRACE_WINDOW_PROBE], "window probe", "window probes");
    add_count(&l, e->zero_windows, "zero window", "zero windows");
    add_count(&l, e->kind[TRACE_OUT_OF_ORDER], "out of order", "out of order");
    add_count(&l, e->dup_acks_seen, "duplicate ACK", "duplicate ACKs");
    add_count(&l, e->damaged, "wrong checksum", "wrong checksums");
    add_count(&l, e->copies, "copy of a packet", "copies of packets");
    add_count(&l, e->missed, "octet the capture has missed",
              "octets the capture has missed");
    if (l.length > 0)
        say_wrapped(out, "    ", l.text);
}

/* The errors about the segments of an end, the last one by name. */
static void say_icmp(FILE *out, const char *start, const struct trace_end *e)
{
    char last[TRACE_ICMP_TEXT];
    struct line l = { .length = 0 };

    if (e->icmps == 0)
        return;
    trace_report_icmp(&e->told, last);
    add(&l, "%s", last);
    if (e->icmps > 1)
        add(&l, ", the last of %" PRIu64, e->icmps);
    if (e->path_mtu > 0 && e->path_mtu != e->told.mtu)
        add(&l, "; path MTU %" PRIu32, e->path_mtu);
    say_wrapped(out, start, l.text);
}

static void say_side(FILE *out, const struct trace_conn *c, unsigned side)
{
    const struct trace_end *e = &c->end[side];
    char least[TRACE_MS], mean[TRACE_MS], most[TRACE_MS];
    struct line l = { .length = 0 };

    add(&l, "%s: %" PRIu64 " segment%s, %" PRIu64 " octet%s", name_of[side], e->segments,
        plural(e->segments), e->octets, plural(e->octets));
    if (e->rtt.count > 0) {
        trace_report_ms(e->rtt.least, least);
        trace_report_ms(e->rtt.sum / e->rtt.count, mean);
        trace_report_ms(e->rtt.most, most);
        add(&l, "; RTT %s to %s ms, mean %s (%" PRIu64 ")", least, most, mean, e->rtt.count);
    }
    say_wrapped(out, "  ", l.text);
    say_again(out, e);
    say_others(out, e);
    say_icmp(out, "    ICMP about them: ", e);
}

static void say_beginning(FILE *out, const struct trace_conn *c)
{
    char whole[TRACE_MS], there[TRACE_MS], back[TRACE_MS];

    if (c->itself)
        fputs("  one socket, connected to itself: it is both ends, all of it is the client's\n",
              out);
    if (!c->syn_seen)
        fprintf(out, "  its beginning was not seen: %s\n", c->syn_ack_seen
                ? "there is no SYN, only its answer"
                : "who opened it is a guess, windows are not scaled");
    if (c->handshake != AKSU_NEVER) {
        trace_report_ms(c->handshake, whole);
        trace_report_ms(c->to_server, there);
        trace_report_ms(c->handshake - c->to_server, back);
        fprintf(out, "  handshake %s ms: %s to the server and back, %s to the client\n", whole,
                there, back);
    }
}

static void say_agreed(FILE *out, const struct trace_conn *c)
{
    struct line l = { .length = 0 };

    if (!c->agreed)
        return;
    add(&l, "MSS %u%s%s%s", trace_mss_of(c, 0),
        trace_both_have(c, AKSU_HAS_SACK_PERMITTED) ? ", SACK" : "",
        trace_both_have(c, AKSU_HAS_TIMESTAMPS) ? ", timestamps" : "",
        trace_uses_ecn(c) ? ", ECN" : "");
    if (trace_both_have(c, AKSU_HAS_WINDOW_SCALE))
        add(&l, ", window scale %u of the client, %u of the server", c->end[0].scale,
            c->end[trace_other(c, 0)].scale);
    say_wrapped(out, "  agreed: ", l.text);
}

void trace_report_text(FILE *out, const struct trace_conn *c)
{
    char end[TRACE_SENTENCE];

    say_beginning(out, c);
    say_agreed(out, c);
    for (unsigned side = 0; side < (c->itself ? 1 : 2); side++)
        say_side(out, c, side);
    trace_report_end(c, end);
    say_wrapped(out, "  end: ", end);
    fputc('\n', out);
}

/* --- the table --- */

void trace_report_heading(FILE *out)
{
    fprintf(out, "%4s %-*s %-*s %7s %6s %5s %s\n", "no", PAIR, "client", PAIR, "server", "octets",
            "rtt/ms", "again", "end");
}

static void amount(uint64_t n, char out[TRACE_MS])
{
    static const char unit[] = "kMGTPE";
    unsigned i = 0;

    if (n < 1000000) {
        snprintf(out, TRACE_MS, "%" PRIu64, n);
        return;
    }
    for (n /= 100; n >= 100000; n /= 1000)      /* tenths of 1000 */
        i++;
    if (n >= 10000) {
        n /= 1000;
        i++;
    }
    snprintf(out, TRACE_MS, "%" PRIu64 ".%" PRIu64 "%c", n / 10, n % 10, unit[i]);
}

void trace_report_row(FILE *out, const struct trace_conn *c)
{
    char end[2][AKSU_ENDPOINT_TEXT], octets[TRACE_MS], rtt[TRACE_MS];
    char mark = c->syn_seen ? ' ' : '~';

    for (int side = 0; side < 2; side++)
        aksu_endpoint_text(&c->end[side].at, end[side]);
    amount(c->end[0].octets + c->end[1].octets, octets);
    trace_report_ms(c->handshake, rtt);
    if (strlen(end[0]) <= PAIR && strlen(end[1]) <= PAIR)
        fprintf(out, "%4" PRIu32 "%c%-*s %-*s", c->number, mark, PAIR, end[0], PAIR, end[1]);
    else
        fprintf(out, "%4" PRIu32 "%c%s\n     %-*s", c->number, mark, end[0], 2 * PAIR + 1, end[1]);
    fprintf(out, " %7s %6s %5" PRIu64 " %s\n", octets, rtt,
            trace_report_again(&c->end[0]) + trace_report_again(&c->end[1]),
            trace_report_end_word(c));
    say_icmp(out, "     ICMP to the client: ", &c->end[0]);
    say_icmp(out, "     ICMP to the server: ", &c->end[1]);
}

void trace_report_totals(FILE *out, const struct tracker *t)
{
    fprintf(out, "%" PRIu64 " packet%s, %" PRIu64 " of TCP, %" PRIu32 " connection%s\n",
            t->packets, plural(t->packets), t->count[TRACE_SEGMENT] + t->count[TRACE_FRAGMENT],
            t->begun, plural(t->begun));
    if (t->count[TRACE_CUT] > 0)
        fprintf(out, "%" PRIu64 " cut by the capture before the end of their TCP header\n",
                t->count[TRACE_CUT]);
    if (t->count[TRACE_MALFORMED] > 0)
        fprintf(out, "%" PRIu64 " malformed\n", t->count[TRACE_MALFORMED]);
    if (t->count[TRACE_ICMP] > 0)
        fprintf(out, "%" PRIu64 " ICMP error%s about segments%s", t->count[TRACE_ICMP],
                plural(t->count[TRACE_ICMP]), t->strangers > 0 ? "" : "\n");
    if (t->strangers > 0)
        fprintf(out, ", %" PRIu64 " of them of connections that were not seen\n", t->strangers);
    if (t->given_up > 0)
        fprintf(out, "%" PRIu64 " forgotten before they were over: only %" PRIu32
                " are followed at a time (--connections)\n", t->given_up, t->config.connections);
}
