/* gateway.h - from a guest's TCP to host sockets. The stack that faces the guest accepts any
 * address; each SYN is held until the host's own connect() has an answer, and gets the same answer.
 * Octets, half-closes and resets are carried both ways; back-pressure too. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "aksu/socket.h"
#include "gateway/poller.h"

struct gateway;

struct gateway_config {
    struct gateway_poller *poller;      /* kept */
    struct aksu *net;                   /* kept; its readiness is the gateway's alone */
    uint32_t backlog;                   /* connections that wait for the host at a time [1024] */
};

/* NULL: no memory, or the stack has no room for a listener. */
struct gateway *gateway_new(const struct gateway_config *config, aksu_time now);
/* Closes every host socket, those that are still owed something by a reset. */
void gateway_free(struct gateway *gateway, aksu_time now);

/* Carries on whatever became possible, a bounded amount of it. Call after frames went into the
 * stack and after each gateway_poller_wait. true: something was done, so frames may be owed and
 * there may be more to do. */
bool gateway_work(struct gateway *gateway, aksu_time now);

/* Connections that have not ended on both sides. */
size_t gateway_connections(const struct gateway *gateway);
/* Those of them whose host side is still owed octets, the end or the reset of the guest. */
size_t gateway_owes(const struct gateway *gateway);

#endif
