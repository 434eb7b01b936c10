/* flow.h - one connection through the gateway: guest's TCP on one side, a host socket on the
 * other. */
#ifndef GATEWAY_FLOW_H
#define GATEWAY_FLOW_H

#include "aksu/socket.h"
#include "gateway/list.h"
#include "gateway/poller.h"

struct gateway {
    struct gateway_poller *poller;
    struct aksu *net;
    aksu_listener listener;
    struct gateway_link flows, busy;
};

struct flow {
    struct gateway_watch watch;         /* the host socket; first, see flow_host_ready */
    struct gateway_link member, busy;
    struct gateway *gateway;
    aksu_conn conn;
    bool connecting;                    /* the SYN is held, the host's connect() is under way */
    bool open;                          /* ESTABLISHED with the guest */
    bool host_readable, host_writable;  /* until EAGAIN says otherwise */
    bool guest_readable, guest_writable;
    bool host_last;                     /* nothing will follow what can be read */
    bool host_ended, guest_ended;       /* the end of its text has been passed on */
    bool host_refuses;                  /* a write failed; what came before can still be read */
    bool host_broken;                   /* reset; the guest is told after what came before it */
};

/* Begins the host's connect() for a held SYN; the SYN is answered at once if that cannot be
 * done. */
void flow_start(struct gateway *gateway, aksu_conn conn, aksu_time now);
/* What the guest's stack said became possible (AKSU_READABLE, ...). */
void flow_guest_ready(struct flow *flow, uint32_t what, aksu_time now);
/* Moves a bounded number of octets each way. May free the flow. */
void flow_work(struct flow *flow, aksu_time now);
/* Ends it without a word to the guest, whose connection is gone or never was. The host socket is
 * reset, or closed. Frees the flow. */
void flow_free(struct flow *flow, bool reset);

#endif
