/* event_open.c - the OPEN call (RFC 9293 3.10.1), and the held SYN: an open that the application
 * decides. */
#include "tcp/core.h"

static bool unspecified(const struct aksu_ip *ip)
{
    static const struct aksu_ip any, any_v4 = { { [10] = 0xff, [11] = 0xff } };
    return memcmp(ip, &any, sizeof any) == 0 || memcmp(ip, &any_v4, sizeof any_v4) == 0;
}

static bool multicast_or_broadcast(const struct aksu_ip *ip)
{
    const uint8_t *o = ip->octet;
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (memcmp(o, mapped, sizeof mapped) == 0)
        return (o[12] & 0xf0) == 0xe0 || load_be32(o + 12) == 0xffffffff;
    return o[0] == 0xff;
}

/* RFC 9293 3.9.1.1 [MUST-46], 3.10.1. */
static enum aksu_status check_remote(const struct tcp_tuple *tuple)
{
    if (unspecified(&tuple->remote_ip) || tuple->remote_port == 0
        || multicast_or_broadcast(&tuple->remote_ip))
        return AKSU_REMOTE_UNSPECIFIED;
    return AKSU_OK;
}

/* "An initial send sequence number (ISS) is selected": for an active OPEN and for a SYN that
 * arrives. */
void tcp_select_iss(struct tcp *t, aksu_time now)
{
    t->iss = tcp_isn(t->env, &t->tuple, &t->ts_offset, now);
    t->snd.una = t->iss;
    t->snd.nxt = t->snd.up = seq_add(t->iss, 1);
    t->syn_owed = true;
    t->syn_acked = false;
    t->resends = 0;
    t->timing = false;
    rto_init(t);
    t->progress_at = now;
    t->may_send = true;
}

enum aksu_status tcp_open_active(struct tcp *t, const struct tcp_tuple *tuple, aksu_time now)
{
    if (t->state != TCP_CLOSED && t->state != TCP_LISTEN)
        return AKSU_ALREADY_EXISTS;
    enum aksu_status status = check_remote(tuple);
    if (status != AKSU_OK)
        return status;

    t->tuple = *tuple;
    t->active = t->remote_given = true;
    t->reason = AKSU_OK;
    tcp_prepare_options(t);
    tcp_select_iss(t, now);
    TCP_EMIT(t, now, call, .name = "OPEN active", .status = AKSU_OK);
    tcp_enter(t, TCP_SYN_SENT, now);
    tcp_arm_user_timeout(t, now);
    return AKSU_OK;
}

enum aksu_status tcp_open_passive(struct tcp *t, const struct tcp_tuple *tuple, aksu_time now)
{
    if (t->state != TCP_CLOSED)
        return AKSU_ALREADY_EXISTS;

    t->tuple = *tuple;
    t->active = false;
    t->remote_given = !unspecified(&tuple->remote_ip);
    t->reason = AKSU_OK;
    t->progress_at = now;
    TCP_EMIT(t, now, call, .name = "OPEN passive", .status = AKSU_OK);
    tcp_enter(t, TCP_LISTEN, now);
    tcp_arm_user_timeout(t, now);
    return AKSU_OK;
}

/* --- the held SYN: SYN-RECEIVED, but no SYN,ACK yet --- */

void tcp_hold(struct tcp *t)
{
    if (t->state != TCP_SYN_RECEIVED || !t->syn_owed)
        bug("a SYN is held before it is answered");
    t->held = true;
}

enum aksu_status tcp_complete(struct tcp *t, aksu_time now)
{
    if (!t->held)
        return AKSU_ILLEGAL;
    t->held = false;
    t->syn_owed = true;
    t->progress_at = now;
    t->may_send = true;
    TCP_EMIT(t, now, syn_answered, .how = "complete");
    return AKSU_OK;
}

/* As RFC 9293 3.10.7.1 answers a SYN to a closed port. */
enum aksu_status tcp_refuse(struct tcp *t, aksu_time now)
{
    if (!t->held)
        return AKSU_ILLEGAL;
    TCP_EMIT(t, now, syn_answered, .how = "refuse");
    tcp_flush(t);
    t->rst_owed = t->rst_has_ack = true;
    t->may_send = true;
    t->rst_seq = seq_of(0);
    t->reason = AKSU_ABORTED;
    tcp_enter(t, TCP_CLOSED, now);
    return AKSU_OK;
}
