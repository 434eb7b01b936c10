/* two_way.c - S02: why two steps are not enough (RFC 9293 3.5: "The principal reason for the
 * three-way handshake is to prevent old duplicate connection initiations from causing confusion").
 *
 * The server of two steps is a Fast Open listener that asks for no cookie (aksu/fast_open.h): with
 * the SYN its user has the connection, may read what came on it and send, exactly what a server
 * would do that considers itself ESTABLISHED on SYN. The client sends its text on the SYN likewise
 * and never waits for anything but the answer. The stack still wants an ACK of its SYN behind the
 * user's back, which is why it gives up in the end; a server of two steps would not even do that.
 * In both runs the client's SYN is the same, octet for octet: the listener of three steps leaves
 * its text alone, and the client sends it again behind the handshake.
 *
 * The network delivers the SYN a second time when all is over: it is captured behind the router and
 * enters the last cable again. */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, LEAVE_MS = 500, LATE_MS = 1000, R2_S = 7, SHORT_MSL_MS = 100 };
static const char ORDER[] = "TAKE 1", DONE[] = "TAKEN";

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 400, W_knob_delay },
    { "two-way", LAB_FLAG, 0, 0, 1, W_two_way_knob },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *near_client, *near_server;
    const struct forge_frame *syn;
    struct lab_listener *listener;
    struct lab_end *end;
    aksu_time late;             /* the SYN enters the last cable again */
    unsigned taken;             /* the server's ledger */
};

/* The server's user: an order is carried out when it is there. */
static void serve(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    (void)what;
    if (end->sent > 0 || strcmp(end->heard, ORDER) != 0)
        return;
    s->taken++;
    lab_tell(end, DONE);
}

static void hear(struct lab_end *end, uint32_t what)
{
    (void)what;
    if (strcmp(end->heard, DONE) == 0 && !end->shut)
        lab_shutdown(end);
}

static void leave(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_note(s->end, W_two_way_note_leaves);
    lab_cut(lab, s->near_client, true);
}

static void again(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_note(s->end, W_two_way_note_again);
    forge_send(s->near_server, 0, s->syn);
}

static bool set_up(struct lab *lab, struct stage *s, bool two_way, aksu_time msl)
{
    s->client = lab_host(lab, "client", &(struct aksu_sim_host){ .stack.msl = msl });
    s->server = lab_host(lab, "server", &(struct aksu_sim_host){
        .stack = { .syn_r2 = AKSU_SECONDS(R2_S), .msl = msl } });
    struct lab_host *router = lab_router(lab);
    s->near_client = lab_cable(lab, s->client, router, NULL);
    s->near_server = lab_cable(lab, router, s->server, &(struct lab_link){ .near = true });
    s->syn = forge_capture(lab, s->near_server, 0, AKSU_SYN, AKSU_SYN, 0);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT,
        .fast_open = two_way ? 8 : 0, .fast_open_no_cookie = two_way });
    if (s->near_server == NULL)
        return false;
    s->listener->words = true;
    s->listener->told = serve;
    s->listener->context = s;
    s->late = AKSU_MS(LATE_MS) + 10 * lab_delay(lab);
    return true;
}

/* The client takes one item; when all is over the network delivers its SYN again. */
static void play(struct lab *lab, struct stage *s, bool stays)
{
    s->end = lab_open(lab, s->client, s->server, PORT, &(struct aksu_open){
        .fast_open = true, .fast_open_no_cookie = true });
    s->end->words = true;
    s->end->told = hear;
    lab_tell(s->end, ORDER);
    if (!stays)
        lab_at(lab, AKSU_MS(LEAVE_MS) + 10 * lab_delay(lab), leave, s);
    lab_at(lab, s->late, again, s);
    lab_run(lab, s->late + 3 * lab_delay(lab) + AKSU_MS(1));
}

/* The SYN arrived twice, and is the same. */
static bool came_twice(const struct lab *lab, const struct stage *s)
{
    const struct lab_said *said, *syn[2] = { NULL };
    unsigned count = 0;
    for (unsigned i = 0; (said = lab_event(lab, s->server, AKSU_EV_segment_in, i)) != NULL; i++)
        if ((said->event.segment_in.ctl & AKSU_SYN) && count++ < 2)
            syn[count - 1] = said;
    return count == 2 && syn[1]->at >= s->late
        && syn[0]->event.segment_in.seq == syn[1]->event.segment_in.seq
        && syn[0]->event.segment_in.len == strlen(ORDER)
        && syn[1]->event.segment_in.len == strlen(ORDER);
}

static void show(struct lab *lab, const struct stage *s)
{
    lab_fact_count(lab, W_two_way_opened, lab_events(lab, s->client, AKSU_EV_opened));
    lab_fact_count(lab, W_two_way_accepted, s->listener->accepted);
    lab_fact_count(lab, W_two_way_taken, s->taken);
    lab_fact_time(lab, W_two_way_text_at, lab_accepted(s->listener, 0)->text_at);
    lab_check(lab, came_twice(lab, s), W_two_way_check_twice);
    lab_check(lab, strcmp(s->end->heard, DONE) == 0, W_two_way_check_answered);
}

/* Of the half-open connection that the second SYN has made: when it was over. */
static aksu_time over_at(const struct lab *lab, const struct stage *s)
{
    const struct lab_said *said;
    for (unsigned i = 0; (said = lab_event(lab, s->server, AKSU_EV_deleted, i)) != NULL; i++)
        if (said->at > s->late && (said->event.conn & AKSU_HALF_OPEN) != 0)
            return said->at;
    return AKSU_NEVER;
}

/* --- side by side --- */

enum { GIVEN, CONFIRMED, TAKEN, TEXT_AT, OVER_AT, FIGURES, RUNS = 3 };

/* Of the server's connections, those whose SYN was acknowledged. */
static unsigned confirmed(const struct lab *lab, const struct stage *s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        count += one->host == s->server && one->event.kind == AKSU_EV_state
            && one->event.state.from == AKSU_TCP_SYN_RECEIVED
            && one->event.state.to == AKSU_TCP_ESTABLISHED;
    }
    return count;
}

static void leave_figures(struct lab *lab, const struct stage *s, unsigned run, aksu_time over)
{
    lab_leave(lab, run * FIGURES + GIVEN, s->listener->accepted);
    lab_leave(lab, run * FIGURES + CONFIRMED, confirmed(lab, s));
    lab_leave(lab, run * FIGURES + TAKEN, s->taken);
    lab_leave(lab, run * FIGURES + TEXT_AT, lab_accepted(s->listener, 0)->text_at);
    lab_leave(lab, run * FIGURES + OVER_AT, over == AKSU_NEVER ? over : over - s->late);
}

static void compare(struct lab *lab)
{
    static const enum lab_words heads[] = { W_two_way_head_what, W_two_way_head_two,
                                            W_two_way_head_three, W_two_way_head_there };
    static const enum lab_words names[FIGURES] = {
        [GIVEN] = W_two_way_row_given, [CONFIRMED] = W_two_way_row_confirmed,
        [TAKEN] = W_two_way_row_taken, [TEXT_AT] = W_two_way_row_text_at,
        [OVER_AT] = W_two_way_row_over_at };
    lab_table(lab, W_two_way_table, RUNS + 1, heads);
    for (unsigned row = 0; row < FIGURES; row++) {
        const char *cell[RUNS + 1] = { lab_words(lab, names[row]) };
        for (unsigned run = 0; run < RUNS; run++) {
            uint64_t value = lab_left(lab, run * FIGURES + row);
            cell[run + 1] = value == AKSU_NEVER ? "-" : row >= TEXT_AT ? lab_ms(lab, value)
                : lab_number(lab, value);
        }
        lab_row(lab, cell);
    }
    lab_check(lab, lab_left(lab, GIVEN) > lab_left(lab, CONFIRMED)
              && lab_left(lab, FIGURES + GIVEN) == lab_left(lab, FIGURES + CONFIRMED),
              W_two_way_check_confirmed);
}

static void two(struct lab *lab)
{
    struct stage s = { 0 };
    struct aksu_info info;
    if (!set_up(lab, &s, true, 0))
        return;
    play(lab, &s, false);
    struct lab_end *second = lab_accepted(s.listener, 1);
    bool known = lab_status(second, &info);
    lab_look(lab, W_two_way_look, second, NULL);
    lab_check(lab, s.listener->accepted == 2 && lab_events(lab, s.client, AKSU_EV_opened) == 1,
              W_two_way_check_half_open);
    lab_check(lab, second->open && !second->peer_closed && s.end->shut, W_two_way_check_nobody);
    lab_check(lab, s.taken == 2 && strcmp(second->heard, ORDER) == 0, W_two_way_check_two_items);
    lab_check(lab, known && info.snd_una == info.iss && info.snd_nxt != info.iss,
              W_two_way_check_isn);
    lab_run(lab, s.late + AKSU_SECONDS(3 * R2_S));
    show(lab, &s);
    leave_figures(lab, &s, 0, second->failed_at);
}

static void three(struct lab *lab)
{
    struct stage s = { 0 };
    if (!set_up(lab, &s, false, 0))
        return;
    play(lab, &s, false);
    lab_run(lab, s.late + AKSU_SECONDS(3 * R2_S));
    show(lab, &s);
    lab_fact_time(lab, W_two_way_over_at, over_at(lab, &s));
    lab_check(lab, s.listener->accepted == 1, W_two_way_check_never_told);
    lab_check(lab, s.taken == 1, W_two_way_check_one_item);
    lab_check(lab, over_at(lab, &s) <= s.late + AKSU_SECONDS(2 * R2_S), W_two_way_check_forgotten);
    leave_figures(lab, &s, 1, over_at(lab, &s));
}

static void refused(struct lab *lab)
{
    struct stage s = { 0 };
    if (!set_up(lab, &s, false, AKSU_MS(SHORT_MSL_MS)))
        return;
    play(lab, &s, true);
    lab_run(lab, s.late + AKSU_SECONDS(3 * R2_S));
    show(lab, &s);
    const struct lab_said *rst = lab_segment(lab, s.client, AKSU_RST, AKSU_RST, 0);
    const struct lab_said *both = lab_segment(lab, s.server, AKSU_SYN, AKSU_SYN, 1);
    lab_fact_time(lab, W_two_way_over_at, over_at(lab, &s));
    lab_check(lab, rst != NULL && both != NULL
              && rst->event.segment_out.seq == both->event.segment_out.ack,
              W_two_way_check_rst);
    lab_check(lab, over_at(lab, &s) == s.late + 2 * lab_delay(lab), W_two_way_check_at_once);
    lab_check(lab, s.listener->accepted == 1 && s.taken == 1, W_two_way_check_one_item);
    leave_figures(lab, &s, 2, over_at(lab, &s));
    compare(lab);
}

static const struct lab_act acts[] = {
    { W_two_way_two_title, W_two_way_two_text, two, "two-way" },
    { W_two_way_three_title, W_two_way_three_text, three, NULL },
    { W_two_way_refused_title, W_two_way_refused_text, refused, NULL },
};

const struct lab_scenario lab_two_way = {
    .id = "S02", .name = "two-way", .title = W_two_way_title, .text = W_two_way_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
