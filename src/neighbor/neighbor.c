/* neighbor.c - the cache and its state machine (RFC 4861 7.3): lookups, room, timers, advice from
 * above. Called by the stack for each next hop, and for deadlines. */
#include "neighbor/neighbor_internal.h"
#include "base/check.h"

enum { NEVER_USED = 0 };

void neighbor_init(struct neighbor_cache *n, const struct sipkey *key)
{
    memset(n, 0, sizeof *n);
    n->key = *key;
    n->deadline = NEVER;
    /* RFC 4861 6.3.2: uniformly 15..45 s */
    n->reachable_time = SECONDS(15) + MS(siphash13(key, "reachable", 9) % 30001);
}

const char *neighbor_state_name(enum neighbor_state state)
{
    switch (state) {
    case NEIGHBOR_FREE:
        return "gone";
    case NEIGHBOR_INCOMPLETE:
        return "INCOMPLETE";
    case NEIGHBOR_REACHABLE:
        return "REACHABLE";
    case NEIGHBOR_STALE:
        return "STALE";
    case NEIGHBOR_DELAY:
        return "DELAY";
    case NEIGHBOR_PROBE:
        return "PROBE";
    case NEIGHBOR_FAILED:
        return "FAILED";
    case NEIGHBOR_STATE_COUNT:
        break;
    }
    bug("neighbor_state_name: a state");
}

static uint16_t *bucket_of(struct neighbor_cache *n, const struct aksu_ip *ip)
{
    return &n->bucket[siphash13(&n->key, ip->octet, sizeof ip->octet) % NEIGHBOR_BUCKETS];
}

static bool is_of(const struct neighbor_entry *e, uint32_t device, const struct aksu_ip *ip)
{
    return e->device == device && ip_eq(&e->ip, ip);
}

struct neighbor_entry *neighbor_find(struct neighbor_cache *n, uint32_t device,
                                     const struct aksu_ip *ip)
{
    struct neighbor_entry *last = &n->entry[n->last];
    if (last->state != NEIGHBOR_FREE && is_of(last, device, ip))
        return last;
    for (uint16_t i = *bucket_of(n, ip); i != 0; i = n->entry[i - 1].next) {
        struct neighbor_entry *e = &n->entry[i - 1];
        if (is_of(e, device, ip)) {
            n->last = (uint16_t)(i - 1);
            return e;
        }
    }
    return NULL;
}

/* Its address is known, but not that it is still there. */
static bool is_doubted(enum neighbor_state state)
{
    return state == NEIGHBOR_STALE || state == NEIGHBOR_DELAY || state == NEIGHBOR_PROBE;
}

static void set_owed(struct neighbor_cache *n, struct neighbor_entry *e, bool owed)
{
    n->owed += (uint32_t)owed - e->owed;
    e->owed = owed;
}

static void set_news(struct neighbor_cache *n, struct neighbor_entry *e, bool news)
{
    n->news += (uint32_t)news - e->news;
    e->news = news;
}

static void set_state(struct neighbor_cache *n, struct neighbor_entry *e, enum neighbor_state state)
{
    n->doubted += (uint32_t)is_doubted(state) - is_doubted((enum neighbor_state)e->state);
    n->wakes = n->wakes || e->state == NEIGHBOR_INCOMPLETE;
    e->state = (uint8_t)state;
}

static void remove_entry(struct neighbor_cache *n, struct neighbor_entry *e)
{
    uint16_t number = (uint16_t)(e - n->entry + 1), *link = bucket_of(n, &e->ip);
    while (*link != number)
        link = &n->entry[*link - 1].next;
    *link = e->next;
    set_owed(n, e, false);
    set_news(n, e, false);
    set_state(n, e, NEIGHBOR_FREE);
    n->count--;
}

/* Whether `e` may give way, and in which order: the lower the sooner; 0 never. */
static aksu_time give_way(const struct neighbor_entry *e, bool gleaned)
{
    if (e->state == NEIGHBOR_FAILED)
        return 1;
    if (e->state != NEIGHBOR_STALE || (gleaned && e->used != NEVER_USED))
        return 0;
    return e->used + 2;
}

static struct neighbor_entry *free_place(struct neighbor_cache *n, bool gleaned)
{
    struct neighbor_entry *best = NULL;
    aksu_time best_order = 0;
    for (unsigned i = 0; i < NEIGHBOR_MOST; i++) {
        struct neighbor_entry *e = &n->entry[i];
        if (e->state == NEIGHBOR_FREE)
            return e;
        aksu_time order = give_way(e, gleaned);
        if (order != 0 && (best == NULL || order < best_order)) {
            best = e;
            best_order = order;
        }
    }
    if (best != NULL)
        remove_entry(n, best);
    return best;
}

struct neighbor_entry *neighbor_make(struct neighbor_cache *n, uint32_t device,
                                     const struct aksu_ip *ip, bool gleaned)
{
    struct neighbor_entry *e = free_place(n, gleaned);
    if (e == NULL)
        return NULL;
    uint16_t *bucket = bucket_of(n, ip);
    *e = (struct neighbor_entry){ .ip = *ip, .device = device, .state = NEIGHBOR_STALE,
                                  .until = NEVER, .used = NEVER_USED, .next = *bucket };
    *bucket = (uint16_t)(e - n->entry + 1);
    n->count++;
    n->doubted++;
    return e;
}

static void set_timer(struct neighbor_cache *n, struct neighbor_entry *e, aksu_time until)
{
    e->until = until;
    n->deadline = time_min(n->deadline, until);
}

void neighbor_enter(struct neighbor_cache *n, struct neighbor_entry *e, enum neighbor_state state,
                    aksu_time now)
{
    bool asks = state == NEIGHBOR_INCOMPLETE || state == NEIGHBOR_PROBE;
    set_state(n, e, state);
    e->solicits = asks;
    set_owed(n, e, asks);
    set_news(n, e, true);
    switch (state) {
    case NEIGHBOR_INCOMPLETE: case NEIGHBOR_PROBE:
        set_timer(n, e, time_after(now, NEIGHBOR_RETRANS));
        break;
    case NEIGHBOR_REACHABLE:
        set_timer(n, e, time_after(now, n->reachable_time));
        break;
    case NEIGHBOR_STALE:
        set_timer(n, e, NEVER);
        break;
    case NEIGHBOR_DELAY:
        set_timer(n, e, time_after(now, NEIGHBOR_DELAY_FIRST));
        break;
    case NEIGHBOR_FAILED:
        set_timer(n, e, time_after(now, NEIGHBOR_FAILED_HOLD));
        break;
    case NEIGHBOR_FREE: case NEIGHBOR_STATE_COUNT:
        bug("neighbor_enter: a state of a live entry");
    }
}

static bool map_group(const struct aksu_ip *ip, uint8_t mac[6])
{
    if (ip_is_broadcast(ip)) {
        memset(mac, 0xff, 6);
        return true;
    }
    if (!ip_is_multicast(ip))
        return false;
    if (ip_is_v4(ip)) {             /* the low 23 bits behind 01:00:5e: RFC 1112 6.4 */
        static const uint8_t prefix[3] = { 0x01, 0x00, 0x5e };
        memcpy(mac, prefix, 3);
        memcpy(mac + 3, ip->octet + 13, 3);
        mac[3] &= 0x7f;
    } else {                        /* RFC 2464 7 */
        memset(mac, 0x33, 2);
        memcpy(mac + 2, ip->octet + 12, 4);
    }
    return true;
}

enum neighbor_answer neighbor_resolve(struct neighbor_cache *n, uint32_t device,
                                      const struct aksu_ip *ip, const struct aksu_ip *source,
                                      uint8_t mac[6], aksu_time now)
{
    if (map_group(ip, mac))
        return NEIGHBOR_KNOWN;
    struct neighbor_entry *e = neighbor_find(n, device, ip);
    if (e == NULL) {
        e = neighbor_make(n, device, ip, false);
        if (e == NULL)
            return NEIGHBOR_FULL;
        neighbor_enter(n, e, NEIGHBOR_INCOMPLETE, now);
    }
    e->used = now != NEVER_USED ? now : 1;
    e->source = *source;
    if (e->state == NEIGHBOR_INCOMPLETE)
        return NEIGHBOR_PENDING;
    if (e->state == NEIGHBOR_FAILED)
        return NEIGHBOR_UNREACHABLE;
    if (e->state == NEIGHBOR_STALE)
        neighbor_enter(n, e, NEIGHBOR_DELAY, now);      /* RFC 4861 7.3.3 */
    memcpy(mac, e->mac, 6);
    return NEIGHBOR_KNOWN;
}

static bool has_mac(const struct neighbor_entry *e)
{
    return e != NULL && e->state != NEIGHBOR_INCOMPLETE && e->state != NEIGHBOR_FAILED;
}

void neighbor_confirm(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *ip,
                      aksu_time now)
{
    struct neighbor_entry *e = neighbor_find(n, device, ip);
    if (!has_mac(e))
        return;
    if (e->state == NEIGHBOR_REACHABLE)
        set_timer(n, e, time_after(now, n->reachable_time));
    else
        neighbor_enter(n, e, NEIGHBOR_REACHABLE, now);
}

void neighbor_suspect(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *ip,
                      aksu_time now)
{
    struct neighbor_entry *e = neighbor_find(n, device, ip);
    if (has_mac(e) && e->state != NEIGHBOR_PROBE && e->used != NEVER_USED)
        neighbor_enter(n, e, NEIGHBOR_PROBE, now);
}

void neighbor_forget(struct neighbor_cache *n, const struct aksu_ip *source)
{
    for (unsigned i = 0; i < NEIGHBOR_MOST; i++) {
        struct neighbor_entry *e = &n->entry[i];
        if (e->state != NEIGHBOR_FREE && ip_eq(&e->source, source))
            remove_entry(n, e);
    }
}

bool neighbor_next_news(struct neighbor_cache *n, struct neighbor_news *out)
{
    for (unsigned i = 0; n->news > 0 && i < NEIGHBOR_MOST; i++) {
        struct neighbor_entry *e = &n->entry[n->news_at];
        n->news_at = (n->news_at + 1) % NEIGHBOR_MOST;
        if (!e->news)
            continue;
        set_news(n, e, false);
        *out = (struct neighbor_news){ e->ip, e->device, (enum neighbor_state)e->state };
        return true;
    }
    return false;
}

aksu_time neighbor_next_timeout(const struct neighbor_cache *n)
{
    return n->deadline;
}

/* RFC 4861 7.2.2, 7.3.3: ask again, or give up. A neighbour that does not answer at its known
 * address is asked for anew by everybody, since the address may have changed. */
static void unanswered(struct neighbor_cache *n, struct neighbor_entry *e, aksu_time now)
{
    if (e->solicits < NEIGHBOR_SOLICITS) {
        e->solicits++;
        set_owed(n, e, true);
        set_timer(n, e, time_after(now, NEIGHBOR_RETRANS));
        return;
    }
    neighbor_enter(n, e, e->state == NEIGHBOR_PROBE ? NEIGHBOR_INCOMPLETE : NEIGHBOR_FAILED, now);
}

static void expire(struct neighbor_cache *n, struct neighbor_entry *e, aksu_time now)
{
    switch ((enum neighbor_state)e->state) {
    case NEIGHBOR_INCOMPLETE: case NEIGHBOR_PROBE:
        unanswered(n, e, now);
        break;
    case NEIGHBOR_REACHABLE:
        neighbor_enter(n, e, NEIGHBOR_STALE, now);
        break;
    case NEIGHBOR_DELAY:
        neighbor_enter(n, e, NEIGHBOR_PROBE, now);
        break;
    case NEIGHBOR_FAILED:
        remove_entry(n, e);
        break;
    case NEIGHBOR_STALE: case NEIGHBOR_FREE: case NEIGHBOR_STATE_COUNT:
        bug("expire: a state with a timer");
    }
}

void neighbor_timeouts(struct neighbor_cache *n, aksu_time now)
{
    if (now < n->deadline)
        return;
    n->deadline = NEVER;
    for (unsigned i = 0; i < NEIGHBOR_MOST; i++) {
        struct neighbor_entry *e = &n->entry[i];
        if (e->state == NEIGHBOR_FREE)
            continue;
        if (e->until <= now)
            expire(n, e, now);
        if (e->state != NEIGHBOR_FREE)
            n->deadline = time_min(n->deadline, e->until);
    }
}
