/* udp.c - S21: datagrams (RFC 768) for a game: no handshake, no order, nothing sent again; and what
 * becomes of the others when nobody holds the sender back (RFC 8085 3.1). */
#include <stdio.h>
#include <string.h>

#include "aksu/flow.h"
#include "lab/forge.h"

enum { PORT = 80, GAME_PORT = 9000, CLOSED_PORT = 9, TICKS = 16, TICK = 100, TICK_MS = 20,
       DATAGRAM = 1200, RECORDS = 128, BULK = 1 << 28, UDP = 17, IP = 20, HEADER = 8,
       DAMAGED = 3 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 20, 5, 100, W_knob_delay },
    { "lost", LAB_COUNT, 5, 0, TICKS, W_udp_knob_lost },
    { "rate", LAB_KBIT, 1000, 1000, 5000, W_udp_knob_rate },
    { "seconds", LAB_SECONDS, 10, 10, 60, W_udp_knob_seconds },
};

struct stage {
    struct lab *lab;
    struct lab_host *client, *server;
    struct aksu_sim_cable *cable;
    struct lab_listener *listener;
    struct lab_end *end, *peer;
    aksu_udp from, to;
    struct forge_frame seen;            /* the first datagram on the cable */
    unsigned datagrams;
    aksu_time refused_at;
    unsigned heard;
    aksu_time start, udp_at[TICKS], tcp_at[TICKS];
    unsigned tick;
    /* datagrams beside TCP */
    struct aksu_flow_end flow, sink;
    struct aksu_flow_receiver receiver;
    uint64_t memory[RECORDS * 8 + 256];
    aksu_time wake, gap;
    uint64_t octets, sent, tcp_before, udp_before;
};

static aksu_time clock_of(const struct stage *s)
{
    return aksu_sim_now(lab_world(s->lab));
}

/* --- the cable --- */

/* Keeps the first datagram, and turns over a bit of the third. */
static uint32_t watch(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct stage *s = context;
    (void)room, (void)now;
    if (frame[9] != UDP || length <= IP + HEADER || length > FORGE_MOST)
        return length;
    if (s->datagrams++ == 0) {
        memcpy(s->seen.octet, frame, length);
        s->seen.length = length;
    }
    if (s->datagrams == DAMAGED)
        frame[IP + HEADER] ^= 1;
    return length;
}

static bool lose_tick(void *context, const uint8_t *frame, uint32_t length, uint64_t passed)
{
    const struct stage *s = context;
    (void)passed;
    return length > IP + HEADER && frame[9] == UDP
        && frame[IP + HEADER] + 1u == lab_value(s->lab, "lost");
}

static void set_up(struct lab *lab, struct stage *s, bool shared)
{
    memset(s, 0, sizeof *s);
    s->lab = lab;
    s->wake = AKSU_NEVER;
    uint64_t nth[] = { lab_value(lab, "lost") };
    struct aksu_path_node way[] = {
        { .kind = AKSU_PATH_LOSE_DATA, .nth = nth, .nths = nth[0] > 0 },
        { .kind = AKSU_PATH_LOSE_IF, .lose_if = lose_tick, .context = s },
        { .kind = AKSU_PATH_DELAY, .delay = lab_delay(lab) },
    };
    struct lab_link link = { .more = { way, way + 2 }, .count = { 3, 1 }, .near = true };
    struct aksu_sim_host how = { .checksums = true };
    s->client = lab_host(lab, "client", &how);
    s->server = lab_host(lab, "server", &how);
    if (shared)
        lab_show(lab, NULL, NULL);
    s->cable = lab_cable(lab, s->client, s->server, shared ? NULL : &link);
    s->server->context = s->client->context = s;
    s->listener = lab_listen(lab, s->server, &(struct aksu_listen){ .local.port = PORT });
    if (aksu_udp_open(s->server->net, &(struct aksu_udp_open){ .local.port = GAME_PORT,
                      .cookie = 1 }, &s->to) != AKSU_OK
        || aksu_udp_open(s->client->net, &(struct aksu_udp_open){ .cookie = 1 }, &s->from)
        != AKSU_OK)
        lab_check(lab, false, W_udp_check_endpoints);
}

static void send_to(struct stage *s, uint16_t port, const void *octets, size_t length)
{
    struct aksu_endpoint to = { lab_address(s->server), port };
    (void)aksu_udp_send(s->client->net, s->from, &to, octets, length, clock_of(s));
}

/* --- a datagram, one for a port where nobody is, one that was damaged --- */

static uint32_t add(uint32_t sum, const uint8_t *at, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    return sum;
}

/* Over the pseudo header, the header and the text: all ones when nothing was damaged. */
static bool is_sum_right(const struct stage *s)
{
    const uint8_t *ip = s->seen.octet, *udp = ip + IP;
    unsigned length = (unsigned)(udp[4] << 8 | udp[5]);
    uint32_t sum = add(UDP + length, ip + 12, 8);
    if (s->seen.length != IP + length)
        return false;
    sum = add(sum, udp, length);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static void show_header(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = { W_udp_head_field, W_udp_head_octets,
                                            W_udp_head_value };
    static const enum lab_words field[] = { W_udp_field_source, W_udp_field_destination,
                                            W_udp_field_length, W_udp_field_checksum };
    lab_table(lab, W_udp_table_header, 3, heads);
    for (unsigned i = 0; i < HEADER / 2; i++) {
        const uint8_t *at = s->seen.octet + IP + 2 * i;
        char octets[8];
        (void)snprintf(octets, sizeof octets, "%02x %02x", at[0], at[1]);
        lab_row(lab, (const char *const[]){ lab_words(lab, field[i]), octets,
                lab_number(lab, (uint64_t)(at[0] << 8 | at[1])) });
    }
}

static void told(struct lab_host *host, aksu_udp udp)
{
    struct stage *s = host->context;
    uint8_t buffer[DATAGRAM];
    ptrdiff_t n;
    while ((n = aksu_udp_receive(host->net, udp, NULL, buffer, sizeof buffer)) != 0
           && n != -(ptrdiff_t)AKSU_WOULD_BLOCK) {
        if (n == -(ptrdiff_t)AKSU_UNREACHABLE_PORT)
            s->refused_at = lab_now(s->lab);
        else if (n > 0 && host == s->server)
            s->heard++;
    }
}

static void nobody(struct lab *lab, void *context)
{
    (void)lab;
    send_to(context, CLOSED_PORT, "anybody?", 8);
}

static void again(struct lab *lab, void *context)
{
    (void)lab;
    send_to(context, GAME_PORT, "hello", 5);
}

static void one_datagram(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, false);
    s.client->datagram = s.server->datagram = told;
    aksu_sim_tamper(s.cable, 0, watch, &s);
    send_to(&s, GAME_PORT, "hello", 5);
    lab_at(lab, AKSU_MS(500), nobody, &s);
    lab_at(lab, AKSU_SECONDS(1), again, &s);
    lab_run(lab, AKSU_SECONDS(5));
    show_header(lab, &s);
    const struct lab_said *in = lab_event(lab, s.server, AKSU_EV_udp_in, 0);
    const struct lab_said *icmp = lab_event(lab, s.server, AKSU_EV_icmp_out, 0);
    lab_check(lab, lab_segments(lab, NULL, 0, 0) == 0 && in != NULL
              && in->at / AKSU_US(1) == lab_delay(lab) / AKSU_US(1), W_udp_check_no_handshake);
    lab_check(lab, s.seen.octet[IP + 5] == HEADER + 5 && is_sum_right(&s), W_udp_check_sum);
    lab_check(lab, icmp != NULL && icmp->event.icmp_out.type == 3
              && icmp->event.icmp_out.code == 3, W_udp_check_icmp);
    lab_check(lab, s.refused_at / AKSU_US(1) == (AKSU_MS(500) + 2 * lab_delay(lab)) / AKSU_US(1),
              W_udp_check_refused);
    lab_check(lab, lab_events(lab, s.server, AKSU_EV_udp_dropped) == 2
              && lab_events(lab, s.server, AKSU_EV_udp_in) == 1 && s.heard == 1,
              W_udp_check_damaged);
}

/* --- the ticks of a game, over both --- */

static void tick_arrives(struct lab_host *host, aksu_udp udp)
{
    struct stage *s = host->context;
    uint8_t tick[TICK];
    while (aksu_udp_receive(host->net, udp, NULL, tick, sizeof tick) > 0)
        if (tick[0] < TICKS)
            s->udp_at[tick[0]] = lab_now(s->lab);
}

static void ticks_arrive(struct lab_end *end, uint32_t what)
{
    struct stage *s = end->context;
    (void)what;
    for (unsigned i = 0; i < TICKS && end->received >= (i + 1) * TICK; i++)
        if (s->tcp_at[i] == AKSU_NEVER)
            s->tcp_at[i] = lab_now(s->lab);
}

static void tick(struct lab *lab, void *context)
{
    struct stage *s = context;
    uint8_t octets[TICK] = { (uint8_t)s->tick };
    send_to(s, GAME_PORT, octets, sizeof octets);
    lab_send(s->end, TICK);
    if (++s->tick < TICKS)
        lab_at(lab, lab_now(lab) + AKSU_MS(TICK_MS), tick, s);
}

/* Of tick i; AKSU_NEVER: it is not there. */
static aksu_time latency(const struct stage *s, const aksu_time *at, unsigned i)
{
    return at[i] == AKSU_NEVER ? AKSU_NEVER : at[i] - s->start - AKSU_MS(TICK_MS) * i;
}

/* How many are late, how many are missing, and the greatest latency. */
struct lateness {
    unsigned late, missing;
    aksu_time most;
};

static struct lateness lateness_of(const struct stage *s, const aksu_time *at)
{
    struct lateness l = { 0 };
    for (unsigned i = 0; i < TICKS; i++) {
        aksu_time one = latency(s, at, i);
        l.missing += one == AKSU_NEVER;
        l.late += one != AKSU_NEVER && one > lab_delay(s->lab) + AKSU_MS(1);
        if (one != AKSU_NEVER && one > l.most)
            l.most = one;
    }
    return l;
}

static void show_ticks(struct lab *lab, const struct stage *s)
{
    static const enum lab_words heads[] = { W_udp_head_tick, W_udp_head_sent, W_udp_head_udp,
                                            W_udp_head_tcp };
    lab_table(lab, W_udp_table_ticks, 4, heads);
    for (unsigned i = 0; i < TICKS; i++)
        lab_row(lab, (const char *const[]){ lab_number(lab, i + 1),
                lab_ms(lab, AKSU_MS(TICK_MS) * i), lab_ms(lab, latency(s, s->udp_at, i)),
                lab_ms(lab, latency(s, s->tcp_at, i)) });
}

static void ticks(struct lab *lab)
{
    struct stage s;
    set_up(lab, &s, false);
    s.server->datagram = tick_arrives;
    s.listener->told = ticks_arrive;
    s.listener->context = &s;
    memset(s.udp_at, 0xff, sizeof s.udp_at);
    memset(s.tcp_at, 0xff, sizeof s.tcp_at);
    s.end = lab_open(lab, s.client, s.server, PORT, NULL);
    lab_set(s.end, AKSU_OPTION_NODELAY, 1);
    s.start = 4 * lab_delay(lab);
    lab_at(lab, s.start, tick, &s);
    lab_run(lab, AKSU_SECONDS(60));
    s.peer = lab_accepted(s.listener, 0);
    struct lateness udp = lateness_of(&s, s.udp_at), tcp = lateness_of(&s, s.tcp_at);
    show_ticks(lab, &s);
    lab_fact_count(lab, W_udp_fact_tcp_late, tcp.late);
    lab_fact_time(lab, W_udp_fact_tcp_most, tcp.most);
    lab_fact_time(lab, W_udp_fact_udp_most, udp.most);
    bool lost = lab_value(lab, "lost") > 0;
    lab_check(lab, udp.missing == lost && udp.late == 0, W_udp_check_only_that);
    lab_check(lab, tcp.missing == 0 && s.peer->received == TICKS * TICK && s.peer->wrong == 0,
              W_udp_check_tcp_all);
    if (lost)
        lab_check(lab, tcp.late > 0 && tcp.most > 3 * lab_delay(lab), W_udp_check_tcp_late);
    if (lab_plain(lab))
        lab_check(lab, tcp.late > 2 && s.tcp_at[4] == s.tcp_at[5], W_udp_check_blocked);
}

/* --- a bottleneck that is shared --- */

static void wake(struct lab *lab, void *context);

static void wake_at(struct stage *s, aksu_time at)
{
    aksu_time now = clock_of(s);
    at = at > now ? at : now + AKSU_US(1);
    if (at >= s->wake || at == AKSU_NEVER)
        return;
    s->wake = at;
    lab_at(s->lab, lab_now(s->lab) + at - now, wake, s);
}

/* A sender that listens to nobody: nine tenths of the line and more. */
static void shout(struct stage *s)
{
    uint8_t datagram[DATAGRAM] = { 0 };
    send_to(s, GAME_PORT, datagram, sizeof datagram);
    s->sent += sizeof datagram;
    wake_at(s, clock_of(s) + s->gap);
}

static void send_paced(struct stage *s)
{
    uint8_t datagram[DATAGRAM] = { 0 };
    aksu_time now = clock_of(s);
    wake_at(s, aksu_flow_end_work(&s->sink, now));
    wake_at(s, aksu_flow_end_work(&s->flow, now));
    while (aksu_flow_end_send(&s->flow, datagram, sizeof datagram, now) == AKSU_OK)
        s->sent += sizeof datagram;
    wake_at(s, aksu_flow_send_time(s->flow.sender, sizeof datagram, now));
    wake_at(s, aksu_flow_next_timeout(s->flow.sender));
}

static void wake(struct lab *lab, void *context)
{
    struct stage *s = context;
    (void)lab;
    if (clock_of(s) >= s->wake)
        s->wake = AKSU_NEVER;
    if (s->gap > 0)
        shout(s);
    else
        send_paced(s);
}

static void flow_told(struct lab_host *host, aksu_udp udp)
{
    struct stage *s = host->context;
    struct aksu_flow_datagram d;
    uint8_t buffer[DATAGRAM];
    ptrdiff_t n;
    if (s->gap > 0) {
        while ((n = aksu_udp_receive(host->net, udp, NULL, buffer, sizeof buffer)) > 0)
            s->octets += (uint64_t)n;
        return;
    }
    struct aksu_flow_end *end = host == s->server ? &s->sink : &s->flow;
    while (aksu_flow_end_receive(end, buffer, sizeof buffer, clock_of(s), &d) == AKSU_OK)
        if (host == s->server)
            s->octets += d.length + AKSU_FLOW_HEADER;
    send_paced(s);
}

static bool open_flow(struct stage *s)
{
    struct aksu_flow_config config = { .congestion_control = "cubic", .datagram = DATAGRAM,
                                       .seed = { 21 } };
    s->flow = (struct aksu_flow_end){ .net = s->client->net, .udp = s->from,
                                      .peer = { lab_address(s->server), GAME_PORT } };
    s->sink = (struct aksu_flow_end){ .net = s->server->net, .udp = s->to,
                                      .receiver = &s->receiver };
    return aksu_flow_init(s->memory, sizeof s->memory, &config, clock_of(s), &s->flow.sender)
        == AKSU_OK;
}

static void begin_datagrams(struct lab *lab, void *context)
{
    struct stage *s = context;
    s->tcp_before = lab_accepted(s->listener, 0)->received;
    if (s->gap == 0 && !open_flow(s))
        lab_check(lab, false, W_udp_check_flow);
    else
        wake_at(s, clock_of(s));
}

static void show_shares(struct lab *lab, const struct stage *s, uint64_t tcp, uint64_t seconds)
{
    static const enum lab_words heads[] = { W_udp_head_who, W_udp_head_kbit, W_udp_head_share,
                                            W_udp_head_lost };
    uint64_t rate = lab_value(lab, "rate"), udp = s->octets * 8 / 1000 / seconds;
    char part[2][12];
    tcp = tcp * 8 / 1000 / seconds;
    (void)snprintf(part[0], sizeof part[0], "%u %%", (unsigned)(tcp * 100 / rate));
    (void)snprintf(part[1], sizeof part[1], "%u %%", (unsigned)(udp * 100 / rate));
    lab_table(lab, W_udp_table_shares, 4, heads);
    lab_row(lab, (const char *const[]){ "TCP", lab_number(lab, tcp), part[0],
            lab_number(lab, lab_events(lab, s->client, AKSU_EV_retransmit)) });
    lab_row(lab, (const char *const[]){ "UDP", lab_number(lab, udp), part[1],
            lab_number(lab, (s->sent - s->octets) / DATAGRAM) });
}

/* TCP alone for two seconds, then both. What TCP got of both's octets, in percent. */
static unsigned share(struct lab *lab, struct stage *s, bool held_back)
{
    uint64_t seconds = lab_value(lab, "seconds");
    set_up(lab, s, true);
    s->server->datagram = s->client->datagram = flow_told;
    if (!held_back)
        s->gap = DATAGRAM * 8 * AKSU_SECONDS(1) / (lab_value(lab, "rate") * 950);
    s->end = lab_open(lab, s->client, s->server, PORT, NULL);
    lab_send(s->end, BULK);
    lab_at(lab, AKSU_SECONDS(2), begin_datagrams, s);
    lab_run(lab, AKSU_SECONDS(2 + seconds));
    s->peer = lab_accepted(s->listener, 0);
    uint64_t tcp = s->peer->received - s->tcp_before, all = tcp + s->octets;
    show_shares(lab, s, tcp, seconds);
    lab_check(lab, s->peer->wrong == 0 && all > lab_value(lab, "rate") * 125 * seconds / 2,
              W_udp_check_used);
    return all > 0 ? (unsigned)(tcp * 100 / all) : 0;
}

static void unfair(struct lab *lab)
{
    struct stage s;
    unsigned percent = share(lab, &s, false);
    if (lab_plain(lab))
        lab_check(lab, percent < 15, W_udp_check_starves);
    else
        lab_check(lab, percent < 30, W_udp_check_little);
}

static void fair(struct lab *lab)
{
    struct stage s;
    unsigned percent = share(lab, &s, true);
    if (lab_plain(lab))
        lab_check(lab, percent >= 40 && percent <= 60, W_udp_check_fair);
    else                        /* in so short a time, with so few packets in the queue */
        lab_check(lab, percent >= 10 && percent <= 90, W_udp_check_neither);
}

static const struct lab_act acts[] = {
    { W_udp_one_title, W_udp_one_text, one_datagram, NULL },
    { W_udp_ticks_title, W_udp_ticks_text, ticks, NULL },
    { W_udp_unfair_title, W_udp_unfair_text, unfair, NULL },
    { W_udp_fair_title, W_udp_fair_text, fair, NULL },
};

const struct lab_scenario lab_udp = {
    .id = "S21", .name = "udp", .title = W_udp_title, .text = W_udp_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { [1] = "lost" },
};
