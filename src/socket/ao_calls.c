/* ao_calls.c - the keys of TCP-AO: installed calls of aksu/ao.h. */
#include "stack/calls.h"

enum aksu_status aksu_ao_setup(struct aksu *net, const struct aksu_ao_config *config)
{
    if (config->mac == NULL)
        return AKSU_INVALID;
    net->tcp.ao.config = *config;
    return AKSU_OK;
}

enum aksu_status aksu_ao_add(struct aksu *net, const struct aksu_mkt *mkt, aksu_ao_key *out)
{
    return ao_add(&net->tcp.ao, mkt, out);
}

enum aksu_status aksu_ao_remove(struct aksu *net, aksu_ao_key key)
{
    return ao_remove(&net->tcp.ao, key);
}

/* *out stays 0 when there is no key to be found. */
static enum aksu_status find_key(const struct aksu *net, const struct conn *c,
                                 const aksu_ao_key *key, slab_ref *out)
{
    if (key == NULL)
        return AKSU_OK;
    slab_ref ref = ao_key_find(&net->tcp.ao, *key);
    if (ref == 0)
        return AKSU_DOES_NOT_EXIST;
    *out = ref;
    return ao_key_matches(ao_key_at(&net->tcp.ao, ref), &c->tcp.tuple) ? AKSU_OK : AKSU_INVALID;
}

enum aksu_status aksu_ao_select(struct aksu *net, aksu_conn conn, const aksu_ao_key *current,
                                const aksu_ao_key *next, aksu_time now)
{
    struct conn *c = conn_find(net, conn);
    slab_ref new_current = 0, new_next = 0;
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (c->tcp.ao == 0)
        return AKSU_ILLEGAL;
    enum aksu_status status = find_key(net, c, current, &new_current);
    if (status == AKSU_OK)
        status = find_key(net, c, next, &new_next);
    if (status == AKSU_OK)
        ao_choose(&c->tcp, new_current, new_next, now);
    return status;
}

enum aksu_status aksu_ao_status(const struct aksu *net, aksu_conn conn, struct aksu_ao_info *out)
{
    const struct conn *c = conn_find(net, conn);
    const struct ao_env *e = &net->tcp.ao;
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    *out = (struct aksu_ao_info){ .on = c->tcp.ao != 0 };
    if (c->tcp.ao == 0)
        return AKSU_OK;
    const struct tcp_ao *ao = ao_of(&c->tcp);
    const struct ao_key *current = ao_key_at(e, ao->current), *next = ao_key_at(e, ao->next);
    out->current = (aksu_ao_key){ ao->current, current->serial };
    out->next = (aksu_ao_key){ ao->next, next->serial };
    out->send_id = current->send_id;
    out->next_id = next->receive_id;
    out->heard_id = ao->heard_id;
    out->heard_next_id = ao->heard_next_id;
    out->bad_mac = ao->bad_mac;
    out->missing = ao->missing;
    out->no_key = ao->no_key;
    out->send_sne = ao->send.sne;
    out->receive_sne = ao->receive.sne;
    return AKSU_OK;
}
