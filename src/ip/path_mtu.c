/* path_mtu.c - the table of path_mtu.h: 64 sets of 4, chosen by a keyed hash of the destination. */
#include "ip/path_mtu.h"

void path_mtu_init(struct path_mtu_table *t, const struct sipkey *key)
{
    memset(t, 0, sizeof *t);
    t->key = *key;
}

static uint64_t set_of(const struct path_mtu_table *t, const struct aksu_ip *to)
{
    return siphash13(&t->key, to->octet, sizeof to->octet) % PATH_MTU_SETS;
}

static bool alive(const struct path_mtu_entry *e, aksu_time now)
{
    return e->mtu != 0 && e->until > now;       /* RFC 1191 6.3 */
}

uint32_t path_mtu_get(const struct path_mtu_table *t, const struct aksu_ip *to, uint32_t link_mtu,
                      aksu_time now)
{
    if (!t->any)
        return link_mtu;
    const struct path_mtu_entry *set = t->entry[set_of(t, to)];
    for (unsigned i = 0; i < PATH_MTU_WAYS; i++) {
        if (alive(&set[i], now) && ip_eq(&set[i].to, to))
            return set[i].mtu < link_mtu ? set[i].mtu : link_mtu;
    }
    return link_mtu;
}

/* The destination's own entry, else a dead one, else the one that expires first. */
static struct path_mtu_entry *place_for(struct path_mtu_table *t, const struct aksu_ip *to,
                                        aksu_time now)
{
    struct path_mtu_entry *set = t->entry[set_of(t, to)], *best = NULL;
    for (unsigned i = 0; i < PATH_MTU_WAYS; i++) {
        if (set[i].mtu != 0 && ip_eq(&set[i].to, to))
            return &set[i];
        aksu_time until = alive(&set[i], now) ? set[i].until : 0;
        if (best == NULL || until < (alive(best, now) ? best->until : 0))
            best = &set[i];
    }
    return best;
}

bool path_mtu_lower(struct path_mtu_table *t, const struct aksu_ip *to, uint32_t mtu,
                    uint32_t link_mtu, aksu_time now)
{
    if (ip_is_v4(to))
        mtu = mtu < PATH_MTU_LEAST_V4 ? PATH_MTU_LEAST_V4 : mtu;    /* RFC 1191 3 */
    else if (mtu < PATH_MTU_LEAST_V6)
        return false;                                               /* RFC 8201 4 */
    if (mtu >= path_mtu_get(t, to, link_mtu, now))
        return false;
    t->any = true;
    if (t->next == 0)
        t->next = now + PATH_MTU_LIFETIME;      /* those that follow last longer */
    *place_for(t, to, now) = (struct path_mtu_entry){
        .to = *to, .mtu = mtu, .until = now + PATH_MTU_LIFETIME,
    };
    return true;
}

bool path_mtu_expired(struct path_mtu_table *t, aksu_time now)
{
    if (t->next == 0 || t->next > now)
        return false;
    t->next = 0;
    for (unsigned i = 0; i < PATH_MTU_SETS * PATH_MTU_WAYS; i++) {
        const struct path_mtu_entry *e = &t->entry[i / PATH_MTU_WAYS][i % PATH_MTU_WAYS];
        if (alive(e, now) && (t->next == 0 || e->until < t->next))
            t->next = e->until;
    }
    return true;
}

uint32_t path_mtu_plateau(uint32_t length)
{
    static const uint16_t plateau[] = { 65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508,
                                        296 };
    for (unsigned i = 0; i < sizeof plateau / sizeof plateau[0]; i++) {
        if (plateau[i] < length)
            return plateau[i];
    }
    return PATH_MTU_LEAST_V4;
}
