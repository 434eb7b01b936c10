/* ao.c - TCP-AO of one connection (RFC 5925 6, 7): which key is used each way, the sequence number
 * extensions, the MAC of what leaves and of what arrives. Called by the stack around output and
 * before SEGMENT ARRIVES, and by options.c. */
#include "tcp/core.h"

struct tcp_ao *ao_of(const struct tcp *t)
{
    return slab_at(&t->env->ao.states, t->ao);
}

static struct ao_key *key_of(const struct tcp *t, slab_ref ref)
{
    return ao_key_at(&t->env->ao, ref);
}

bool ao_begin(struct tcp *t, slab_ref key)
{
    t->ao = slab_take(&t->env->ao.states);
    if (t->ao == 0)
        return false;
    *ao_of(t) = (struct tcp_ao){ .current = key, .next = key };
    key_of(t, key)->users += 2;
    t->gso = false;                             /* a MAC is of one segment */
    return true;
}

void ao_free(struct tcp *t)
{
    struct tcp_ao *ao = ao_of(t);
    key_of(t, ao->current)->users--;
    key_of(t, ao->next)->users--;
    ao_wipe(ao, sizeof *ao);
    slab_give(&t->env->ao.states, t->ao);
    t->ao = 0;
}

void ao_option(const struct tcp *t, struct tcp_options *out)
{
    const struct tcp_ao *ao = ao_of(t);
    out->has |= HAS_AO;                         /* RFC 5925 7.4 */
    out->ao_key_id = key_of(t, ao->current)->send_id;
    out->ao_next_id = key_of(t, ao->next)->receive_id;
}

/* RFC 5925 6.2: SNE counts how often the sequence number has passed 2^32. */
uint32_t ao_extend(struct ao_extended *x, seq_t base, seq_t seq)
{
    if (base.n < x->seq.n)
        x->sne++;
    x->seq = base;
    uint64_t whole = (uint64_t)x->sne << 32 | base.n;
    return (uint32_t)((whole + (uint64_t)(int64_t)seq_diff(seq, base)) >> 32);
}

/* What was derived, and counted, holds for one pair of ISNs. */
static void begin_with(struct tcp_ao *ao, seq_t iss, seq_t irs)
{
    if (seq_eq(ao->iss, iss) && seq_eq(ao->irs, irs) && (ao->send_serial | ao->receive_serial) != 0)
        return;
    ao->iss = iss;
    ao->irs = irs;
    ao->send = (struct ao_extended){ .seq = iss };
    ao->receive = (struct ao_extended){ .seq = irs };
    ao->send_serial = ao->receive_serial = 0;
}

/* --- out --- */

static struct ao_context way_out(const struct tcp *t, seq_t irs)
{
    return (struct ao_context){ &t->tuple.local_ip, &t->tuple.remote_ip, t->tuple.local_port,
                                t->tuple.remote_port, t->iss, irs };
}

static bool mac_out(struct tcp *t, const struct tcp_segment *seg, const uint8_t *header,
                    uint8_t out[AO_MAC])
{
    struct tcp_ao *ao = ao_of(t);
    const struct ao_env *e = &t->env->ao;
    const struct ao_key *k = key_of(t, ao->current);
    bool first = (seg->ctl & (CTL_SYN | CTL_ACK)) == CTL_SYN;
    struct ao_context c = way_out(t, first ? seq_of(0) : t->irs);
    /* The RST that refuses a SYN: its receiver has heard of no ISN of ours, see mac_is_good(). */
    bool refusal = seg->ctl == (CTL_RST | CTL_ACK) && seg->seq.n == 0 && t->snd.nxt.n != 0;
    if (refusal)
        c.source_isn = seg->seq;
    if (first || refusal) {                     /* RFC 5925 5.2 */
        uint8_t key[AKSU_AO_MAC_MOST];
        bool made = ao_traffic_key(e, k, &c, key)
                 && ao_segment_mac(e, k, key, &c, 0, header, seg, out);
        ao_wipe(key, sizeof key);
        return made;
    }
    begin_with(ao, t->iss, t->irs);
    if (ao->send_serial != k->serial && !ao_traffic_key(e, k, &c, ao->send_key))
        return false;
    ao->send_serial = k->serial;
    uint32_t sne = ao_extend(&ao->send, t->snd.nxt, seg->seq);
    return ao_segment_mac(e, k, ao->send_key, &c, sne, header, seg, out);
}

void ao_insert(uint8_t *header, const uint8_t mac[AO_MAC], bool partial)
{
    enum { AT_CHECKSUM = 16 };
    memcpy(header + wire_tcp_ao_at(header) + 4, mac, AO_MAC);
    if (partial)
        return;
    struct checksum c = { .sum = (uint16_t)~load_be16(header + AT_CHECKSUM) };
    checksum_add(&c, mac, AO_MAC);
    store_be16(header + AT_CHECKSUM, checksum_finish(&c));
}

void ao_sign(struct tcp *t, const struct tcp_segment *seg, uint8_t *header, bool partial)
{
    uint8_t mac[AO_MAC];
    if (mac_out(t, seg, header, mac))
        ao_insert(header, mac, partial);
}

/* --- in --- */

/* The MKT of the KeyID; most often the one of the last segment. */
static slab_ref key_for(const struct tcp *t, uint8_t id)
{
    const struct tcp_ao *ao = ao_of(t);
    const struct ao_env *e = &t->env->ao;
    aksu_ao_key last = { ao->receive_ref, ao->receive_serial };
    slab_ref ref = ao_key_find(e, last);
    if (ref != 0 && ao_key_at(e, ref)->receive_id == id)
        return ref;
    return ao_match(e, &t->tuple, id, AO_ANY_ID);
}

static bool mac_is_good(struct tcp *t, const struct tcp_segment *seg, const uint8_t *header,
                        slab_ref ref)
{
    struct tcp_ao *ao = ao_of(t);
    const struct ao_env *e = &t->env->ao;
    const struct ao_key *k = key_of(t, ref);
    bool opening = t->state == TCP_SYN_SENT;
    /* The peer's ISN is in its SYN,ACK; a RST that refuses our SYN comes from nobody who has one,
     * and the only number he could have taken is his SEG.SEQ. */
    seq_t irs = opening && (seg->ctl & (CTL_SYN | CTL_RST)) ? seg->seq : t->irs;
    struct ao_context c = { &t->tuple.remote_ip, &t->tuple.local_ip, t->tuple.remote_port,
                            t->tuple.local_port, irs, t->iss };
    begin_with(ao, t->iss, irs);
    if (ao->receive_serial != k->serial && !ao_traffic_key(e, k, &c, ao->receive_key))
        return false;
    ao->receive_serial = k->serial;
    ao->receive_ref = ref;
    uint32_t sne = opening ? 0 : ao_extend(&ao->receive, t->rcv.nxt, seg->seq);
    return ao_mac_is_good(e, k, ao->receive_key, &c, sne, header, seg);
}

enum ao_verdict ao_verify(struct tcp *t, const struct tcp_segment *seg, const uint8_t *header,
                          slab_ref *key)
{
    struct tcp_ao *ao = ao_of(t);
    if (!(seg->options.has & HAS_AO)) {
        ao->missing++;
        return AO_MISSING;
    }
    *key = key_for(t, seg->options.ao_key_id);
    if (*key == 0) {
        ao->no_key++;
        return AO_NO_KEY;
    }
    bool first = (seg->ctl & (CTL_SYN | CTL_ACK)) == CTL_SYN;
    bool good = first ? ao_syn_is_good(&t->env->ao, key_of(t, *key), &t->tuple, header, seg)
                      : mac_is_good(t, seg, header, *key);
    if (good)
        return AO_GOOD;
    ao->bad_mac++;
    return AO_BAD_MAC;
}

/* --- which key --- */

void ao_choose(struct tcp *t, slab_ref current, slab_ref next, aksu_time now)
{
    struct tcp_ao *ao = ao_of(t);
    if (current != 0) {
        key_of(t, ao->current)->users--;
        key_of(t, current)->users++;
        ao->current = current;
    }
    if (next != 0) {
        key_of(t, ao->next)->users--;
        key_of(t, next)->users++;
        ao->next = next;
    }
    TCP_EMIT(t, now, ao_key, .send_id = key_of(t, ao->current)->send_id,
             .next_id = key_of(t, ao->next)->receive_id);
}

void ao_heard(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    struct tcp_ao *ao = ao_of(t);
    uint8_t wanted = seg->options.ao_next_id;
    ao->heard_id = seg->options.ao_key_id;
    ao->heard_next_id = wanted;
    if (key_of(t, ao->current)->send_id == wanted)
        return;
    /* RFC 5925 7.5 2.e: the peer is ready for another, and so are we, or not */
    slab_ref ref = ao_match(&t->env->ao, &t->tuple, AO_ANY_ID, wanted);
    if (ref != 0)
        ao_choose(t, ref, 0, now);
}
