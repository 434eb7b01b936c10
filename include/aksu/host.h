/* host.h - a host in one call: a stack, an interface, its addresses (given, DHCP, SLAAC), a
 * resolver, and the loop that waits. For programs; whoever has a loop of his own uses stack.h,
 * device.h, dhcp.h and dns.h instead. Linux only. */
#ifndef AKSU_HOST_H
#define AKSU_HOST_H

#include "aksu/device.h"
#include "aksu/dns.h"
#include "aksu/ip.h"
#include "aksu/path.h"
#include "aksu/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct aksu_host;
struct pollfd;                      /* of <poll.h> */

/* Nodes that frames pass on their way to or from the device (path.h), beyond the capture. */
struct aksu_host_path {
    const struct aksu_path_node *nodes;
    unsigned count;                 /* [0: none] */
    uint64_t seed;
};

/* Only `device` must be given. Everything is borrowed for the call but `sink`. */
struct aksu_host_config {
    const char *device;             /* as aksu_interface_open takes it */
    struct aksu_interface_config interface;
    /* Lists end with NULL. Addresses: "10.0.0.2/24", "2001:db8::2/64", "dhcp", "auto" (SLAAC)
     * [dhcp and auto on Ethernet; elsewhere one must be given]. IPv6 link-local addresses come with
     * "auto" only. Routes: "GATEWAY" (default route), "PREFIX via GATEWAY", or "PREFIX" on the link
     * itself [none; everything when the link is not Ethernet]. Resolvers: "ADDRESS", asked before
     * those that DHCP and router advertisements tell of. */
    const char *const *addresses, *const *routes, *const *resolvers;
    const char *capture;            /* a pcapng file to write [none] */
    struct aksu_host_path path_out, path_in;
    struct aksu_sink *sink;         /* events [none] */
    const struct aksu_config *stack;    /* [defaults, and a seed from the system] its sink is not
                                           used */
};
/* NULL: `why` is a sentence with the way round it. Addresses that must be asked for come later:
 * aksu_host_ready. */
AKSU_API struct aksu_host *aksu_host_open(const struct aksu_host_config *config,
                                          char why[AKSU_WHY]);
/* Frees everything; connections are not closed first (see aksu_host_drain). DHCP's lease is given
 * back. */
AKSU_API void aksu_host_close(struct aksu_host *host);

AKSU_API struct aksu *aksu_host_stack(struct aksu_host *host);
AKSU_API aksu_device aksu_host_device(const struct aksu_host *host);
AKSU_API struct aksu_interface *aksu_host_interface(struct aksu_host *host);
/* The path to (`out`) or from the device; NULL: there are none. */
AKSU_API struct aksu_path *aksu_host_path(const struct aksu_host *host, bool out);
AKSU_API aksu_time aksu_host_now(void);     /* CLOCK_MONOTONIC */

/* Waits until the stack has news, a descriptor of `more` (`count` of them, as for poll(2)) has,
 * `until`, or a signal; moves frames and runs timers all the while. Then call aksu_host_next_ready
 * until false. May return for no reason. False: the interface is gone; aksu_host_why says what
 * happened. */
AKSU_API bool aksu_host_wait(struct aksu_host *host, struct pollfd *more, unsigned count,
                             aksu_time until);
AKSU_API const char *aksu_host_why(const struct aksu_host *host);
/* In place of aksu_host_wait, for a loop of one's own. aksu_host_turn: one turn of frames, timers,
 * DHCP and resolver, without waiting; true: something moved or the stack has news, another turn may
 * find more. Else the next turn is due when the interface's `fd` says so (device.h: POLLOUT only
 * when `blocked`), and not later than aksu_host_next_timeout. The interface says if it is gone. */
AKSU_API bool aksu_host_turn(struct aksu_host *host, aksu_time now);
AKSU_API aksu_time aksu_host_next_timeout(const struct aksu_host *host);
/* aksu_next_ready without what is the host's own (DHCP, resolver). */
AKSU_API bool aksu_host_next_ready(struct aksu_host *host, struct aksu_ready *out);

/* Every address that was asked for is there, or will not come. With `v4` and `v6`: whether a usable
 * (global or given) address of that family is there. Either may be NULL. */
AKSU_API bool aksu_host_ready(const struct aksu_host *host, bool *v4, bool *v6);
/* Waits for aksu_host_ready, at most until `until`, and 3 seconds for the second family when the
 * first one is there. False: no usable address; why. */
AKSU_API bool aksu_host_settle(struct aksu_host *host, aksu_time until, char why[AKSU_WHY]);
/* Waits until everything sent was acknowledged and closed, TIME-WAIT aside, at most until
 * `until`. */
AKSU_API void aksu_host_drain(struct aksu_host *host, aksu_time until);

/* The addresses of a name, AAAA and A, of the families that this host has an address of, in the
 * order to try (RFC 6724); text forms of addresses are answered at once. Waits for addresses and
 * answers at most until `until`. Returns how many of `out` were filled; 0: `why`. */
AKSU_API unsigned aksu_host_resolve(struct aksu_host *host, const char *name, struct aksu_ip *out,
                                    unsigned most, aksu_time until, char why[AKSU_WHY]);

#ifdef __cplusplus
}
#endif
#endif
