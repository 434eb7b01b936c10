/* host_internal.h - what a host is made of, shared by the host*.c files. */
#ifndef HOST_HOST_INTERNAL_H
#define HOST_HOST_INTERNAL_H

#include "aksu/dhcp.h"
#include "aksu/host.h"
#include "aksu/sink.h"

struct aksu_host {
    struct aksu *net;
    struct aksu_interface *interface;   /* the capture around it, if there is one */
    struct aksu_path *path[2];          /* in, out; they are the interface's */
    aksu_device device;
    struct aksu_tee_sink tee;           /* the caller's sink and the capture's */
    bool asks_dhcp, asks_auto;
    bool news;                          /* DHCP or the resolver has something to read */
    bool happened;                      /* a timer of the stack ran out */
    bool suspect;                       /* the descriptor says that it has failed */
    bool deaf;                          /* ... but the interface does not: it is not waited on for a
                                           moment */
    bool keeps;
    struct aksu_ready kept;             /* taken out of the stack, not yet told */
    uint32_t turns;
    uint32_t resolvers;                 /* given ones */
    struct aksu_ip resolver[AKSU_DNS_SERVERS];
    struct pollfd *poll;                /* the interface, then those of the caller */
    unsigned poll_room;
    struct aksu_dhcp dhcp;
    struct aksu_dns dns;
    char why[AKSU_WHY];
};

/* A sentence into `why`; always false, so that a failure can be returned with it. */
__attribute__((format(printf, 2, 3)))
bool host_say(char why[AKSU_WHY], const char *format, ...);
bool host_has_mac(const struct aksu_host *host);

/* One turn of frames, timers, DHCP and resolver; only if nothing happened in it, sleeps until
 * something does, at most until `until`. Readiness is left in the stack. False: the interface is
 * gone. */
bool host_step(struct aksu_host *host, aksu_time until);

/* RFC 6724 6: the addresses in the order to try, for the addresses that the stack has. */
void host_order(const struct aksu *net, struct aksu_ip *address, unsigned count);

#endif
