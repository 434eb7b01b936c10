/* ao_keys.c - the MKTs of a stack (RFC 5925 3.1): added, matched, removed. Called by socket/, by
 * the stack for each new connection, and by ao.c. */
#include "base/ip_addr.h"
#include "tcp/ao.h"
#include "tcp/tcb_types.h"

void ao_wipe(void *secret, size_t length)
{
    memset(secret, 0, length);
    __asm__ volatile("" : : "r"(secret) : "memory");    /* it is not for nothing */
}

void ao_init(struct ao_env *e, struct pool *pool, uint8_t slab_of_keys, uint8_t slab_of_states)
{
    slab_init(&e->keys, pool, (sizeof(struct ao_key) + 7) & ~7u, slab_of_keys);
    slab_init(&e->states, pool, (sizeof(struct tcp_ao) + 7) & ~7u, slab_of_states);
}

struct ao_key *ao_key_at(const struct ao_env *e, slab_ref ref)
{
    return slab_at(&e->keys, ref);
}

slab_ref ao_key_find(const struct ao_env *e, aksu_ao_key handle)
{
    if (e->count == 0 || handle.serial == 0)
        return 0;
    const struct ao_key *k = slab_found(&e->keys, handle.index);
    return k != NULL && k->serial == handle.serial ? handle.index : 0;
}

/* Do the first `bits` of both agree? */
static bool same_prefix(const struct aksu_ip *a, const struct aksu_ip *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a->octet, b->octet, whole) != 0)
        return false;
    return rest == 0 || (a->octet[whole] ^ b->octet[whole]) >> (8 - rest) == 0;
}

bool ao_key_matches(const struct ao_key *k, const struct tcp_tuple *tuple)
{
    return (k->local_port == 0 || k->local_port == tuple->local_port)
        && (k->remote_port == 0 || k->remote_port == tuple->remote_port)
        && same_prefix(&k->local, &tuple->local_ip, k->local_bits)
        && same_prefix(&k->remote, &tuple->remote_ip, k->remote_bits);
}

slab_ref ao_match(const struct ao_env *e, const struct tcp_tuple *tuple, int receive_id,
                  int send_id)
{
    slab_ref ref = e->first;
    while (ref != 0) {
        const struct ao_key *k = ao_key_at(e, ref);
        if ((receive_id == AO_ANY_ID || k->receive_id == receive_id)
            && (send_id == AO_ANY_ID || k->send_id == send_id) && ao_key_matches(k, tuple))
            return ref;
        ref = k->next;
    }
    return 0;
}

static unsigned less(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* There is a connection that both match. */
static bool overlap(const struct ao_key *a, const struct ao_key *b)
{
    return (a->local_port == 0 || b->local_port == 0 || a->local_port == b->local_port)
        && (a->remote_port == 0 || b->remote_port == 0 || a->remote_port == b->remote_port)
        && same_prefix(&a->local, &b->local, less(a->local_bits, b->local_bits))
        && same_prefix(&a->remote, &b->remote, less(a->remote_bits, b->remote_bits));
}

/* Bits of the 128; false: there are no so many. */
static bool prefix_bits(const struct aksu_ip *ip, uint8_t prefix, uint8_t *bits)
{
    unsigned most = ip_is_v4(ip) ? 32 : 128;
    *bits = (uint8_t)(ip_is_unspecified(ip) ? 0 : prefix == 0 ? 128 : 128 - most + prefix);
    return prefix <= most;
}

static bool fill(struct ao_key *k, const struct aksu_mkt *mkt)
{
    *k = (struct ao_key){ .local = mkt->local.ip, .remote = mkt->remote.ip,
                          .local_port = mkt->local.port, .remote_port = mkt->remote.port,
                          .send_id = mkt->send_id, .receive_id = mkt->receive_id,
                          .algorithm = (uint8_t)mkt->algorithm,
                          .without_options = mkt->exclude_options };
    if (!prefix_bits(&k->local, mkt->local_prefix, &k->local_bits)
        || !prefix_bits(&k->remote, mkt->remote_prefix, &k->remote_bits)
        || mkt->key_length == 0 || mkt->key_length > AKSU_AO_KEY_MOST
        || (mkt->algorithm != AKSU_AO_SHA1 && mkt->algorithm != AKSU_AO_AES128))
        return false;
    k->key_length = (uint8_t)mkt->key_length;
    memcpy(k->key, mkt->key, mkt->key_length);
    return true;
}

/* RFC 5925 3.1: IDs of MKTs that overlap do not. */
static bool collides(const struct ao_env *e, const struct ao_key *k)
{
    for (slab_ref ref = e->first; ref != 0; ref = ao_key_at(e, ref)->next) {
        const struct ao_key *other = ao_key_at(e, ref);
        if ((other->send_id == k->send_id || other->receive_id == k->receive_id)
            && overlap(other, k))
            return true;
    }
    return false;
}

static enum aksu_status store(struct ao_env *e, struct ao_key *k, aksu_ao_key *out)
{
    slab_ref ref = slab_take(&e->keys);
    if (ref == 0)
        return AKSU_NO_RESOURCES;
    if (++e->serial == 0)
        e->serial = 1;
    k->serial = e->serial;
    *ao_key_at(e, ref) = *k;
    if (e->last != 0)
        ao_key_at(e, e->last)->next = ref;
    else
        e->first = ref;
    e->last = ref;
    e->count++;
    *out = (aksu_ao_key){ ref, k->serial };
    return AKSU_OK;
}

enum aksu_status ao_add(struct ao_env *e, const struct aksu_mkt *mkt, aksu_ao_key *out)
{
    struct ao_key k;
    enum aksu_status status = AKSU_INVALID;
    if (e->config.mac == NULL)
        return AKSU_ILLEGAL;
    if (fill(&k, mkt))
        status = collides(e, &k) ? AKSU_ALREADY_EXISTS : store(e, &k, out);
    ao_wipe(&k, sizeof k);
    return status;
}

enum aksu_status ao_remove(struct ao_env *e, aksu_ao_key handle)
{
    slab_ref ref = ao_key_find(e, handle), before = 0;
    if (ref == 0)
        return AKSU_DOES_NOT_EXIST;
    struct ao_key *k = ao_key_at(e, ref);
    if (k->users > 0)
        return AKSU_ILLEGAL;
    for (slab_ref r = e->first; r != ref; r = ao_key_at(e, r)->next)
        before = r;
    if (before != 0)
        ao_key_at(e, before)->next = k->next;
    else
        e->first = k->next;
    if (e->last == ref)
        e->last = before;
    e->count--;
    ao_wipe(k, sizeof *k);
    slab_give(&e->keys, ref);
    return AKSU_OK;
}
