/* flow_calls.c - a paced flow on a UDP endpoint: what of aksu/flow.h sends and receives. */
#include "aksu/flow.h"
#include "base/ip_addr.h"

static const struct aksu_endpoint *peer_of(const struct aksu_flow_end *end)
{
    return end->peer.port != 0 ? &end->peer : NULL;
}

enum aksu_status aksu_flow_end_send(struct aksu_flow_end *end, uint8_t *datagram, size_t length,
                                    aksu_time now)
{
    enum aksu_status status = aksu_flow_send(end->sender, datagram, length, now);
    if (status != AKSU_OK)
        return status;
    /* one that the stack has no room for is lost, and found lost, like any other */
    status = aksu_udp_send(end->net, end->udp, peer_of(end), datagram, length, now);
    return status == AKSU_NO_RESOURCES ? AKSU_OK : status;
}

static bool from_peer(const struct aksu_flow_end *end, const struct aksu_endpoint *from)
{
    if (end->peer.port == 0)
        return true;
    return end->peer.port == from->port && ip_eq(&end->peer.ip, &from->ip);
}

enum aksu_status aksu_flow_end_receive(struct aksu_flow_end *end, void *buffer, size_t room,
                                       aksu_time now, struct aksu_flow_datagram *out)
{
    struct aksu_endpoint from;
    for (;;) {
        ptrdiff_t n = aksu_udp_receive(end->net, end->udp, &from, buffer, room);
        if (n < 0)
            return (enum aksu_status)-n;
        if (!from_peer(end, &from))
            continue;
        enum aksu_flow_kind kind = aksu_flow_kind(buffer, (size_t)n);
        if (kind == AKSU_FLOW_FEEDBACK && end->sender != NULL)
            (void)aksu_flow_feedback(end->sender, buffer, (size_t)n, now);
        if (kind != AKSU_FLOW_DATA || end->receiver == NULL
            || aksu_flow_take(end->receiver, buffer, (size_t)n, false, now, out) != AKSU_OK)
            continue;
        if (end->peer.port == 0)
            end->peer = from;
        if (out->length > 0)
            return AKSU_OK;
    }
}

aksu_time aksu_flow_end_work(struct aksu_flow_end *end, aksu_time now)
{
    uint8_t octets[AKSU_FLOW_FEEDBACK_MOST];
    aksu_time next = AKSU_NEVER;
    if (end->receiver != NULL) {
        size_t length = aksu_flow_report(end->receiver, octets, now);
        if (length > 0)
            (void)aksu_udp_send(end->net, end->udp, peer_of(end), octets, length, now);
        next = aksu_flow_feedback_time(end->receiver);
    }
    if (end->sender != NULL) {
        aksu_flow_timeouts(end->sender, now);
        if (aksu_flow_probe(end->sender, octets, now))
            (void)aksu_udp_send(end->net, end->udp, peer_of(end), octets, AKSU_FLOW_HEADER, now);
        aksu_time at = aksu_flow_next_timeout(end->sender);
        next = at < next ? at : next;
    }
    return next;
}
