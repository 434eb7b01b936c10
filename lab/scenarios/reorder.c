/* reorder.c - S18: segments that overtake each other. Sequence numbers put them in order again; a
 * FIN has one too (RFC 9293 3.10.7.4). */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, PIECES_MOST = 5, MSS = 1448, IP = 20, TCP = 20 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 1, 200, W_knob_delay },
    { "late", LAB_MS, 2, 0, 1000, W_reorder_knob_late },
    { "pieces", LAB_COUNT, 4, 2, PIECES_MOST, W_reorder_knob_pieces },
};

/* The network: holds the first segments with text or FIN, and then delivers them in its order. */
struct shuffle {
    struct lab *lab;
    struct aksu_sim_cable *cable;
    struct forge_frame held[PIECES_MOST];
    unsigned count, most, next;         /* held; to be held; of order[] */
    unsigned order[PIECES_MOST];
    aksu_time gap;                      /* between two of them */
};

struct stage {
    struct lab_host *client, *server;
    struct lab_listener *listener;
    struct lab_end *end, *peer;
    struct shuffle shuffle;
    uint64_t octets;
};

/* --- the network --- */

static void deliver(struct lab *lab, void *context)
{
    struct shuffle *s = context;
    forge_send(s->cable, 0, &s->held[s->order[s->next++]]);
    if (s->next < s->most)
        lab_at(lab, lab_now(lab) + s->gap, deliver, s);
}

static uint32_t hold(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct shuffle *s = context;
    uint32_t headers = IP + (uint32_t)(frame[IP + 12] >> 4) * 4;
    (void)room, (void)now;
    if (s->count == s->most || length > FORGE_MOST
        || (length == headers && (frame[IP + 13] & AKSU_FIN) == 0))
        return length;
    struct forge_frame *held = &s->held[s->count++];
    memcpy(held->octet, frame, length);
    held->length = length;
    if (s->count == s->most)
        lab_at(s->lab, lab_now(s->lab), deliver, s);
    return 0;
}

/* --- the ends --- */

/* `detection` of losses: NULL, or as in aksu/config.h. */
static void set_up(struct lab *lab, struct stage *s, const char *detection)
{
    struct aksu_sim_host at_once = { .stack = { .no_pacing = true,
                                                .loss_detection = detection } };
    *s = (struct stage){ .shuffle.lab = lab };
    s->client = lab_host(lab, "client", &at_once);
    s->server = lab_host(lab, "server", &at_once);
    s->shuffle.cable = lab_cable(lab, s->client, s->server, NULL);
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    aksu_sim_tamper(s->shuffle.cable, 0, hold, &s->shuffle);
}

static void shut(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    lab_shutdown(s->end);
}

/* Full segments, `text` of them, and perhaps a FIN, delivered as `order` says. */
static void transfer(struct lab *lab, struct stage *s, unsigned text, bool fin,
                     const unsigned *order)
{
    unsigned most = text + fin;
    unsigned nth = s->listener->accepted;
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_run(lab, lab_now(lab) + 4 * lab_delay(lab) + AKSU_MS(10));
    s->shuffle.count = s->shuffle.next = 0;
    s->shuffle.most = most;
    memcpy(s->shuffle.order, order, most * sizeof *order);
    s->octets = (uint64_t)text * MSS;
    lab_send(s->end, s->octets);
    lab_at(lab, lab_now(lab) + (fin ? AKSU_US(500) : AKSU_SECONDS(10)), shut, s);
    lab_run(lab, lab_now(lab) + AKSU_SECONDS(20));
    s->peer = lab_accepted(s->listener, nth);
}

static bool is_whole(const struct stage *s)
{
    return s->peer->received == s->octets && s->peer->wrong == 0
        && s->peer->peer_closed;
}

/* --- what was said --- */

/* The first arrival at the server of text at this relative number, or of a FIN (at 0). */
static aksu_time arrival(const struct lab *lab, const struct stage *s, uint32_t relative)
{
    const struct lab_said *syn = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, 0);
    for (unsigned i = 0; syn != NULL && i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        const struct aksu_event_segment_in *in = &one->event.segment_in;
        if (one->event.kind != AKSU_EV_segment_in || one->host != s->server)
            continue;
        if (relative == 0 ? (in->ctl & AKSU_FIN) != 0
            : in->len > 0 && in->seq == syn->event.segment_out.seq + relative)
            return one->at;
    }
    return AKSU_NEVER;
}

/* The server's first ACK after this moment, relative to what the client sent first. */
static uint32_t acked_after(const struct lab *lab, const struct stage *s, aksu_time at)
{
    const struct lab_said *syn = lab_segment(lab, s->client, AKSU_SYN, AKSU_SYN, 0);
    for (unsigned i = 0; syn != NULL && i < lab_said_count(lab); i++) {
        const struct lab_said *one = lab_said(lab, i);
        if (one->event.kind == AKSU_EV_segment_out && one->host == s->server && one->at >= at)
            return one->event.segment_out.ack - syn->event.segment_out.seq;
    }
    return 0;
}

/* --- acts --- */

static void look(struct lab *lab, void *context)
{
    struct stage *s = context;
    lab_look(lab, W_reorder_look_fin, s->end, lab_accepted(s->listener, 0));
}

static void fin_first(struct lab *lab)
{
    static const unsigned order[] = { 0, 2, 1 };
    struct stage s;
    set_up(lab, &s, NULL);
    s.shuffle.gap = AKSU_MS(lab_value(lab, "late"));
    lab_at(lab, 5 * lab_delay(lab) + AKSU_MS(10) + s.shuffle.gap + s.shuffle.gap / 2
           + AKSU_US(600), look, &s);
    transfer(lab, &s, 2, true, order);
    aksu_time fin = arrival(lab, &s, 0), hole = arrival(lab, &s, 1 + MSS);
    lab_check(lab, is_whole(&s), W_reorder_check_whole);
    lab_check(lab, fin <= hole && hole != AKSU_NEVER, W_reorder_check_overtakes);
    lab_check(lab, lab_entered(lab, s.server, AKSU_TCP_CLOSE_WAIT) == hole,
              W_reorder_check_close_wait);
    if (s.shuffle.gap > 0 && s.shuffle.gap < lab_delay(lab) / 2) {
        lab_check(lab, acked_after(lab, &s, fin) == 1 + MSS, W_reorder_check_not_acked);
        lab_check(lab, acked_after(lab, &s, hole) == 2 + 2 * MSS, W_reorder_check_acked);
    }
    lab_fact_time(lab, W_reorder_fact_fin, fin);
    lab_fact_time(lab, W_reorder_fact_hole, hole);
    lab_fact_time(lab, W_reorder_fact_close_wait,
                  lab_entered(lab, s.server, AKSU_TCP_CLOSE_WAIT));
    if (lab_plain(lab))
        lab_check(lab, lab_events(lab, NULL, AKSU_EV_retransmit) == 0, W_reorder_check_patient);
}

static void backwards(struct lab *lab, struct stage *s, const char *detection)
{
    static const unsigned order[] = { 4, 3, 2, 1, 0 };
    set_up(lab, s, detection);
    s->shuffle.gap = AKSU_MS(lab_value(lab, "late"));
    transfer(lab, s, PIECES_MOST, false, order);
    lab_check(lab, is_whole(s), W_reorder_check_whole);
    lab_fact_count(lab, W_reorder_fact_again, lab_events(lab, s->client, AKSU_EV_retransmit));
}

static void counts(struct lab *lab)
{
    struct stage s;
    backwards(lab, &s, "sack");
    if (!lab_plain(lab))
        return;
    lab_check(lab, lab_events(lab, s.client, AKSU_EV_retransmit) > 0, W_reorder_check_mistaken);
    lab_check(lab, lab_event(lab, s.client, AKSU_EV_duplicate_reported, 0) != NULL
              && lab_event(lab, s.client, AKSU_EV_undo, 0) != NULL, W_reorder_check_undo);
}

static void measures(struct lab *lab)
{
    struct stage s;
    backwards(lab, &s, "rack");
    if (lab_plain(lab))
        lab_check(lab, lab_events(lab, s.client, AKSU_EV_retransmit) == 0,
                  W_reorder_check_patient);
}

/* The next order of the same numbers; false: it was the last. */
static bool permute(unsigned *order, unsigned count)
{
    unsigned i = count - 1, j = count - 1;
    while (i > 0 && order[i - 1] >= order[i])
        i--;
    if (i == 0)
        return false;
    while (order[j] <= order[i - 1])
        j--;
    unsigned swap = order[i - 1];
    order[i - 1] = order[j];
    order[j] = swap;
    for (j = count - 1; i < j; i++, j--) {
        swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    return true;
}

static void every_order(struct lab *lab)
{
    unsigned order[PIECES_MOST] = { 0, 1, 2, 3, 4 }, orders = 0, whole = 0;
    unsigned pieces = (unsigned)lab_value(lab, "pieces");
    uint64_t octets = 0, wrong = 0;
    struct stage s;
    set_up(lab, &s, NULL);
    lab_show(lab, NULL, NULL);
    do {
        transfer(lab, &s, pieces - 1, true, order);
        orders++;
        whole += is_whole(&s);
        octets += s.peer->received;
        wrong += s.peer->wrong;
        lab_close(s.end);
        lab_close(s.peer);
    } while (permute(order, pieces));
    lab_fact_count(lab, W_reorder_fact_orders, orders);
    lab_fact_count(lab, W_reorder_fact_same, whole);
    lab_fact_count(lab, W_reorder_fact_octets, octets);
    lab_fact_count(lab, W_reorder_fact_wrong, wrong);
    lab_check(lab, whole == orders && octets == (uint64_t)orders * (pieces - 1) * MSS
              && wrong == 0, W_reorder_check_every);
}

static const struct lab_act acts[] = {
    { W_reorder_fin_title, W_reorder_fin_text, fin_first, NULL },
    { W_reorder_counts_title, W_reorder_counts_text, counts, NULL },
    { W_reorder_measures_title, W_reorder_measures_text, measures, NULL },
    { W_reorder_every_title, W_reorder_every_text, every_order, NULL },
};

const struct lab_scenario lab_reorder = {
    .id = "S18", .name = "reorder", .title = W_reorder_title, .text = W_reorder_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
};
