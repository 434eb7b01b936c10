/* syn.c - SYNs of a flood, each of another port, to a listener whose backlog is full: what an
 * answer by cookie costs, from the frame in to the frame out. The peer is no stack. */
#include <string.h>

#include "bench/bench.h"
#include "wire/checksum.h"

enum { BATCH = 32, ETHERNET = 14, IP = 20, TCP = 40, FIRST = 2, PORTS = 60000, PERIOD_US = 1 };

/* With the options that everybody sends: mss 1460, sackOK, TS, nop, wscale 7. */
static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0,
                                     1, 3, 3, 7 };

struct syn {
    uint8_t octet[ETHERNET + IP + TCP];
    size_t from;                        /* of the frame: no Ethernet header for bare packets */
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void make(struct syn *s, bool ethernet)
{
    static const uint8_t link[ETHERNET] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
    static const uint8_t ip[IP] = { 0x45, 0, 0, IP + TCP, 0, 0, 0x40, 0, 64, 6, 0, 0,
                                    10, 0, 0, 1, 10, 0, 0, 2 };
    uint8_t *h = s->octet + ETHERNET, *t = h + IP;
    memset(s->octet, 0, sizeof s->octet);
    memcpy(s->octet, link, sizeof link);
    memcpy(h, ip, sizeof ip);
    put16(h + 10, (uint16_t)~checksum_words(h, IP));
    put16(t, FIRST);
    put16(t + 2, FLOOD_PORT);
    t[12] = TCP / 4 << 4;
    t[13] = 2;
    put16(t + 14, 65535);
    memcpy(t + 20, options, sizeof options);
    struct aksu_ip from, to;
    if (!aksu_ip_parse("10.0.0.1", &from) || !aksu_ip_parse("10.0.0.2", &to))
        give_up("address", AKSU_INVALID);
    struct checksum c = checksum_pseudo(&from, &to, 6, TCP);
    checksum_add(&c, t, TCP);
    put16(t + 16, checksum_finish(&c));
    s->from = ethernet ? 0 : ETHERNET;
}

/* Another port than that of the half-open one, and the checksum that goes with it. */
static void number(struct syn *s, uint32_t n)
{
    uint8_t *t = s->octet + ETHERNET + IP;
    uint16_t port = (uint16_t)(FIRST + 1 + n % PORTS);
    put16(t + 16, checksum_update(get16(t + 16), get16(t), port));
    put16(t, port);
}

static uint32_t answers(struct world *w)
{
    struct aksu_frame out;
    uint32_t n = 0;
    while (aksu_frame_out(w->net[1], &out, w->now))
        n++;
    return n;
}

double syn_run(struct world *w, uint32_t count)
{
    static struct syn syn[BATCH];
    struct aksu_frame frame[BATCH];
    struct aksu_counters before, after;
    for (unsigned i = 0; i < BATCH; i++) {
        make(&syn[i], w->ethernet);
        uint32_t length = (uint32_t)(sizeof syn[i].octet - syn[i].from);
        frame[i] = (struct aksu_frame){ .parts = 1, .length = length };
        frame[i].part[0] = (struct aksu_slice){ syn[i].octet + syn[i].from, length };
    }
    aksu_frame_in(w->net[1], w->pair.device[1], &frame[0], w->now);     /* the backlog is one */
    (void)answers(w);

    aksu_counters(w->net[1], &before);
    uint32_t answered = 0, done = 0;
    double start = cpu_seconds();
    while (done < count) {
        uint32_t batch = count - done < BATCH ? count - done : BATCH;
        for (uint32_t i = 0; i < batch; i++)
            number(&syn[i], done + i);
        aksu_frames_in(w->net[1], w->pair.device[1], frame, batch, w->now);
        answered += answers(w);
        w->now += AKSU_US(PERIOD_US);
        done += batch;
    }
    double ns = (cpu_seconds() - start) * 1e9 / count;
    aksu_counters(w->net[1], &after);
    uint64_t cookies = after.event[AKSU_EV_syn_cookie_sent] - before.event[AKSU_EV_syn_cookie_sent];
    if (answered < count || cookies != count)
        give_up("SYNs that were not answered by cookie", AKSU_WOULD_BLOCK);
    return ns;
}
