/* fast_open.c - S12: TCP Fast Open (RFC 7413): the cookie, text on the SYN, what happens when the
 * cookie is not good or its option does not arrive, and why it is only for what may be done twice
 * (RFC 7413 6.1). */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, AGAIN_S = 5, LATE_S = 8, SHORT_MSL_MS = 100, PENDING = 8 };
enum { IP = 20, TCP = 20, OFFSET = 12, KIND = 34 /* RFC 7413 4.1.1 */, NOP = 1, END = 0 };
static const char REQUEST[] = "GET /", ANSWER[] = "HELLO";

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 400, W_knob_delay },
    { "no-fast-open", LAB_FLAG, 0, 0, 1, W_fast_open_knob },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end[2];
    unsigned ends, served;
    bool fast_open;
};

static void serve(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    (void)what;
    if (end->sent > 0 || strcmp(end->heard, REQUEST) != 0)
        return;
    s->served++;
    lab_tell(end, ANSWER);
}

static void hear(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (strcmp(end->heard, ANSWER) == 0 && !end->shut)
        lab_shutdown(end);
}

static void set_up(struct lab *lab, struct stage *s, bool fast_open, aksu_time msl)
{
    s->client = lab_host(lab, "client", &(struct aksu_sim_host){ .stack.msl = msl });
    s->server = lab_host(lab, "server", NULL);
    s->cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){
        .local.port = PORT, .fast_open = fast_open ? PENDING : 0 });
    s->listener->words = true;
    s->listener->told = serve;
    s->listener->context = s;
    s->fast_open = fast_open;
}

/* The client asks, and closes when it has the answer. */
static void ask(struct lab *lab, void *context)
{
    struct stage *s = context;
    struct lab_end *end = lab_open(lab, s->client, s->server, PORT,
                                   &(struct aksu_open){ .fast_open = s->fast_open });
    end->words = true;
    end->told = hear;
    s->end[s->ends++] = end;
    lab_tell(end, REQUEST);
}

static void show_now(struct lab *lab, void *context)
{
    const struct stage *s = context;
    lab_show(lab, s->client, s->server);
}

/* The first time for the cookie; that is drawn only if `all`. */
static void ask_twice(struct lab *lab, struct stage *s, bool all)
{
    if (!all)
        lab_show(lab, NULL, NULL);
    lab_at(lab, AKSU_SECONDS(AGAIN_S) - 1, show_now, s);
    ask(lab, s);
    lab_at(lab, AKSU_SECONDS(AGAIN_S), ask, s);
}

/* --- what is shown --- */

static const struct aksu_event_segment_out *syn_of(const struct lab *lab,
                                                   const struct lab_host *host, unsigned nth)
{
    static const struct aksu_event_segment_out none;
    const struct lab_said *said = lab_segment(lab, host, AKSU_SYN, AKSU_SYN, nth);
    return said != NULL ? &said->event.segment_out : &none;
}

static void show(struct lab *lab, struct stage *s)
{
    static const enum lab_words heads[] = { W_fast_open_head_connection, W_fast_open_head_syn,
                                            W_fast_open_head_server, W_fast_open_head_client };
    lab_table(lab, W_fast_open_table, 4, heads);
    for (unsigned i = 0; i < s->ends; i++) {
        aksu_time from = s->end[i]->opened_at, server = lab_accepted(s->listener, i)->text_at;
        const char *cells[] = {
            lab_number(lab, i + 1), lab_number(lab, syn_of(lab, s->client, i)->len),
            lab_ms(lab, server == AKSU_NEVER ? server : server - from),
            lab_ms(lab, s->end[i]->text_at == AKSU_NEVER ? AKSU_NEVER
                   : s->end[i]->text_at - from) };
        lab_row(lab, cells);
    }
    bool right = s->ends == 2;
    for (unsigned i = 0; i < s->ends; i++)
        right &= strcmp(s->end[i]->heard, ANSWER) == 0;
    lab_check(lab, right, W_fast_open_check_answered);
}

static bool after(const struct stage *s, unsigned i, unsigned delays)
{
    return s->end[i] != NULL
        && s->end[i]->text_at == s->end[i]->opened_at + delays * lab_delay(s->client->lab);
}

/* The first connection: a cookie is asked for and comes. */
static void check_cookie(struct lab *lab, const struct stage *s)
{
    const struct aksu_event_segment_out *syn = syn_of(lab, s->client, 0);
    lab_check(lab, (syn->has & AKSU_HAS_FAST_OPEN) && syn->len == 0
              && lab_events(lab, s->client, AKSU_EV_fast_open_asked) == 1
              && (syn_of(lab, s->server, 0)->has & AKSU_HAS_FAST_OPEN)
              && lab_events(lab, s->client, AKSU_EV_fast_open_kept) >= 1,
              W_fast_open_check_cookie);
}

/* The second one: its text was on the SYN, and is sent again behind the handshake. */
static void check_fallback(struct lab *lab, const struct stage *s)
{
    const struct aksu_event_segment_out *syn = syn_of(lab, s->client, 1);
    lab_check(lab, syn->len == strlen(REQUEST)
              && syn_of(lab, s->server, 1)->ack == syn->seq + 1, W_fast_open_check_syn_only);
    lab_check(lab, lab_events(lab, s->client, AKSU_EV_fast_open_fell_back) == 1,
              W_fast_open_check_fell_back);
    lab_check(lab, lab_accepted(s->listener, 1)->received == strlen(REQUEST) && s->served == 2,
              W_fast_open_check_once);
    lab_check(lab, after(s, 1, 4), W_fast_open_check_nothing_lost);
}

/* --- the acts --- */

static void saved(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, true, 0);
    ask_twice(lab, &s, true);
    lab_run(lab, AKSU_SECONDS(2 * AGAIN_S));
    show(lab, &s);
    const struct aksu_event_segment_out *syn = syn_of(lab, s.client, 1);
    const struct lab_end *second = lab_accepted(s.listener, 1);
    const struct lab_said *taken = lab_event(lab, s.server, AKSU_EV_fast_open_taken, 0);
    check_cookie(lab, &s);
    lab_check(lab, syn->len == strlen(REQUEST)
              && syn_of(lab, s.server, 1)->ack == syn->seq + 1 + syn->len,
              W_fast_open_check_taken);
    lab_check(lab, taken != NULL && second->text_at == taken->at
              && second->text_at == s.end[1]->opened_at + lab_delay(lab),
              W_fast_open_check_before);
    lab_check(lab, after(&s, 0, 4) && after(&s, 1, 2), W_fast_open_check_saved);
}

static void new_key(struct lab *lab, void *context)
{
    static const uint8_t key[16] = { 6, 1, 3 };
    struct stage *s = context;
    (void)lab;
    aksu_set_fast_open_key(s->server->net, key, NULL);
}

static void wrong(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, true, 0);
    ask_twice(lab, &s, false);
    lab_at(lab, AKSU_SECONDS(AGAIN_S) - AKSU_MS(1), new_key, &s);
    lab_run(lab, AKSU_SECONDS(2 * AGAIN_S));
    show(lab, &s);
    lab_check(lab, lab_events(lab, s.server, AKSU_EV_fast_open_refused) == 1,
              W_fast_open_check_refused);
    check_fallback(lab, &s);
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_fast_open_kept) == 2,
              W_fast_open_check_new_cookie);
}

/* A box in the middle that knows no Fast Open makes its option NOPs, from the second SYN on. */
static uint32_t strip(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    const struct stage *s = context;
    (void)room, (void)now;
    uint32_t at = IP + TCP, end = IP + (length > IP + OFFSET ? frame[IP + OFFSET] / 16u * 4 : 0);
    while (s->ends > 1 && at + 1 < end && end <= length && frame[at] != END) {
        uint32_t size = frame[at] == NOP ? 1 : frame[at + 1];
        if (size == 0 || at + size > end)
            break;
        if (frame[at] == KIND)
            memset(frame + at, NOP, size);
        at += size;
    }
    return length;
}

static void stripped(struct lab *lab)
{
    struct stage s = { 0 };
    set_up(lab, &s, true, 0);
    aksu_sim_tamper(s.cable, 0, strip, &s);
    ask_twice(lab, &s, false);
    lab_run(lab, AKSU_SECONDS(2 * AGAIN_S));
    show(lab, &s);
    const struct lab_said *said, *syn = NULL;
    for (unsigned i = 0; (said = lab_event(lab, s.server, AKSU_EV_segment_in, i)) != NULL; i++)
        if (said->event.segment_in.ctl & AKSU_SYN)
            syn = said;
    lab_check(lab, (syn_of(lab, s.client, 1)->has & AKSU_HAS_FAST_OPEN) && syn != NULL
              && !(syn->event.segment_in.has & AKSU_HAS_FAST_OPEN), W_fast_open_check_stripped);
    check_fallback(lab, &s);
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_fast_open_off) == 1, W_fast_open_check_off);
}

/* --- the SYN that comes twice --- */

struct late {
    struct stage stage;
    const struct forge_frame *syn;
};

static void again(struct lab *lab, void *context)
{
    const struct late *l = context;
    (void)lab;
    lab_note(l->stage.end[1], W_fast_open_note_again);
    forge_send(l->stage.cable, 0, l->syn);
}

static void play_late(struct lab *lab, struct late *l, bool fast_open)
{
    struct stage *s = &l->stage;
    set_up(lab, s, fast_open, AKSU_MS(SHORT_MSL_MS));
    l->syn = forge_capture(lab, s->cable, 0, AKSU_SYN, AKSU_SYN, 1);
    ask_twice(lab, s, false);
    lab_at(lab, AKSU_SECONDS(LATE_S), again, l);
    lab_run(lab, AKSU_SECONDS(LATE_S + AGAIN_S));
    show(lab, s);
    lab_fact_count(lab, W_fast_open_served, s->served);
    lab_check(lab, lab_segments(lab, s->client, AKSU_RST, AKSU_RST) >= 1,
              W_fast_open_check_rst);
}

static void twice(struct lab *lab)
{
    struct late l = { 0 };
    play_late(lab, &l, true);
    struct lab_end *third = lab_accepted(l.stage.listener, 2);
    lab_check(lab, l.stage.listener->accepted == 3 && strcmp(third->heard, REQUEST) == 0,
              W_fast_open_check_replayed);
    lab_check(lab, l.stage.served == 3, W_fast_open_check_three);
    lab_check(lab, third->failed && third->reason == AKSU_RESET, W_fast_open_check_too_late);
}

static void plain(struct lab *lab)
{
    struct late l = { 0 };
    play_late(lab, &l, false);
    lab_check(lab, syn_of(lab, l.stage.client, 1)->len == 0, W_fast_open_check_no_text);
    lab_check(lab, l.stage.listener->accepted == 2 && l.stage.served == 2,
              W_fast_open_check_two);
    lab_check(lab, after(&l.stage, 1, 4), W_fast_open_check_price);
}

static const struct lab_act acts[] = {
    { W_fast_open_saved_title, W_fast_open_saved_text, saved, NULL },
    { W_fast_open_wrong_title, W_fast_open_wrong_text, wrong, NULL },
    { W_fast_open_stripped_title, W_fast_open_stripped_text, stripped, NULL },
    { W_fast_open_twice_title, W_fast_open_twice_text, twice, NULL },
    { W_fast_open_plain_title, W_fast_open_plain_text, plain, "no-fast-open" },
};

const struct lab_scenario lab_fast_open = {
    .id = "S12", .name = "fast-open", .title = W_fast_open_title, .text = W_fast_open_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
