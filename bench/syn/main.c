/* main.c - SYNs of a flood, each of another port, to a listener whose backlog is full: what an
 * answer by cookie costs in CPU time, from the frame in to the frame out. The peer is no stack, and
 * its link has no Ethernet header.
 *   build/gcc/bench-syn [SYNS [REPEAT]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aksu/socket.h"
#include "wire/checksum.h"

enum { BATCH = 32, IP = 20, TCP = 40, FIRST = 2, PORTS = 60000, PORT = 80, REPEAT_MOST = 99 };

/* With the options that everybody sends: mss 1460, sackOK, TS, nop, wscale 7. */
static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0,
                                     1, 3, 3, 7 };

struct syn {
    uint8_t octet[IP + TCP];
};

struct target {
    struct aksu *net;
    aksu_device device;
    aksu_time now;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum aksu_status status, const char *what)
{
    if (status == AKSU_OK)
        return;
    fprintf(stderr, "bench-syn: %s: %s\n", what, aksu_status_text(status));
    exit(1);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void make(struct syn *s)
{
    static const uint8_t ip[IP] = { 0x45, 0, 0, IP + TCP, 0, 0, 0x40, 0, 64, 6, 0, 0,
                                    10, 0, 0, 1, 10, 0, 0, 2 };
    uint8_t *h = s->octet, *t = h + IP;
    memset(s->octet, 0, sizeof s->octet);
    memcpy(h, ip, sizeof ip);
    put16(h + 10, (uint16_t)~checksum_words(h, IP));
    put16(t, FIRST);
    put16(t + 2, PORT);
    t[12] = TCP / 4 << 4;
    t[13] = 2;
    put16(t + 14, 65535);
    memcpy(t + 20, options, sizeof options);
    struct aksu_ip from, to;
    if (!aksu_ip_parse("10.0.0.1", &from) || !aksu_ip_parse("10.0.0.2", &to))
        must(AKSU_INVALID, "address");
    struct checksum c = checksum_pseudo(&from, &to, 6, TCP);
    checksum_add(&c, t, TCP);
    put16(t + 16, checksum_finish(&c));
}

/* Another port than that of the half-open one, and the checksum that goes with it. */
static void number(struct syn *s, uint32_t n)
{
    uint8_t *t = s->octet + IP;
    uint16_t port = (uint16_t)(FIRST + 1 + n % PORTS);
    put16(t + 16, checksum_update(get16(t + 16), get16(t), port));
    put16(t, port);
}

static uint32_t answers(struct target *t)
{
    struct aksu_frame out;
    uint32_t n = 0;
    while (aksu_frame_out(t->net, &out, t->now))
        n++;
    return n;
}

static uint64_t cookies(const struct target *t)
{
    struct aksu_counters c;
    aksu_counters(t->net, &c);
    return c.event[AKSU_EV_syn_cookie_sent];
}

static void frames_of(struct syn syn[BATCH], struct aksu_frame frame[BATCH])
{
    for (unsigned i = 0; i < BATCH; i++) {
        make(&syn[i]);
        frame[i] = (struct aksu_frame){ .parts = 1, .length = IP + TCP };
        frame[i].part[0] = (struct aksu_slice){ syn[i].octet, IP + TCP };
    }
}

/* Nanoseconds for a SYN. */
static double run(struct target *t, uint32_t count)
{
    struct syn syn[BATCH];
    struct aksu_frame frame[BATCH];
    frames_of(syn, frame);
    aksu_frame_in(t->net, t->device, &frame[0], t->now);        /* the backlog is one */
    (void)answers(t);

    uint64_t before = cookies(t);
    uint32_t answered = 0;
    double start = cpu_seconds();
    for (uint32_t done = 0; done < count; done += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++)
            number(&syn[i], done + i);
        aksu_frames_in(t->net, t->device, frame, BATCH, t->now);
        answered += answers(t);
        t->now += AKSU_US(1);
    }
    double ns = (cpu_seconds() - start) * 1e9 / count;
    if (answered < count || cookies(t) - before < count) {
        fprintf(stderr, "bench-syn: not all were answered by cookie\n");
        exit(1);
    }
    return ns;
}

static void begin(struct target *t)
{
    struct aksu_config config = { .memory_limit = 64 << 20 };
    struct aksu_device_config device = { .name = "flood" };
    struct aksu_listen how = { .local.port = PORT, .backlog = 1 };
    aksu_listener l;
    t->now = AKSU_SECONDS(1);
    t->net = aksu_new(&config, t->now);
    must(t->net != NULL ? AKSU_OK : AKSU_NO_RESOURCES, "stack");
    must(aksu_attach(t->net, &device, &t->device), "device");
    must(aksu_address_add(t->net, t->device, "10.0.0.2/24"), "address");
    must(aksu_listen(t->net, &how, &l, t->now), "listen");
    (void)answers(t);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    unsigned repeat = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
    double sample[REPEAT_MOST];
    struct target t;
    if (count < BATCH || count > 1000000000 || repeat < 1 || repeat > REPEAT_MOST) {
        fprintf(stderr, "bench-syn [SYNS [REPEAT]]: %d to 10^9, 1 to %d\n", BATCH, REPEAT_MOST);
        return 2;
    }
    begin(&t);
    count -= count % BATCH;
    (void)run(&t, 10 * BATCH);
    for (unsigned i = 0; i < repeat; i++)
        sample[i] = run(&t, (uint32_t)count);
    aksu_free(t.net);
    qsort(sample, repeat, sizeof sample[0], by_value);
    double median = sample[repeat / 2];
    printf("| SYN, answered by cookie | **%.0f** [%.0f-%.0f] ns (%u), %.2f million a second |\n",
           median, sample[0], sample[repeat - 1], repeat, 1e3 / median);
    return 0;
}
