/* ao.c - what TCP-AO lets in (RFC 5925 7.3, 7.5, 7.8), before anything of a connection is touched.
 * Called by tcp_input.c and icmp_input.c. */
#include "stack/gro.h"
#include "wire/ipv4.h"

#define ENDS(a) .local = { (a)->tuple.local_ip, (a)->tuple.local_port },                          \
                .remote = { (a)->tuple.remote_ip, (a)->tuple.remote_port }

/* In which state a segment without a connection is; those of a connection have been told. */
static enum aksu_tcp_state nobodys(struct aksu *net, const struct arriving *a)
{
    return listener_lookup(&net->listeners, &a->tuple) != NULL ? TCP_LISTEN : TCP_CLOSED;
}

static void faulty(struct aksu *net, uint32_t conn, struct arriving *a, aksu_time now)
{
    stack_segment_in_event(net, conn, a, nobodys(net, a), now);
    EMIT(&net->events, conn, now, dropped, .rule = "RFC 5925 2.2",
         .why = "TCP-AO twice, beside the MD5 option, or of a wrong length");
}

/* No MKT is for it: by config. RFC 5925 7.3 */
static bool unmatched(struct aksu *net, uint32_t conn, struct arriving *a, aksu_time now)
{
    bool drop = net->tcp.ao.config.drop_unmatched;
    stack_segment_in_event(net, conn, a, nobodys(net, a), now);
    EMIT(&net->events, conn, now, ao_unexpected, ENDS(a), .dropped = drop);
    return !drop;
}

/* RFC 5925 7.3: silently, but for the event. */
static bool judged(struct aksu *net, uint32_t conn, struct arriving *a, enum ao_verdict verdict,
                   aksu_time now)
{
    uint8_t id = a->seg.options.ao_key_id;
    if (verdict != AO_GOOD)
        stack_segment_in_event(net, conn, a, nobodys(net, a), now);
    switch (verdict) {
    case AO_GOOD:
        return true;
    case AO_MISSING:
        EMIT(&net->events, conn, now, ao_missing, ENDS(a));
        break;
    case AO_NO_KEY:
        EMIT(&net->events, conn, now, ao_no_key, ENDS(a), .key_id = id);
        break;
    case AO_BAD_MAC:
        EMIT(&net->events, conn, now, ao_bad_mac, ENDS(a), .key_id = id);
        break;
    }
    return false;
}

static bool is_first_syn(const struct tcp_segment *seg)
{
    return (seg->ctl & (CTL_SYN | CTL_ACK | CTL_RST)) == CTL_SYN;
}

bool stack_ao_lets_in(struct aksu *net, struct conn *c, struct arriving *a, aksu_time now)
{
    struct tcp *t = &c->tcp;
    slab_ref key;
    if (a->seg.options.has & HAS_AO_FAULT) {
        faulty(net, t->conn, a, now);
        return false;
    }
    if (t->ao == 0)
        return unmatched(net, t->conn, a, now);
    if (!judged(net, t->conn, a, ao_verify(t, &a->seg, a->header, &key), now))
        return false;
    if (is_first_syn(&a->seg))
        a->ao = key;                            /* it may reopen TIME-WAIT */
    ao_heard(t, &a->seg, now);
    return true;
}

bool stack_ao_lets_in_stranger(struct aksu *net, struct arriving *a, aksu_time now)
{
    const struct ao_env *e = &net->tcp.ao;
    bool has = a->seg.options.has & HAS_AO;
    if (a->seg.options.has & HAS_AO_FAULT) {
        faulty(net, 0, a, now);
        return false;
    }
    if (ao_match(e, &a->tuple, AO_ANY_ID, AO_ANY_ID) == 0)
        return !has || unmatched(net, 0, a, now);
    if (!has)
        return judged(net, 0, a, AO_MISSING, now);
    slab_ref key = ao_match(e, &a->tuple, a->seg.options.ao_key_id, AO_ANY_ID);
    if (key == 0)
        return judged(net, 0, a, AO_NO_KEY, now);
    if (!is_first_syn(&a->seg)) {               /* RFC 5925 7.7: the ISNs are not known */
        stack_segment_in_event(net, 0, a, nobodys(net, a), now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 5925 7.7",
             .why = "no connection, so no key to check it with");
        return false;
    }
    bool good = ao_syn_is_good(e, ao_key_at(e, key), &a->tuple, a->header, &a->seg);
    a->ao = good ? key : 0;
    return judged(net, 0, a, good ? AO_GOOD : AO_BAD_MAC, now);
}

bool stack_ao_begin(struct conn *c, const struct arriving *a, aksu_time now)
{
    if (!ao_begin(&c->tcp, a->ao))
        return false;
    ao_heard(&c->tcp, &a->seg, now);
    return true;
}

/* As a TCB that refuses a SYN would sign it: the RST's own SEG.SEQ is the ISN. */
static bool sign_refusal(const struct ao_env *e, const struct ao_key *k, const struct arriving *syn,
                         const struct tcp_segment *rst, uint8_t *header)
{
    const struct tcp_tuple *tuple = &syn->tuple;
    struct ao_context c = { &tuple->local_ip, &tuple->remote_ip, tuple->local_port,
                            tuple->remote_port, rst->seq, syn->seg.seq };
    uint8_t key[AKSU_AO_MAC_MOST], mac[AO_MAC];
    bool made = ao_traffic_key(e, k, &c, key) && ao_segment_mac(e, k, key, &c, 0, header, rst, mac);
    ao_wipe(key, sizeof key);
    if (made)
        ao_insert(header, mac, false);
    return made;
}

void stack_ao_refuse(struct aksu *net, const struct arriving *syn, struct tcp_segment *rst,
                     aksu_time now)
{
    const struct tcp_tuple *tuple = &syn->tuple;
    const struct ao_key *k = ao_key_at(&net->tcp.ao, syn->ao);
    struct ip_out ip = { .source = tuple->local_ip, .destination = tuple->remote_ip,
                         .protocol = IP_PROTOCOL_TCP, .ttl = net->ttl, .dont_fragment = true };
    uint8_t octets[TCP_HEADER_MOST];
    struct writer w = writer_of(octets, sizeof octets);
    rst->options.has |= HAS_AO;
    rst->options.ao_key_id = k->send_id;
    rst->options.ao_next_id = k->receive_id;
    wire_tcp_build(&w, &ip.source, &ip.destination, rst, false);
    struct aksu_slice part = { octets, writer_length(&w) };
    if (sign_refusal(&net->tcp.ao, k, syn, rst, octets)
        && stack_send_packet(net, PENDING_SEGMENT, &ip, &part, 1, now))
        stack_segment_out_event(net, 0, tuple, rst, now);
}

bool stack_ao_ignores(const struct aksu *net, const struct conn *c, const struct icmp_error *e)
{
    bool hard = e->kind == ICMP_ERROR_HARD
             || (e->kind == ICMP_ERROR_MTU && ip_is_v4(&c->tcp.tuple.remote_ip));
    return c->tcp.ao != 0 && hard && c->tcp.state >= TCP_ESTABLISHED
        && !net->tcp.ao.config.heed_icmp;
}
