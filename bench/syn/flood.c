/* flood.c - the SYNs of a flood, made before anything is measured; and how results are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/syn/syn.h"
#include "base/bytes.h"
#include "wire/checksum.h"

enum { IP = 20, TCP = SYN_OCTETS - IP };

/* mss 1460, sackOK, TS, nop, wscale 7 */
static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0,
                                     1, 3, 3, 7 };

double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void must(enum aksu_status status, const char *what)
{
    if (status == AKSU_OK)
        return;
    fprintf(stderr, "bench-syn: %s: %s\n", what, aksu_status_text(status));
    exit(1);
}

uint64_t cookies_sent(const struct aksu *net)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    return c.event[AKSU_EV_syn_cookie_sent];
}

static void make(uint8_t *h, uint64_t lot)
{
    static const uint8_t ip[IP] = { 0x45, 0, 0, IP + TCP, 0, 0, 0x40, 0, 64, 6, 0, 0,
                                    0, 0, 0, 0, 10, 0, 0, 2 };
    uint8_t *t = h + IP;
    memcpy(h, ip, sizeof ip);
    store_be32(h + 12, 0x14000000 | (uint32_t)(lot >> 40));          /* 20/8 */
    store_be16(h + 10, (uint16_t)~checksum_words(h, IP));
    store_be16(t, (uint16_t)(1024 + (uint32_t)(lot >> 20) % 60000));
    store_be16(t + 2, PORT);
    store_be32(t + 4, (uint32_t)(lot >> 16));
    t[12] = TCP / 4 << 4;
    t[13] = 2;
    store_be16(t + 14, 65535);
    memcpy(t + 20, options, sizeof options);
    struct aksu_ip from = { { [10] = 0xff, [11] = 0xff } }, to = from;
    memcpy(from.octet + 12, h + 12, 4);
    memcpy(to.octet + 12, h + 16, 4);
    struct checksum c = checksum_pseudo(&from, &to, 6, TCP);
    checksum_add(&c, t, TCP);
    store_be16(t + 16, checksum_finish(&c));
}

struct flood *flood_new(void)
{
    struct flood *f = calloc(1, sizeof *f);
    uint64_t lot = 1;
    must(f != NULL ? AKSU_OK : AKSU_NO_RESOURCES, "memory");
    f->octets = calloc(SYNS + 1, sizeof *f->octets);
    must(f->octets != NULL ? AKSU_OK : AKSU_NO_RESOURCES, "memory");
    for (uint32_t i = 0; i <= SYNS; i++) {
        lot = lot * 6364136223846793005u + 1442695040888963407u;
        make(f->octets[i], lot);
    }
    for (uint32_t i = 0; i < BATCH; i++)
        f->frame[i] = (struct aksu_frame){ .parts = 1, .length = SYN_OCTETS };
    return f;
}

void flood_free(struct flood *f)
{
    free(f->octets);
    free(f);
}

static void point(struct aksu_frame *frame, const uint8_t *octets)
{
    frame->part[0] = (struct aksu_slice){ octets, SYN_OCTETS };
}

const struct aksu_frame *flood_other(struct flood *f)
{
    point(&f->frame[0], f->octets[SYNS]);
    return &f->frame[0];
}

const struct aksu_frame *flood_next(struct flood *f)
{
    for (uint32_t i = 0; i < BATCH; i++)
        point(&f->frame[i], f->octets[f->next + i]);
    f->next = (f->next + BATCH) % SYNS;
    return f->frame;
}

void add_sample(struct samples *s, double value)
{
    if (s->count < sizeof s->value / sizeof s->value[0])
        s->value[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double print_samples(struct samples *s, const char *format)
{
    qsort(s->value, s->count, sizeof s->value[0], by_value);
    double median = s->value[s->count / 2];
    printf(format, median, s->value[0], s->value[s->count - 1], s->count);
    return median;
}
