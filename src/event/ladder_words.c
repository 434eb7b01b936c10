/* ladder_words.c - see ladder_words.h. The words are those of the RFCs. */
#include "event/ladder_words.h"

#include <string.h>

/* Before the SYN: of an older connection. */
static bool is_older(uint32_t relative)
{
    return relative >= UINT32_MAX - 0xffffff;
}

/* A number of `end`, counted from its SYN; absolute when no SYN was seen. */
static void add_relative(struct words *w, const char *name, const struct ladder_end *end,
                         uint32_t n)
{
    uint32_t relative = n - end->isn;

    if (!end->isn_known)
        ladder_words_add(w, " %s %u", name, n);
    else if (is_older(relative))
        ladder_words_add(w, " %s -%u", name, 0 - relative);
    else
        ladder_words_add(w, " %s %u", name, relative);
}

static void add_block(struct words *w, uint32_t left, uint32_t right)
{
    if (is_older(left) && is_older(right))              /* a duplicate that is reported */
        ladder_words_add(w, " -%u to -%u", 0 - left, 0 - right);
    else
        ladder_words_add(w, " %u-%u", left, right);
}

/* Of errors: RFC 792, RFC 4443 3. NULL: it has no name here. */
static const char *message_name(const struct ladder_message *m, bool v6)
{
    static const char *const v4_code[] = {
        "network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
        "fragmentation needed", "source route failed", "network unknown", "host unknown",
        [9] = "network prohibited", [10] = "host prohibited", [13] = "prohibited",
    };
    static const char *const v6_code[] = {
        "no route", "prohibited", "beyond scope", "address unreachable", "port unreachable",
    };
    static const char *const v4_type[] = { [3] = "unreachable", [4] = "source quench",
        [5] = "redirect", [11] = "time exceeded", [12] = "parameter problem" };
    static const char *const v6_type[] = { [1] = "unreachable", [2] = "packet too big",
        [3] = "time exceeded", [4] = "parameter problem" };
    const char *name = NULL;

    if (v6 && m->type == 1 && m->code < sizeof v6_code / sizeof *v6_code)
        name = v6_code[m->code];
    if (!v6 && m->type == 3 && m->code < sizeof v4_code / sizeof *v4_code)
        name = v4_code[m->code];
    if (!name && v6 && m->type < sizeof v6_type / sizeof *v6_type)
        name = v6_type[m->type];
    if (!name && !v6 && m->type < sizeof v4_type / sizeof *v4_type)
        name = v4_type[m->type];
    return name;
}

static void add_message(struct words *w, const struct ladder_message *m)
{
    static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };     /* RFC 4291 2.5.5.2 */
    const char *name = message_name(m, memcmp(&m->from, v4, sizeof v4) != 0);

    if (name)
        ladder_words_add(w, "ICMP %s", name);
    else
        ladder_words_add(w, "ICMP type %u code %u", m->type, m->code);
}

/* Level 0 says all; 1 leaves out an open window, 2 the number of a segment that takes no room.
 * Each field is two words. */
static void add_segment(struct words *w, const struct ladder_connection *c,
                        const struct ladder_item *item, int level)
{
    const struct ladder_segment *s = &item->segment;
    const struct ladder_end *sender = &c->end[item->side], *receiver = &c->end[1 - item->side];
    char ctl[AKSU_CTL_TEXT];

    aksu_ctl_text(s->ctl, ctl);
    ladder_words_add(w, "%s", ctl);
    if ((s->ctl & AKSU_RST) && s->seq == 0)     /* RFC 9293 3.10.7.1: of no connection */
        ladder_words_add(w, " seq 0");
    else if (level < 2 || s->len > 0 || (s->ctl & (AKSU_SYN | AKSU_FIN | AKSU_RST)))
        add_relative(w, "seq", sender, s->seq);
    if (s->len > 0)
        ladder_words_add(w, " len %u", s->len);
    if (s->ctl & AKSU_ACK)
        add_relative(w, "ack", receiver, s->ack);
    if (s->ctl & AKSU_URG)
        ladder_words_add(w, " up %u", s->up);
    if ((level < 1 || s->wnd == 0) && !(s->ctl & AKSU_RST))
        ladder_words_add(w, " wnd %u", s->wnd);
}

void ladder_words_segment(struct words *w, const struct ladder_connection *c,
                          const struct ladder_item *item, int room)
{
    for (int level = 0; level < 3; level++) {
        w->length = 0;
        if (item->sort == LADDER_ICMP)
            add_message(w, &item->message);
        else if (item->sort == LADDER_UDP)
            ladder_words_add(w, "UDP len %u", item->segment.len);
        else
            add_segment(w, c, item, level);
        if (w->length <= room)
            return;
    }
    /* Whole fields, " name number", from the end: half a number would be another one. */
    while (w->length > room) {
        for (int blanks = 0; blanks < 2 && w->length > 0; )
            blanks += w->text[--w->length] == ' ';
    }
    w->text[w->length] = '\0';
}

static void add_options(struct words *w, const struct ladder_segment *s)
{
    if (s->has & AKSU_HAS_MSS)
        ladder_words_add(w, ", MSS %u", s->mss);
    if (s->has & AKSU_HAS_SACK_PERMITTED)
        ladder_words_add(w, ", SACK");
    if (s->has & AKSU_HAS_TIMESTAMPS)
        ladder_words_add(w, ", timestamps");
    if (s->has & AKSU_HAS_WINDOW_SCALE)
        ladder_words_add(w, ", scale %u", s->wscale);
    if (s->has & AKSU_HAS_FAST_OPEN)
        ladder_words_add(w, ", Fast Open");
    if (s->has & AKSU_HAS_USER_TIMEOUT)
        ladder_words_add(w, ", user timeout");
    if (s->has & AKSU_HAS_AO)
        ladder_words_add(w, ", AO");
    if (s->has & AKSU_HAS_UNKNOWN)
        ladder_words_add(w, ", unknown option");
}

static void add_segment_details(struct words *w, const struct ladder_item *item, uint32_t isn)
{
    const struct ladder_segment *s = &item->segment;

    if ((s->ctl & AKSU_SYN) && !item->why && !item->again)
        add_options(w, s);
    if (s->sack.count > 0)
        ladder_words_add(w, ", SACK");
    for (uint32_t i = 0; i < s->sack.count && i < 4; i++)
        add_block(w, s->sack.block[i].left - isn, s->sack.block[i].right - isn);
}

static void add_message_details(struct words *w, const struct ladder_message *m)
{
    char from[AKSU_IP_TEXT];

    if (m->mtu > 0)
        ladder_words_add(w, ", MTU %u", m->mtu);
    if (!m->third)
        return;
    aksu_ip_format(&m->from, from);
    ladder_words_add(w, ", from %s", from);
}

void ladder_words_details(struct words *w, const struct ladder_connection *c,
                          const struct ladder_item *item, uint32_t more)
{
    w->length = 0;
    w->text[0] = '\0';
    if (item->why)
        ladder_words_add(w, ", retransmission%s%s", item->why[0] ? ": " : "", item->why);
    if (item->nowhere)
        ladder_words_add(w, ", %s", item->again ? "duplicate of one sent before"
                                                : "not sent by the other end");
    if (item->sort == LADDER_TCP)
        add_segment_details(w, item, c->end[1 - item->side].isn);
    else if (item->sort == LADDER_ICMP)
        add_message_details(w, &item->message);
    if (more > 0)
        ladder_words_add(w, ", %u times", more + 1);
    if (w->length > 0) {
        w->length -= 2;
        memmove(w->text, w->text + 2, (size_t)w->length + 1);
    }
}

void ladder_words_call(struct words *w, const struct ladder_item *item)
{
    bool open = strcmp(item->call.name, "OPEN active") == 0;

    w->length = 0;
    ladder_words_add(w, "%s", open ? "OPEN" : item->call.name);
    if (item->call.length > 0)
        ladder_words_add(w, " %u", item->call.length);
}

void ladder_words_amount(struct words *w, uint64_t n, const char *what)
{
    ladder_words_count(w, n);
    ladder_words_add(w, " %s%s", what, n == 1 ? "" : "s");
}

const char *ladder_words_unit(const struct ladder_connection *c)
{
    return c->datagrams ? "datagram" : "segment";
}

void ladder_words_fold(struct words *w, const struct ladder_connection *c,
                       const struct ladder_fold *fold, unsigned side)
{
    if (fold->segments[side] > 0) {
        ladder_words_amount(w, fold->segments[side], ladder_words_unit(c));
        ladder_words_add(w, ", ");
        ladder_words_amount(w, fold->octets[side], "octet");
    }
    if (fold->acks[side] > 0) {
        ladder_words_add(w, "%s", fold->segments[side] > 0 ? ", " : "");
        ladder_words_amount(w, fold->acks[side], "ACK");
    }
}

static void say_dropped(struct words *w, const union ladder_note *n)
{
    const char *rule = n->dropped.rule ? n->dropped.rule : "";
    bool bare = rule[0] >= '0' && rule[0] <= '9';

    ladder_words_add(w, "dropped: %s%s%s%s", bare ? "RFC 9293 " : "", rule, rule[0] ? ": " : "",
                     n->dropped.why ? n->dropped.why : "");
}

static void say_signal(struct words *w, const union ladder_note *n)
{
    const char *what = n->signal.what;
    const char *status = aksu_status_text(n->signal.status);
    bool bad = n->signal.status != AKSU_OK && (!what || strcmp(what, status) != 0);

    ladder_words_add(w, "user is told: %s%s%s", what ? what : "", what && bad ? ": " : "",
                     bad ? status : "");
}

static void say_negotiated(struct words *w, const union ladder_note *n)
{
    const struct aksu_event_negotiated *a = &n->negotiated;

    ladder_words_add(w, "use MSS %u", a->snd_mss);
    ladder_words_add(w, "%s%s%s", a->sack ? ", SACK" : "", a->timestamps ? ", timestamps" : "",
                     a->ecn ? ", ECN" : "");
    if (a->snd_wscale > 0 || a->rcv_wscale > 0)
        ladder_words_add(w, ", scale %u", a->snd_wscale);
    if (a->rcv_wscale != a->snd_wscale)
        ladder_words_add(w, "/%u", a->rcv_wscale);
}

static void say_urgent(struct words *w, const union ladder_note *n)
{
    (void)n;
    ladder_words_add(w, "urgent data pending");
}

static void say_challenge_ack(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "%s", n->challenge_ack.sent ? "challenge ACK"
                                                    : "no challenge ACK: there were too many");
}

static void say_soft_error(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "soft error: %s", aksu_status_text(n->soft_error.status));
}

static void say_timer(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "%s timer", n->timer.name);
    if (n->timer.count > 0)
        ladder_words_add(w, ", #%u", n->timer.count + 1);
}

static void say_needless(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "seq %u again was needless: %s", n->needless.seq, n->needless.why);
}

static void say_zero_window(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "window closed, ");
    ladder_words_amount(w, n->zero_window.queued, "octet");
    ladder_words_add(w, " wait");
}

static void say_syn_answered(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "held SYN: %s", n->syn_answered.how);
}

static void say_syn_refused(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "SYN not answered: %s", n->syn_refused.why);
}

static void say_icmp_in(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "%s", n->verdict);
}

static void say_udp_dropped(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "dropped: %s", n->verdict);
}

static void say_path_mtu(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "path MTU: ");
    ladder_words_amount(w, n->path_mtu.mtu, "octet");
}

static void say_memory(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "memory: %s", n->memory.answer);
}

static void say_cwnd(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "%s: cwnd ", n->cwnd.why);
    ladder_words_count(w, n->cwnd.cwnd);
}

static void say_time_wait_over(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "TIME-WAIT over: %s", n->time_wait_over.why);
}

static void say_text(struct words *w, const union ladder_note *n)
{
    ladder_words_add(w, "%s", n->text.text);
}

void ladder_words_note(struct words *w, const struct ladder_item *item, char *mark,
                       enum style *style)
{
    static const struct {
        void (*say)(struct words *w, const union ladder_note *n);
        char mark;
        enum style style;
    } notes[AKSU_EV_COUNT] = {
        [AKSU_EV_dropped] = { say_dropped, 'x', STYLE_BAD },
        [AKSU_EV_ao_bad_mac] = { NULL, 'x', STYLE_BAD },
        [AKSU_EV_ao_missing] = { NULL, 'x', STYLE_BAD },
        [AKSU_EV_ao_no_key] = { NULL, 'x', STYLE_BAD },
        [AKSU_EV_ao_unexpected] = { NULL, 'x', STYLE_BAD },
        [AKSU_EV_signal] = { say_signal, '!', STYLE_CALL },
        [AKSU_EV_negotiated] = { say_negotiated, '=', STYLE_AGREED },
        [AKSU_EV_urgent] = { say_urgent, '!', STYLE_CALL },
        [AKSU_EV_challenge_ack] = { say_challenge_ack, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_soft_error] = { say_soft_error, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_timer] = { say_timer, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_needless] = { say_needless, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_zero_window] = { say_zero_window, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_syn_answered] = { say_syn_answered, GLYPH_MARK, STYLE_CALL },
        [AKSU_EV_syn_refused] = { say_syn_refused, 'x', STYLE_BAD },
        [AKSU_EV_icmp_in] = { say_icmp_in, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_udp_dropped] = { say_udp_dropped, 'x', STYLE_BAD },
        [AKSU_EV_path_mtu] = { say_path_mtu, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_memory] = { say_memory, GLYPH_MARK, STYLE_BAD },
        [AKSU_EV_cwnd] = { say_cwnd, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_time_wait_over] = { say_time_wait_over, GLYPH_MARK, STYLE_TIMER },
        [AKSU_EV_note] = { say_text, GLYPH_MARK, STYLE_STRONG },
    };

    w->length = 0;
    if (notes[item->event].say)
        notes[item->event].say(w, &item->note);
    else
        ladder_words_add(w, "%s", aksu_event_sentence((enum aksu_event_kind)item->event));
    *mark = notes[item->event].mark;
    *style = notes[item->event].style;
}
