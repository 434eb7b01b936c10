/* udp_flow.c - the sending end of a paced flow (aksu/flow.h): the window of its congestion control,
 * and pacing, so that a datagram leaves when its turn is and not in a burst (RFC 8085 3.1). Called
 * by the application. */
#include "udp/udp_flow.h"
#include "base/bytes.h"

enum {
    DATAGRAM_LEAST = 64, DATAGRAM_MOST = 65507, RECORDS_LEAST = 16,
    SKIP_LEAST = 64,            /* one number in 64 to 127 is left out */
    WITHIN_LEAST_US = 500, WITHIN_MOST_US = 25000
};
#define CATCH_UP MS(1)          /* what a caller who is late may send at once */
#define NANOSECONDS 1000000000u

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

static uint32_t round_up(uint32_t datagrams)
{
    uint32_t records = RECORDS_LEAST;
    while (records < datagrams && records < (uint32_t)1 << 30)
        records *= 2;
    return records;
}

size_t aksu_flow_size(uint32_t datagrams)
{
    return sizeof(struct aksu_flow) + round_up(datagrams) * sizeof(struct udp_flow_record);
}

static uint32_t draw_skip(struct aksu_flow *f)
{
    return SKIP_LEAST + prng_below(&f->random, SKIP_LEAST);
}

/* RFC 6928 2, RFC 8085 3.1.2 */
static void init_cc(struct aksu_flow *f, const struct cc_ops *ops, uint32_t datagram,
                    aksu_time now)
{
    f->cc.ops = ops;
    f->cc.smss = datagram;
    f->cc.initial_window = (uint32_t)least(10 * (uint64_t)datagram, most(2 * datagram, 14600));
    f->cc.cwnd = f->cc.initial_window;
    f->cc.ssthresh = UINT32_MAX;
    f->cc.paced = true;
    ops->init(&f->cc, now);
}

enum aksu_status aksu_flow_init(void *memory, size_t size, const struct aksu_flow_config *config,
                                aksu_time now, struct aksu_flow **out)
{
    const char *name = config->congestion_control;
    const struct cc_ops *ops = cc_find(name != NULL ? name : "cubic");
    uint32_t datagram = config->datagram != 0 ? config->datagram : 1200;
    if (ops == NULL || datagram < DATAGRAM_LEAST || datagram > DATAGRAM_MOST
        || (uintptr_t)memory % _Alignof(struct aksu_flow) != 0)
        return AKSU_INVALID;
    if (size < aksu_flow_size(RECORDS_LEAST))
        return AKSU_NO_RESOURCES;
    uint32_t records = RECORDS_LEAST;
    while (records < (uint32_t)1 << 29 && aksu_flow_size(2 * records) <= size)
        records *= 2;
    struct aksu_flow *f = memory;
    memset(f, 0, aksu_flow_size(records));
    f->records = records;
    f->random = prng_of(config->seed);
    f->token = (uint32_t)prng_u64(&f->random);
    uint32_t drawn = (uint32_t)prng_u64(&f->random);
    f->first = seq_of(config->first_sequence != 0 ? config->first_sequence : drawn);
    f->next = f->oldest = f->recovery_end = f->episode_first = f->first;
    f->until_skip = draw_skip(f);
    f->rate_most = config->rate_most;
    f->guess = config->rtt != 0 ? config->rtt : MS(100);
    f->next_send = f->delivered_at = f->first_sent = f->last_sent = f->progress = now;
    f->loss_at = NEVER;
    f->window_steps = 1;
    init_cc(f, ops, datagram, now);
    *out = f;
    return AKSU_OK;
}

/* Octets per second, never 0. An algorithm that does not pace gets its window spread over a round
 * trip: twice as fast while it searches, else a little faster than it will be acknowledged. */
static uint64_t pacing_rate(const struct aksu_flow *f)
{
    aksu_time rtt = f->srtt != 0 ? f->srtt : f->guess;
    uint64_t rate = f->cc.pacing_rate;
    if (rate == 0) {
        uint64_t percent = f->cc.cwnd < f->cc.ssthresh ? 200 : 120;
        rate = (uint64_t)f->cc.cwnd * percent * (NANOSECONDS / 100) / rtt;
    }
    if (f->rate_most != 0)
        rate = least(rate, f->rate_most);
    return most(rate, 1);
}

static bool has_record(const struct aksu_flow *f)
{
    uint32_t used = (uint32_t)seq_diff(f->next, f->oldest);
    return used + 2 <= f->records;              /* one for a number that is left out */
}

static bool has_window(const struct aksu_flow *f, size_t length)
{
    return f->in_flight == 0 || f->in_flight + (uint64_t)length <= f->cc.cwnd;
}

aksu_time aksu_flow_send_time(const struct aksu_flow *f, size_t length, aksu_time now)
{
    if (!has_record(f) || !has_window(f, length))
        return AKSU_NEVER;
    return f->next_send > now ? f->next_send : now;
}

/* The time that `length` octets take at the rate; what a nanosecond cannot express is kept for the
 * next one. */
static aksu_time time_of(struct aksu_flow *f, uint32_t length)
{
    uint64_t rate = pacing_rate(f);
    uint64_t left = (uint64_t)length * NANOSECONDS + (f->fraction < rate ? f->fraction : 0);
    f->fraction = left % rate;
    return left / rate;
}

/* RFC 7661 4.1: the gate stood open, so what is measured now is the application's pace. */
static void note_pace(struct aksu_flow *f, aksu_time now)
{
    if (now > most(f->next_send, f->opened_at) + CATCH_UP
        && f->in_flight + f->cc.smss <= f->cc.cwnd)
        f->app_limited_until = f->delivered + most(f->in_flight, 1);
    else if (f->delivered >= f->app_limited_until)
        f->app_limited_until = 0;
}

static void note_idleness(struct aksu_flow *f, aksu_time now)
{
    if (f->in_flight > 0)
        return;
    f->first_sent = f->delivered_at = now;
    f->progress = now;
    if (now - f->last_sent > udp_flow_rto(f) && f->cc.ops->after_idle != NULL && f->sent > 0)
        f->cc.ops->after_idle(&f->cc, now - f->last_sent, now);
}

/* A number that is not sent: who says that it came acknowledges what he did not see. */
static void skip_one(struct aksu_flow *f)
{
    if (--f->until_skip > 0)
        return;
    f->until_skip = draw_skip(f);
    udp_flow_at(f, f->next)->state = UDP_FLOW_SKIPPED;
    f->next = seq_add(f->next, 1);
}

uint32_t udp_flow_within_us(const struct aksu_flow *f)
{
    if (f->srtt == 0)
        return WITHIN_LEAST_US;
    return (uint32_t)most(WITHIN_LEAST_US, least(f->srtt / US(12), WITHIN_MOST_US));
}

/* The header, and the record. */
static void put(struct aksu_flow *f, uint8_t *datagram, uint32_t length, uint32_t within,
                aksu_time now)
{
    skip_one(f);
    if (f->in_flight == 0)
        f->oldest = f->next;
    *udp_flow_at(f, f->next) = (struct udp_flow_record){
        .sent = now, .first_sent = f->first_sent, .delivered_at = f->delivered_at,
        .delivered = (uint32_t)f->delivered, .length = (uint16_t)length,
        .state = UDP_FLOW_FLYING, .app_limited = f->app_limited_until != 0 };
    uint32_t known = (uint32_t)seq_diff(f->oldest, f->first);
    uint32_t kept = known < UDP_FLOW_KEEP ? known : UDP_FLOW_KEEP;
    wire_flow_build(datagram, &(struct flow_header){
                                  .token = f->token, .sequence = f->next.n,
                                  .sent_us = (uint32_t)(now / US(1)),
                                  .wanted = f->oldest.n - kept, .within_us = within });
    f->next = seq_add(f->next, 1);
    if ((uint32_t)seq_diff(f->next, f->first) > f->records) {
        f->first = seq_sub(f->next, f->records);
        f->forgot = true;
    }
    f->in_flight += length;
    f->most_in_flight = (uint32_t)most(f->most_in_flight, f->in_flight);
    f->sent += length;
    f->last_sent = now;
}

enum aksu_status aksu_flow_send(struct aksu_flow *f, uint8_t *datagram, size_t length,
                                aksu_time now)
{
    if (length < AKSU_FLOW_HEADER)
        return AKSU_INVALID;
    if (length > f->cc.smss)
        return AKSU_TOO_LONG;
    if (aksu_flow_send_time(f, length, now) > now)
        return AKSU_WOULD_BLOCK;
    note_idleness(f, now);
    note_pace(f, now);
    aksu_time base = now > CATCH_UP ? most(f->next_send, now - CATCH_UP) : f->next_send;
    f->next_send = base + time_of(f, (uint32_t)length);
    f->probed = false;
    put(f, datagram, (uint32_t)length, udp_flow_within_us(f), now);
    return AKSU_OK;
}

/* RFC 8985 7.2: two round trips without an answer, and nothing sent since. */
static aksu_time probe_at(const struct aksu_flow *f)
{
    if (f->in_flight == 0 || f->probed || f->backoff > 0 || f->srtt == 0)
        return NEVER;
    return (f->last_sent > f->progress ? f->last_sent : f->progress) + 2 * f->srtt
           + US(WITHIN_MOST_US);
}

bool aksu_flow_probe(struct aksu_flow *f, uint8_t datagram[AKSU_FLOW_HEADER], aksu_time now)
{
    if (now < probe_at(f) || !has_record(f))
        return false;
    put(f, datagram, AKSU_FLOW_HEADER, 0, now);
    f->probed = true;
    f->probes++;
    return true;
}

aksu_time aksu_flow_next_timeout(const struct aksu_flow *f)
{
    aksu_time at = time_min(f->loss_at, has_record(f) ? probe_at(f) : NEVER);
    return time_min(at, udp_flow_silence_at(f));
}

uint32_t aksu_flow_last(const struct aksu_flow *f) { return f->next.n - 1; }

enum aksu_flow_fate aksu_flow_fate(const struct aksu_flow *f, uint32_t sequence)
{
    uint32_t back = f->next.n - sequence;
    if (back == 0 || back > f->records)
        return AKSU_FLOW_UNKNOWN;
    switch ((enum udp_flow_state)f->record[sequence & (f->records - 1)].state) {
    case UDP_FLOW_NEVER:
    case UDP_FLOW_SKIPPED:
        return AKSU_FLOW_UNKNOWN;
    case UDP_FLOW_FLYING:
        return AKSU_FLOW_UNDER_WAY;
    case UDP_FLOW_DELIVERED:
        return AKSU_FLOW_DELIVERED;
    case UDP_FLOW_LOST:
        return AKSU_FLOW_LOST;
    }
    return AKSU_FLOW_UNKNOWN;
}

void aksu_flow_info(const struct aksu_flow *f, struct aksu_flow_info *out)
{
    aksu_time rtt = f->srtt != 0 ? f->srtt : f->guess;
    uint64_t pacing = pacing_rate(f), window = (uint64_t)f->cc.cwnd * NANOSECONDS / rtt;
    *out = (struct aksu_flow_info){
        .rate = least(pacing, window), .pacing_rate = pacing,
        .cwnd = f->cc.cwnd, .in_flight = f->in_flight,
        .srtt_us = (uint32_t)(f->srtt / US(1)), .min_rtt_us = (uint32_t)(f->min_rtt / US(1)),
        .sent = f->sent, .delivered = f->delivered, .lost = f->lost, .late = f->late,
        .congestion_events = f->events, .timeouts = f->timeouts, .probes = f->probes,
        .refused = f->refused, .congestion_control = f->cc.ops->name };
}
