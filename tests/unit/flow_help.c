/* flow_help.c - see flow_help.h. */
#include "flow_help.h"

void pair_init_config(struct pair *p, const struct aksu_flow_config *config, aksu_time delay)
{
    memset(p, 0, sizeof *p);
    size_t size = aksu_flow_size(FLOW_RECORDS);
    p->now = SECONDS(1);
    p->memory = malloc(size);
    assert_non_null(p->memory);
    assert_int_equal(aksu_flow_init(p->memory, size, config, p->now, &p->flow), AKSU_OK);
    p->there.delay = p->back.delay = delay;
    p->length = DATAGRAM;
    p->dice = 11;
    p->least_gap = AKSU_NEVER;
}

void pair_init(struct pair *p, const char *name, aksu_time delay, uint64_t rate, uint32_t room)
{
    struct aksu_flow_config config = { .congestion_control = name, .seed = { 1, 2, 3 } };
    pair_init_config(p, &config, delay);
    p->there.rate = rate;
    p->there.room = room;
    p->full = true;
}

static void clear(struct way *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        free(w->carried[(w->first + i) % WAY_MOST]);
    w->count = 0;
}

void pair_free(struct pair *p)
{
    clear(&p->there);
    clear(&p->back);
    free(p->memory);
}

static bool happens(struct pair *p, uint32_t of_65536)
{
    return chance_below(&p->dice, 65536) < of_65536;
}

static void carry(struct way *w, const uint8_t *octet, uint32_t length, aksu_time at)
{
    struct carried *c = malloc(sizeof *c);
    assert_non_null(c);
    assert_true(w->count < WAY_MOST && length <= sizeof c->octet);
    memcpy(c->octet, octet, length);
    c->length = length;
    c->at = at;
    c->ce = w->mark;
    uint32_t i = w->count++;
    for (; i > 0 && w->carried[(w->first + i - 1) % WAY_MOST]->at > at; i--)
        w->carried[(w->first + i) % WAY_MOST] = w->carried[(w->first + i - 1) % WAY_MOST];
    w->carried[(w->first + i) % WAY_MOST] = c;
}

void way_enter(struct pair *p, struct way *w, const uint8_t *octet, uint32_t length)
{
    uint64_t number = w->entered++;
    aksu_time at = p->now;
    if (w->cut || happens(p, w->loss) || (number >= w->lose_from && number < w->lose_upto)) {
        w->lost++;
        return;
    }
    if (w->rate != 0) {
        aksu_time start = w->free_at > p->now ? w->free_at : p->now;
        if ((start - p->now) * w->rate / SECONDS(1) > w->room) {
            w->lost++;
            return;
        }
        w->free_at = start + length * SECONDS(1) / w->rate;
        at = w->free_at;
    }
    at += w->delay + (happens(p, w->late) ? w->late_by : 0);
    carry(w, octet, length, at);
    if (happens(p, w->repeat))
        carry(w, octet, length, at + MS(1));
}

static aksu_time next_of(const struct way *w)
{
    return w->count > 0 ? w->carried[w->first]->at : AKSU_NEVER;
}

static struct carried *arrival(struct way *w)
{
    struct carried *c = w->carried[w->first];
    w->first = (w->first + 1) % WAY_MOST;
    w->count--;
    return c;
}

bool pair_send(struct pair *p, uint32_t length)
{
    uint8_t octet[DATAGRAM] = { 0 };
    if (aksu_flow_send_time(p->flow, length, p->now) > p->now)
        return false;
    assert_int_equal(aksu_flow_send(p->flow, octet, length, p->now), AKSU_OK);
    if (p->sends++ > 0 && p->now - p->last_send < p->least_gap)
        p->least_gap = p->now - p->last_send;
    p->last_send = p->now;
    way_enter(p, &p->there, octet, length);
    return true;
}

static void arrive_there(struct pair *p)
{
    struct carried *c = arrival(&p->there);
    struct aksu_flow_datagram d;
    if (aksu_flow_take(&p->receiver, c->octet, c->length, c->ce, p->now, &d) == AKSU_OK)
        p->taken_text += d.length;
    free(c);
}

static void arrive_back(struct pair *p)
{
    struct carried *c = arrival(&p->back);
    assert_int_equal(aksu_flow_feedback(p->flow, c->octet, c->length, p->now), AKSU_OK);
    free(c);
}

static void work(struct pair *p)
{
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
    size_t n = aksu_flow_report(&p->receiver, octet, p->now);
    if (n > 0)
        way_enter(p, &p->back, octet, (uint32_t)n);
    aksu_flow_timeouts(p->flow, p->now);
    if (aksu_flow_probe(p->flow, octet, p->now))
        way_enter(p, &p->there, octet, AKSU_FLOW_HEADER);
    while (p->full && pair_send(p, p->length))
        continue;
    if (p->every != 0 && p->now >= p->app_at) {
        pair_send(p, p->length);
        p->app_at = p->now + p->every;
    }
}

static aksu_time next_time(const struct pair *p, aksu_time end)
{
    aksu_time at = time_min(next_of(&p->there), next_of(&p->back));
    at = time_min(at, aksu_flow_next_timeout(p->flow));
    at = time_min(at, aksu_flow_feedback_time(&p->receiver));
    if (p->full)
        at = time_min(at, aksu_flow_send_time(p->flow, p->length, p->now));
    if (p->every != 0)
        at = time_min(at, p->app_at);
    at = time_min(at, end);
    return at > p->now ? at : p->now;
}

void pair_run(struct pair *p, aksu_time for_)
{
    aksu_time end = p->now + for_;
    unsigned still = 0;
    work(p);
    while (p->now < end) {
        aksu_time before = p->now;
        p->now = next_time(p, end);
        still = p->now == before ? still + 1 : 0;
        assert_true(still < 100000);    /* time goes on */
        while (next_of(&p->there) <= p->now)
            arrive_there(p);
        while (next_of(&p->back) <= p->now)
            arrive_back(p);
        work(p);
    }
}

struct aksu_flow_info pair_info(const struct pair *p)
{
    struct aksu_flow_info info;
    aksu_flow_info(p->flow, &info);
    return info;
}
