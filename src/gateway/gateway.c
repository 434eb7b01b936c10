/* gateway.c - the guest-facing stack: its listener, and who is told what became possible.
 * aksu run calls it in its loop; any program that owns a stack and an epoll instance can. */
#include "gateway/gateway.h"

#include <stdlib.h>

#include "gateway/flow.h"

struct gateway *gateway_new(const struct gateway_config *config, aksu_time now)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);

    if (!gateway)
        return NULL;
    gateway->poller = config->poller;
    gateway->net = config->net;
    gateway_link_init(&gateway->flows);
    gateway_link_init(&gateway->busy);

    struct aksu_listen any = { .backlog = config->backlog ? config->backlog : 1024,
                               .hold_syn = true };
    if (aksu_listen(gateway->net, &any, &gateway->listener, now) != AKSU_OK) {
        free(gateway);
        return NULL;
    }
    return gateway;
}

void gateway_free(struct gateway *gateway, aksu_time now)
{
    if (!gateway)
        return;
    while (!gateway_link_alone(&gateway->flows)) {
        struct flow *flow = GATEWAY_HOLDER(struct flow, member, gateway->flows.next);
        aksu_abort(gateway->net, flow->conn, now);
        flow_free(flow, flow->open && !flow->guest_ended);
    }
    aksu_close_listener(gateway->net, gateway->listener, now);
    free(gateway);
}

static bool drain_readiness(struct gateway *gateway, aksu_time now)
{
    struct aksu_ready ready;
    bool any = false;

    while (aksu_next_ready(gateway->net, &ready)) {
        any = true;
        if (ready.what & AKSU_SYN_HELD)
            flow_start(gateway, ready.conn, now);
        else if (ready.cookie)
            flow_guest_ready((struct flow *)(uintptr_t)ready.cookie, ready.what, now);
    }
    return any;
}

bool gateway_work(struct gateway *gateway, aksu_time now)
{
    struct gateway_link turn;
    bool any = drain_readiness(gateway, now);

    gateway_link_init(&turn);
    gateway_list_move(&turn, &gateway->busy);
    while (!gateway_link_alone(&turn)) {
        struct flow *flow = GATEWAY_HOLDER(struct flow, busy, turn.next);
        gateway_link_remove(&flow->busy);
        flow_work(flow, now);
        any = true;
    }
    return any;
}

size_t gateway_connections(const struct gateway *gateway)
{
    size_t count = 0;

    for (const struct gateway_link *l = gateway->flows.next; l != &gateway->flows; l = l->next)
        count++;
    return count;
}

size_t gateway_owes(const struct gateway *gateway)
{
    size_t owed = 0;

    for (const struct gateway_link *l = gateway->flows.next; l != &gateway->flows; l = l->next) {
        const struct flow *flow = GATEWAY_HOLDER(const struct flow, member, l);
        owed += flow->open && !flow->guest_ended;
    }
    return owed;
}
