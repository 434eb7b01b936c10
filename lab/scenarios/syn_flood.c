/* syn_flood.c - S11: forged SYNs fill a backlog of half-open connections (RFC 4987 2); what helps:
 * a SYN cache (RFC 4987 3.4) and SYN cookies (RFC 4987 3.6), with the options in the
 * timestamp. The attacker is behind the router; his addresses are nobody's, and the router drops
 * what the server answers. */
#include <string.h>

#include "lab/forge.h"

enum { PORT = 80, BACKLOG = 16, LARGE = 4096, REQUEST = 100 };
enum { FLOOD_MS = 5000, CLIENT_MS = 500, EVERY_MS = 1500, SAMPLES = 4, SHORT_MS = 500,
       FILLS = 40 /* the backlog, at this rate, before the first sample */ };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, 10000, W_knob_delay },
    { "flood", LAB_COUNT, 100, 0, 400, W_syn_flood_knob_flood },
    { "no-cookies", LAB_FLAG, 0, 0, 1, W_syn_flood_knob_no_cookies },
};

struct stage {
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;       /* way 0: from the router to the server */
    struct lab_listener *listener;
    struct lab_end *end;
    struct aksu_counters at[SAMPLES];   /* of the server: before, and during the flood */
    unsigned samples;
    uint32_t forged, forged_at[SAMPLES];
};

static void forge_one(struct lab *lab, void *context)
{
    struct stage *s = context;
    uint64_t rate = lab_value(lab, "flood");
    aksu_time next = lab_now(lab) + AKSU_SECONDS(1) / (rate > 0 ? rate : 1);
    if (rate > 0) {
        uint32_t n = s->forged++;
        const uint8_t high = (uint8_t)(0x80 | n >> 8), low = (uint8_t)n;
        static const uint8_t mss[] = { 2, 4, 0x05, 0xb4 };
        struct forge_frame syn = forge_segment(&(struct forge_segment){
            .from = { { { [10] = 0xff, [11] = 0xff, 10, 66, high, low } }, (uint16_t)(1024 + n) },
            .to = { lab_address(s->server), PORT }, .ctl = AKSU_SYN, .seq = n * 64000,
            .wnd = 65535, .options = mss, .options_length = sizeof mss });
        forge_send(s->cable, 0, &syn);
    }
    if (next < AKSU_MS(FLOOD_MS))
        lab_at(lab, next, forge_one, s);
}

static void sample(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->forged_at[s->samples] = s->forged;
    aksu_counters(s->server->net, &s->at[s->samples++]);
    (void)lab;
}

static void come(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_send(s->end, REQUEST);
}

/* The flood begins, the client comes, and the server is looked at, until `end`. */
static void play(struct lab *lab, struct stage *s, uint32_t backlog, enum aksu_syn_cookies cookies,
                 aksu_time end)
{
    struct aksu_sim_host how = { .stack = { .syn_cookies = cookies, .max_half_open = LARGE,
                                               .max_connections = LARGE } };
    s->client = lab_host(lab, "client", NULL);
    s->server = lab_host(lab, "server", &how);
    struct lab_host *router = lab_router(lab);
    lab_cable(lab, s->client, router, NULL);
    s->cable = lab_cable(lab, router, s->server, &(struct lab_link){ .near = true });
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){
        .local.port = PORT, .backlog = backlog });
    sample(lab, s);
    lab_at(lab, 0, forge_one, s);
    lab_at(lab, AKSU_MS(CLIENT_MS), come, s);
    for (unsigned i = 1; i < SAMPLES; i++)
        lab_at(lab, AKSU_MS(EVERY_MS) * i - AKSU_US(1), sample, s);
    lab_run(lab, end);
}

/* Those of the client's segments at the server. */
static unsigned of_client(const struct lab *lab, const struct stage *s,
                          enum aksu_event_kind kind)
{
    struct aksu_ip client = lab_address(s->client);
    unsigned count = 0;
    const struct lab_said *said;
    for (unsigned i = 0; (said = lab_event(lab, s->server, kind, i)) != NULL; i++) {
        const struct aksu_event *e = &said->event;
        const struct aksu_ip *ip = kind == AKSU_EV_syn_queue_full ? &e->syn_queue_full.remote.ip
            : kind == AKSU_EV_syn_cookie_sent ? &e->syn_cookie_sent.remote.ip
            : &e->syn_cookie_good.remote.ip;
        count += memcmp(ip, &client, sizeof client) == 0;
    }
    return count;
}

static void show(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = {
        W_syn_flood_head_at, W_syn_flood_head_forged, W_syn_flood_head_half_open,
        W_syn_flood_head_replaced, W_syn_flood_head_cookies, W_syn_flood_head_refused,
        W_syn_flood_head_memory };
    lab_table(lab, W_syn_flood_table, LAB_COLUMNS, heads);
    for (unsigned i = 0; i < s->samples; i++) {
        const struct aksu_counters *c = &s->at[i];
        const char *cells[] = {
            lab_ms(lab, AKSU_MS(EVERY_MS) * i), lab_number(lab, s->forged_at[i]),
            lab_number(lab, c->half_open), lab_number(lab, c->event[AKSU_EV_half_open_replaced]),
            lab_number(lab, c->event[AKSU_EV_syn_cookie_sent]),
            lab_number(lab, c->event[AKSU_EV_syn_queue_full]), lab_number(lab, c->memory_used) };
        lab_row(lab, cells);
    }
    lab_fact_time(lab, W_syn_flood_connected, s->end->connected_at == AKSU_NEVER ? AKSU_NEVER
                  : s->end->connected_at - s->end->opened_at);
}

static void check_service(struct lab *lab, const struct stage *s)
{
    const struct lab_end *server = lab_accepted(s->listener, 0);
    lab_check(lab, s->end->connected_at == AKSU_MS(CLIENT_MS) + 2 * lab_delay(lab),
              W_syn_flood_check_at_once);
    if (lab_delay(lab) < AKSU_MS(SHORT_MS))     /* else it is repeated before it was answered */
        lab_check(lab, lab_segments(lab, s->client, AKSU_SYN, AKSU_SYN) == 1,
                  W_syn_flood_check_one_syn);
    lab_check(lab, server->received == REQUEST && server->wrong == 0, W_syn_flood_check_arrived);
}

/* --- the acts --- */

static void without(struct lab *lab)
{
    struct stage s = { 0 };
    play(lab, &s, BACKLOG, AKSU_SYN_COOKIES_NEVER, AKSU_SECONDS(15));
    if (s.end == NULL)
        return;
    show(lab, &s);
    lab_check(lab, s.at[1].half_open <= BACKLOG && s.at[3].half_open <= BACKLOG,
              W_syn_flood_check_bound);
    if (!lab_plain(lab))
        return;
    const struct lab_said *last = lab_segment(lab, s.client, AKSU_SYN, AKSU_SYN, 3);
    lab_check(lab, s.at[1].half_open == BACKLOG && s.at[2].half_open == BACKLOG
              && s.at[3].half_open == BACKLOG, W_syn_flood_check_full);
    lab_check(lab, lab_segments(lab, s.client, AKSU_SYN, AKSU_SYN) == 4 && last != NULL
              && last->at == AKSU_MS(CLIENT_MS) + AKSU_SECONDS(7), W_syn_flood_check_repeated);
    lab_check(lab, of_client(lab, &s, AKSU_EV_syn_queue_full) == 3, W_syn_flood_check_dropped);
    lab_check(lab, s.end->connected_at > AKSU_MS(FLOOD_MS), W_syn_flood_check_no_service);
}

static void with_cache(struct lab *lab)
{
    struct stage s = { 0 };
    play(lab, &s, LARGE, AKSU_SYN_COOKIES_NEVER,
         AKSU_MS(FLOOD_MS) + 4 * lab_delay(lab));
    if (s.end == NULL)
        return;
    show(lab, &s);
    const struct aksu_counters *before = &s.at[0], *after = &s.at[SAMPLES - 1];
    uint64_t more = after->memory_used - before->memory_used;
    lab_fact_count(lab, W_syn_flood_each, after->half_open > 0 ? more / after->half_open : 0);
    lab_check(lab, after->half_open - s.forged_at[SAMPLES - 1] <= 1 /* the client */,
              W_syn_flood_check_all_kept);
    lab_check(lab, after->event[AKSU_EV_syn_queue_full] == 0
              && after->event[AKSU_EV_syn_cookie_sent] == 0, W_syn_flood_check_none_refused);
    check_service(lab, &s);
}

/* What both ends agreed on is what both had offered. */
static bool agree(const struct stage *s)
{
    struct aksu_info a, b;
    return lab_status(s->end, &a) && lab_status(lab_accepted(s->listener, 0), &b)
        && a.sack && b.sack && a.timestamps && b.timestamps && a.snd_mss == b.snd_mss
        && a.snd_wscale > 0 && a.snd_wscale == b.rcv_wscale && a.rcv_wscale == b.snd_wscale;
}

static void with_cookies(struct lab *lab)
{
    struct stage s = { 0 };
    play(lab, &s, BACKLOG, AKSU_SYN_COOKIES_WHEN_FULL,
         AKSU_MS(FLOOD_MS) + 4 * lab_delay(lab));
    if (s.end == NULL)
        return;
    show(lab, &s);
    lab_check(lab, s.at[1].half_open <= BACKLOG && s.at[3].half_open <= BACKLOG,
              W_syn_flood_check_bound);
    lab_check(lab, s.at[3].event[AKSU_EV_syn_queue_full] == 0, W_syn_flood_check_none_refused);
    if (lab_plain(lab))
        lab_check(lab, of_client(lab, &s, AKSU_EV_syn_cookie_sent) == 1
                  && of_client(lab, &s, AKSU_EV_syn_cookie_good) == 1, W_syn_flood_check_cookie);
    lab_check(lab, agree(&s), W_syn_flood_check_options);
    check_service(lab, &s);
    if (lab_value(lab, "flood") >= FILLS && lab_delay(lab) < AKSU_MS(SHORT_MS))
        lab_check(lab, s.at[1].memory_used == s.at[3].memory_used,
                  W_syn_flood_check_flat);
}

static const struct lab_act acts[] = {
    { W_syn_flood_without_title, W_syn_flood_without_text, without, "no-cookies" },
    { W_syn_flood_cache_title, W_syn_flood_cache_text, with_cache, NULL },
    { W_syn_flood_cookies_title, W_syn_flood_cookies_text, with_cookies, NULL },
};

const struct lab_scenario lab_syn_flood = {
    .id = "S11", .name = "syn-flood", .title = W_syn_flood_title, .text = W_syn_flood_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { "flood", "flood", "flood" },
};
