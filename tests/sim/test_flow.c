/* test_flow.c - datagrams beside TCP on one bottleneck: a flow of aksu/flow.h takes its share and
 * leaves TCP its own, a sender that nobody holds back starves it (RFC 8085 3.1). */
#include <stdio.h>
#include <string.h>

#include "aksu/flow.h"
#include "tests/sim/net.h"

enum { PORT = 9000, DATAGRAM = 1448, RECORDS = 2048, PAIRS_MOST = 8, LINE_SECONDS = 60,
       LONG_SECONDS = 240 };

/* 20 Mbit/s, 40 ms there and back, a buffer of one bandwidth-delay product. */
static const uint64_t RATE = 20000000;

/* A datagram application at both ends of a pair of hosts. */
struct stream {
    struct aksu_sim *world;
    struct aksu_flow_end from, to;
    struct aksu_flow_receiver receiver;
    uint64_t memory[(1 << 17) / 8];
    aksu_time wake;                     /* the call that is under way */
    uint64_t uncontrolled;              /* octets per second that are sent whatever happens */
    uint64_t arrived, before;
};

struct net {
    struct aksu_sim *world;
    struct aksu_sim_node *left, *right;         /* the routers with the bottleneck between them */
    struct aksu_sim_end *tcp[PAIRS_MOST];
    struct stream *stream[PAIRS_MOST];
    unsigned tcps, streams;
    uint64_t before[PAIRS_MOST];
};

static struct stream storage[PAIRS_MOST];
static struct stream *gamer;            /* sends when it has something to say */

static struct net new_net(uint64_t seed)
{
    struct net n = { .world = net_world(seed, false) };
    const struct aksu_path_node line[] = {
        { .kind = AKSU_PATH_RATE, .rate = RATE, .limit = 100000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(20) },
    };
    n.left = net_router(n.world);
    n.right = net_router(n.world);
    (void)net_cable(n.world, n.left, n.right, line, 2, line + 1, 1);
    memset(storage, 0, sizeof storage);
    gamer = NULL;
    return n;
}

static void new_pair(struct net *n, const char *control, struct aksu_sim_node *host[2])
{
    struct aksu_sim_host how = { .stack = { .send_buffer = 1 << 20, .receive_buffer = 1 << 20,
                                            .congestion_control = control } };
    host[0] = net_host(n->world, &how);
    host[1] = net_host(n->world, &how);
    (void)net_cable(n->world, host[0], n->left, NULL, 0, NULL, 0);
    (void)net_cable(n->world, n->right, host[1], NULL, 0, NULL, 0);
}

static void add_tcp(struct net *n, const char *control, aksu_time at)
{
    struct aksu_sim_node *host[2];
    new_pair(n, control, host);
    n->tcp[n->tcps++] = net_flow(n->world, &(struct aksu_sim_flow){
        .host = { host[0], host[1] }, .app = { { .octets = UINT64_MAX } }, .at = at });
}

static void wake(void *context, aksu_time now);

static void wake_at(struct stream *s, aksu_time at, aksu_time now)
{
    at = at > now ? at : now + AKSU_US(1);
    if (at >= s->wake || at == AKSU_NEVER)
        return;
    s->wake = at;
    expect(aksu_sim_at(s->world, at, wake, s), "%s", aksu_sim_why(s->world));
}

/* A sender that listens to nobody. */
static aksu_time shout(struct stream *s, aksu_time now)
{
    uint8_t datagram[DATAGRAM] = { 0 };
    (void)aksu_udp_send(s->from.net, s->from.udp, &s->from.peer, datagram, sizeof datagram, now);
    return now + DATAGRAM * AKSU_SECONDS(1) / s->uncontrolled;
}

static aksu_time send_all(struct stream *s, aksu_time now)
{
    uint8_t datagram[DATAGRAM] = { 0 };
    aksu_time next = aksu_flow_end_work(&s->from, now), at;
    while (aksu_flow_end_send(&s->from, datagram, sizeof datagram, now) == AKSU_OK)
        continue;
    at = aksu_flow_send_time(s->from.sender, sizeof datagram, now);
    next = at < next ? at : next;
    at = aksu_flow_next_timeout(s->from.sender);
    return at < next ? at : next;
}

static void wake(void *context, aksu_time now)
{
    struct stream *s = context;
    if (now >= s->wake)
        s->wake = AKSU_NEVER;
    if (s->uncontrolled != 0) {
        wake_at(s, shout(s, now), now);
        return;
    }
    wake_at(s, aksu_flow_end_work(&s->to, now), now);
    if (s != gamer)
        wake_at(s, send_all(s, now), now);
}

static void sender_told(void *context, const struct aksu_ready *ready, aksu_time now)
{
    struct stream *s = context;
    struct aksu_flow_datagram d;
    uint8_t buffer[DATAGRAM];
    (void)ready;
    while (aksu_flow_end_receive(&s->from, buffer, sizeof buffer, now, &d) == AKSU_OK)
        continue;
    if (s != gamer)
        wake_at(s, send_all(s, now), now);
}

static void receiver_told(void *context, const struct aksu_ready *ready, aksu_time now)
{
    struct stream *s = context;
    struct aksu_flow_datagram d;
    uint8_t buffer[DATAGRAM];
    ptrdiff_t n;
    (void)ready;
    if (s->uncontrolled != 0) {
        while ((n = aksu_udp_receive(s->to.net, s->to.udp, NULL, buffer, sizeof buffer)) > 0)
            s->arrived += (uint64_t)n;
        return;
    }
    while (aksu_flow_end_receive(&s->to, buffer, sizeof buffer, now, &d) == AKSU_OK)
        s->arrived += d.length + AKSU_FLOW_HEADER;
    wake_at(s, aksu_flow_end_work(&s->to, now), now);
}

static void open_end(struct stream *s, struct aksu_flow_end *end, struct aksu_sim_node *host,
                     const struct aksu_sim_node *peer)
{
    struct aksu_udp_open how = { .local.port = PORT, .queue = 1 << 20, .cookie = 1 };
    end->net = aksu_sim_stack(host);
    end->peer.port = PORT;
    aksu_sim_address(peer, false, &end->peer.ip);
    expect(aksu_udp_open(end->net, &how, &end->udp) == AKSU_OK, "no UDP endpoint");
    aksu_sim_ready(host, end == &s->from ? sender_told : receiver_told, s);
}

static void add_stream(struct net *n, const char *control, uint64_t uncontrolled, aksu_time at)
{
    struct stream *s = &storage[n->streams];
    struct aksu_sim_node *host[2];
    new_pair(n, NULL, host);
    *s = (struct stream){ .world = n->world, .uncontrolled = uncontrolled, .wake = AKSU_NEVER };
    open_end(s, &s->from, host[0], host[1]);
    open_end(s, &s->to, host[1], host[0]);
    struct aksu_flow_config config = { .congestion_control = control, .datagram = DATAGRAM,
                                       .seed = { (uint8_t)n->streams, 7 } };
    expect(aksu_flow_size(RECORDS) <= sizeof s->memory, "%zu octets", aksu_flow_size(RECORDS));
    if (uncontrolled == 0) {
        expect(aksu_flow_init(s->memory, sizeof s->memory, &config, aksu_sim_now(n->world),
                              &s->from.sender) == AKSU_OK, "no flow");
        s->to.receiver = &s->receiver;
    }
    wake_at(s, at, aksu_sim_now(n->world));
    n->stream[n->streams++] = s;
}

static void run(struct net *n, unsigned seconds)
{
    aksu_time until = aksu_sim_now(n->world) + AKSU_SECONDS(seconds);
    net_expect(n->world, aksu_sim_run(n->world, until), AKSU_SIM_RUNNING);
}

static uint64_t received(const struct net *n, unsigned tcp)
{
    struct aksu_sim_report r;
    aksu_sim_report(aksu_sim_peer(n->tcp[tcp]), &r);
    return r.received;
}

/* Both kinds' parts of the line, in thousandths, from now on for so long. */
struct shares {
    unsigned tcp, stream, each_tcp[PAIRS_MOST], each_stream[PAIRS_MOST];
};

static struct shares measure(struct net *n, unsigned seconds)
{
    struct shares s = { 0 };
    uint64_t line = RATE / 8 * seconds;
    for (unsigned i = 0; i < n->tcps; i++)
        n->before[i] = received(n, i);
    for (unsigned i = 0; i < n->streams; i++)
        n->stream[i]->before = n->stream[i]->arrived;
    run(n, seconds);
    for (unsigned i = 0; i < n->tcps; i++)
        s.tcp += s.each_tcp[i] = (unsigned)((received(n, i) - n->before[i]) * 1000 / line);
    for (unsigned i = 0; i < n->streams; i++) {
        uint64_t octets = n->stream[i]->arrived - n->stream[i]->before;
        s.stream += s.each_stream[i] = (unsigned)(octets * 1000 / line);
    }
    return s;
}

/* Jain's index of all, in thousandths. */
static unsigned jain(const struct net *n, const struct shares *s)
{
    uint64_t sum = s->tcp + s->stream, squares = 0;
    for (unsigned i = 0; i < n->tcps; i++)
        squares += (uint64_t)s->each_tcp[i] * s->each_tcp[i];
    for (unsigned i = 0; i < n->streams; i++)
        squares += (uint64_t)s->each_stream[i] * s->each_stream[i];
    return (unsigned)(sum * sum * 1000 / (squares * (n->tcps + n->streams)));
}

static void say(const char *what, const struct net *n, const struct shares *s)
{
    if (sim_verbose)
        printf("    %s: TCP %u.%u %%, datagrams %u.%u %%, Jain %u.%03u\n", what, s->tcp / 10,
               s->tcp % 10, s->stream / 10, s->stream % 10, jain(n, s) / 1000, jain(n, s) % 1000);
}

static struct shares one_against_one(uint64_t seed, const char *tcp, const char *stream)
{
    struct net n = new_net(seed);
    char what[64];
    add_tcp(&n, tcp, AKSU_SECONDS(1));
    add_stream(&n, stream, 0, AKSU_SECONDS(1) + AKSU_MS(100 + 37 * seed % 400));
    run(&n, 10);
    struct shares s = measure(&n, LONG_SECONDS);
    snprintf(what, sizeof what, "%s TCP, %s flow", tcp, stream);
    say(what, &n, &s);
    expect(s.tcp + s.stream > 850, "%s: %u of 1000 of the line are used", what, s.tcp + s.stream);
    return s;
}

/* The flow's part of what both got, in percent. */
static unsigned part(const struct shares *s)
{
    return s->stream * 100 / (s->tcp + s->stream);
}

/* 40 to 60 %. */
SIM(cubic_flow_beside_cubic_tcp, 3)             /* RFC 8085 3.1.2 */
{
    struct shares s = one_against_one(seed, "cubic", "cubic");
    expect(part(&s) >= 40 && part(&s) <= 60, "the flow has %u %%", part(&s));
}

SIM(reno_flow_beside_reno_tcp, 3)
{
    struct shares s = one_against_one(seed, "reno", "reno");
    expect(part(&s) >= 40 && part(&s) <= 60, "the flow has %u %%", part(&s));
}

/* BBR does not follow losses, so the shares depend on the buffer; neither starves. */
SIM(bbr_flow_beside_tcp, 2)
{
    struct shares s = one_against_one(seed, "bbr", "bbr");
    expect(part(&s) >= 25 && part(&s) <= 75, "beside BBR the flow has %u %%", part(&s));
    s = one_against_one(seed, "cubic", "bbr");
    expect(part(&s) >= 25 && part(&s) <= 80, "beside CUBIC the flow has %u %%", part(&s));
    s = one_against_one(seed, "bbr", "cubic");
    expect(part(&s) >= 20 && part(&s) <= 75, "the CUBIC flow has %u %%", part(&s));
}

/* Four connections and four flows. */
SIM(many_flows_beside_tcp, 3)
{
    struct net n = new_net(seed);
    for (unsigned i = 0; i < 4; i++) {
        add_tcp(&n, "cubic", AKSU_SECONDS(1) + AKSU_MS(331 * i));
        add_stream(&n, "cubic", 0, AKSU_SECONDS(1) + AKSU_MS(173 + (329 + 7 * seed) * i));
    }
    run(&n, 10);
    struct shares s = measure(&n, LINE_SECONDS);
    say("4 CUBIC TCP, 4 CUBIC flows", &n, &s);
    expect(s.tcp + s.stream > 850, "%u of 1000 of the line are used", s.tcp + s.stream);
    expect(part(&s) >= 35 && part(&s) <= 65, "the flows have %u %%", part(&s));
    expect(jain(&n, &s) >= 900, "Jain's index is 0.%03u", jain(&n, &s));
}

/* What all of this is for: who sends 19 Mbit/s of 20 whatever happens leaves nothing, and two
 * connections beside a flow instead have two thirds. */
SIM(an_uncontrolled_sender_starves_tcp, 3)
{
    struct net n = new_net(seed);
    add_tcp(&n, "cubic", AKSU_SECONDS(1));
    add_tcp(&n, "cubic", AKSU_SECONDS(1) + AKSU_MS(211));
    add_stream(&n, NULL, 2400000, AKSU_SECONDS(2) + AKSU_MS(37 * seed));
    run(&n, 10);
    struct shares loud = measure(&n, 30);
    say("2 CUBIC TCP, 19.2 Mbit/s of UDP", &n, &loud);
    expect(loud.stream > 900, "it got %u of 1000", loud.stream);
    expect(loud.tcp < 80, "TCP still has %u of 1000", loud.tcp);

    n = new_net(seed);
    add_tcp(&n, "cubic", AKSU_SECONDS(1));
    add_tcp(&n, "cubic", AKSU_SECONDS(1) + AKSU_MS(211));
    add_stream(&n, "cubic", 0, AKSU_SECONDS(2) + AKSU_MS(37 * seed));
    run(&n, 10);
    struct shares fair = measure(&n, LINE_SECONDS);
    say("2 CUBIC TCP, a CUBIC flow", &n, &fair);
    expect(fair.tcp > 8 * loud.tcp, "TCP has %u of 1000, not more than %u", fair.tcp, loud.tcp);
    expect(part(&fair) >= 25 && part(&fair) <= 42, "the flow has %u %%", part(&fair));
}

/* A flow whose application needs little gets all of it beside a connection that takes the rest. */
static void play(void *context, aksu_time now)
{
    uint8_t datagram[AKSU_FLOW_HEADER + 100] = { 0 };
    (void)context;
    if (aksu_flow_end_send(&gamer->from, datagram, sizeof datagram, now) == AKSU_OK)
        gamer->before++;
    (void)aksu_flow_end_work(&gamer->from, now);
    expect(aksu_sim_at(gamer->world, now + AKSU_MS(16), play, NULL), "no memory");
}

SIM(a_game_beside_tcp, 2)
{
    struct net n = new_net(seed);
    add_tcp(&n, "cubic", AKSU_SECONDS(1));
    add_stream(&n, "cubic", 0, AKSU_NEVER);
    gamer = n.stream[0];
    expect(aksu_sim_at(n.world, AKSU_SECONDS(2), play, NULL), "no memory");
    run(&n, 30);
    struct aksu_flow_info info;
    aksu_flow_info(gamer->from.sender, &info);
    expect(gamer->before > 29 * 62 * 99 / 100, "%llu states were sent",
           (unsigned long long)gamer->before);
    expect(gamer->receiver.datagrams > gamer->before * 98 / 100, "%llu of %llu states arrived",
           (unsigned long long)gamer->receiver.datagrams, (unsigned long long)gamer->before);
    expect(info.timeouts == 0, "%llu time-outs", (unsigned long long)info.timeouts);
    expect(received(&n, 0) * 8 > RATE * 29 * 85 / 100, "TCP got %llu octets",
           (unsigned long long)received(&n, 0));
}
