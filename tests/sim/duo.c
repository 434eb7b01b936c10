/* duo.c - the world of two stacks: made from a seed, run until all is done, and looked over
 * afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/duo.h"

static struct duo *all;

static void put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct duo_sink *s = (struct duo_sink *)sink;
    judge_event(s->duo, s->side, event);
}

static void attach(struct duo *w, unsigned side, const struct duo_config *c)
{
    struct aksu_device_config d = { .name = "link", .mtu = c->mtu,
                                    .offload = c->offload ? AKSU_OFFLOAD_TSO : 0 };
    if (c->ethernet)
        memcpy(d.mac, (uint8_t[6]){ 2, 0, 0, 0, 0, (uint8_t)(side + 1) }, 6);
    expect(aksu_attach(w->net[side], &d, &w->device[side]) == AKSU_OK, "attach");
    static const char *const address[2][2] = { { "10.0.0.1/24", "10.0.0.2/24" },
                                               { "2001:db8::1/64", "2001:db8::2/64" } };
    expect(aksu_address_add(w->net[side], w->device[side], address[c->v6][side]) == AKSU_OK,
           "address");
}

static uint64_t used(const struct duo *w, unsigned side)
{
    struct aksu_counters c;
    aksu_counters(w->net[side], &c);
    return c.memory_used;
}

struct duo *duo_new(const struct duo_config *c)
{
    struct duo *w = calloc(1, sizeof *w);
    expect(w != NULL, "no memory");
    w->next = all;
    all = w;
    w->flight = calloc(FLIGHT_MOST, sizeof w->flight[0]);
    w->dice.state = c->seed;
    w->v6 = c->v6;
    w->ethernet = c->ethernet;
    w->offload = c->offload;
    w->now = AKSU_SECONDS(1) + dice_u64(&w->dice) % AKSU_SECONDS(100);
    for (unsigned i = 0; i < 2; i++) {
        w->sink[i] = (struct duo_sink){ { put }, w, i };
        struct aksu_config config = { .memory_limit = c->memory, .sink = &w->sink[i].sink,
            .send_buffer = c->send_buffer, .receive_buffer = c->receive_buffer,
            .max_connections = c->max_connections, .no_sack = c->no_sack,
            .no_timestamps = c->no_timestamps, .no_window_scale = c->no_window_scale };
        uint64_t random = dice_u64(&w->dice);
        memcpy(config.seed, &random, sizeof random);
        w->net[i] = aksu_new(&config, w->now);
        expect(w->net[i] != NULL, "aksu_new");
        attach(w, i, c);
    }
    struct aksu_listen how = { .local.port = PORT_SERVER, .backlog = FLOWS_MOST };
    expect(aksu_listen(w->net[1], &how, &w->listener, w->now) == AKSU_OK, "listen");
    w->baseline[0] = used(w, 0);
    w->baseline[1] = used(w, 1);
    return w;
}

uint64_t duo_total[AKSU_EV_COUNT];

static void add_up(const struct duo *w)
{
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_counters c;
        aksu_counters(w->net[side], &c);
        for (unsigned i = 0; i < AKSU_EV_COUNT; i++)
            duo_total[i] += c.event[i];
    }
}

void duo_free_all(void)
{
    while (all != NULL) {
        struct duo *w = all;
        all = w->next;
        add_up(w);
        link_clear(w);
        free(w->flight);
        aksu_free(w->net[0]);
        aksu_free(w->net[1]);
        free(w);
    }
}

struct duo_config duo_random_config(struct dice *d, uint64_t seed)
{
    static const uint32_t mtu[] = { 1500, 1500, 1500, 576, 1280, 9000 };
    static const uint32_t buffer[] = { 0, 0, 4096, 16384, 65536, 1 << 20 };
    struct duo_config c = { .seed = seed, .memory = 16u << 20 };
    /* statements: the order in an initializer is the compiler's */
    c.mtu = mtu[dice(d, 6)];
    c.send_buffer = buffer[dice(d, 6)];
    c.receive_buffer = buffer[dice(d, 6)];
    c.v6 = dice(d, 3) == 0;
    c.ethernet = dice(d, 2) == 0;
    c.offload = dice(d, 4) == 0;
    c.no_sack = dice(d, 6) == 0;
    c.no_timestamps = dice(d, 6) == 0;
    c.no_window_scale = dice(d, 8) == 0;
    if (c.v6 && c.mtu < 1280)
        c.mtu = 1280;
    return c;
}

struct faults duo_random_faults(struct dice *d)
{
    static const uint32_t rate[] = { 0, 0, 66, 655, 3277, 9830 };   /* up to 15 % */
    static const uint32_t delay_us[] = { 1, 50, 1000, 20000, 150000 };
    struct faults f = { .loss = rate[dice(d, 6)] };
    f.repeat = rate[dice(d, 6)];
    f.damage = rate[dice(d, 5)];
    f.delay = AKSU_US(delay_us[dice(d, 5)]);
    if (dice(d, 2) == 0)
        f.jitter = 1 + f.delay * (1 + dice(d, 3)) / 2;
    return f;
}

struct flow *duo_flow(struct duo *w, uint64_t octets0, uint64_t octets1)
{
    expect(w->flows < FLOWS_MOST, "too many flows");
    struct flow *f = &w->flow[w->flows++];
    *f = (struct flow){ .side[0].want = octets0, .side[1].want = octets1 };
    f->side[0].dice.state = dice_u64(&w->dice);
    f->side[1].dice.state = dice_u64(&w->dice);
    return f;
}

void duo_open(struct duo *w, struct flow *f, unsigned side)
{
    uint16_t client = (uint16_t)(PORT_FIRST + (f - w->flow));
    struct aksu_open how = { .cookie = (uint64_t)(f - w->flow) };
    how.local.port = side == 0 ? client : PORT_SERVER;
    how.remote.port = side == 0 ? PORT_SERVER : client;
    const char *const address[2][2] = { { "10.0.0.2", "10.0.0.1" },
                                        { "2001:db8::2", "2001:db8::1" } };
    expect(aksu_ip_parse(address[w->v6][side], &how.remote.ip), "address");
    enum aksu_status status = aksu_open(w->net[side], &how, &f->side[side].conn, w->now);
    expect(status == AKSU_OK, "open: %s", aksu_status_text(status));
    f->side[side].live = f->side[side].opened = true;
}

/* Everything that both stacks and applications want to do now. */
static void drain(struct duo *w)
{
    bool more = true;
    for (unsigned rounds = 0; more; rounds++) {
        struct aksu_frame frame;
        struct aksu_ready ready;
        expect(rounds < 100000, "it never ends");
        more = false;
        for (unsigned side = 0; side < 2; side++) {
            while (aksu_frame_out(w->net[side], &frame, w->now)) {
                link_send(w, side, &frame);
                more = true;
            }
            while (aksu_next_ready(w->net[side], &ready)) {
                app_ready(w, side, &ready);
                more = true;
            }
        }
    }
}

static aksu_time next_of(const struct duo *w)
{
    aksu_time next = link_next(w), app = app_next(w);
    next = app < next ? app : next;
    for (unsigned side = 0; side < 2; side++) {
        aksu_time t = aksu_next_timeout(w->net[side]);
        next = t < next ? t : next;
    }
    return next;
}

bool duo_step(struct duo *w)
{
    drain(w);
    judge_step(w);
    w->steps++;
    aksu_time next = next_of(w);
    if (next == AKSU_NEVER)
        return false;
    if (next > w->now)
        w->now = next;
    /* Sometimes one frame at a time, sometimes all that are due before anything is answered. */
    while (link_deliver(w) && dice(&w->dice, 4) != 0)
        continue;
    for (unsigned side = 0; side < 2; side++)
        if (aksu_next_timeout(w->net[side]) <= w->now)
            aksu_timeouts(w->net[side], w->now);
    app_wake(w);
    return true;
}

/* Every side has closed; one that never came to be does not count, as long as the other had a
 * reason to go. */
bool duo_ended(const struct duo *w)
{
    for (unsigned n = 0; n < w->flows; n++) {
        const struct flow_side *s = w->flow[n].side;
        if ((s[0].opened && !s[0].closed) || (s[1].opened && !s[1].closed))
            return false;
        bool left = s[0].failed || s[0].end == END_ABORT;
        if (!(s[0].opened || s[0].failed) || !(s[1].opened || left))
            return false;
    }
    return true;
}

static _Noreturn void stands_still(const struct duo *w, const char *why)
{
    for (unsigned n = 0; n < w->flows; n++) {
        for (unsigned side = 0; side < 2; side++) {
            const struct flow_side *s = &w->flow[n].side[side];
            struct aksu_info i = { 0 };
            if (s->closed)
                continue;
            enum aksu_status status = aksu_status(w->net[side], s->conn, &i);
            fail("%s at %.6f s: flow %u side %u, status %d, %s, sent %llu of %llu, got %llu; una "
                 "%u nxt %u wnd %u cwnd %u queued %u rcv_wnd %u", why, (double)w->now / 1e9, n,
                 side, (int)status, aksu_tcp_state_name(i.state), (unsigned long long)s->sent,
                 (unsigned long long)s->want, (unsigned long long)s->got, i.snd_una, i.snd_nxt,
                 i.snd_wnd, i.cwnd, i.send_queued, i.rcv_wnd);
        }
    }
    fail("%s", why);
}

void duo_run(struct duo *w)
{
    aksu_time limit = w->now + AKSU_SECONDS(6 * 3600);
    while (!duo_ended(w)) {
        if (!duo_step(w) && !duo_ended(w))
            stands_still(w, "nothing ever happens");
        if (w->now > limit || w->steps > 20000000)
            stands_still(w, "it takes too long");
    }
}

void duo_run_for(struct duo *w, aksu_time for_)
{
    aksu_time until = w->now + for_;
    for (;;) {
        drain(w);
        if (next_of(w) > until)
            break;
        duo_step(w);
    }
    w->now = until;
}

void duo_expect_clean(struct duo *w)
{
    uint64_t steps = w->steps;
    w->faults[0].cut = w->faults[1].cut = false;
    w->faults[0].loss = w->faults[1].loss = w->faults[0].damage = w->faults[1].damage = 0;
    while (duo_step(w) && w->now < AKSU_SECONDS(100 * 3600))
        expect(w->steps < steps + 2000000, "it is never quiet");
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_counters c;
        aksu_counters(w->net[side], &c);
        expect(c.connections == 0 && c.time_wait == 0,
               "side %u still has %u connections, %u in TIME-WAIT",
               side, c.connections, c.time_wait);
        expect(c.memory_used == w->baseline[side],
               "side %u uses %llu octets, %llu at the beginning", side,
               (unsigned long long)c.memory_used, (unsigned long long)w->baseline[side]);
    }
}
