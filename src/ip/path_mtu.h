/* path_mtu.h - what is known about the path MTU to destinations: a bounded table fed by ICMP
 * (RFC 1191 6.2, RFC 8201 5.2). Estimates are only ever lowered and are forgotten after ten minutes
 * (RFC 1191 6.3, RFC 8201 4), lazily: there is no timer. A flood of forged messages can push out
 * estimates, never make the table grow. The stack emits path_mtu when path_mtu_lower says true. */
#ifndef IP_PATH_MTU_H
#define IP_PATH_MTU_H

#include "base/ip_addr.h"
#include "base/siphash.h"

enum { PATH_MTU_SETS = 64, PATH_MTU_WAYS = 4, PATH_MTU_LEAST_V4 = 68, PATH_MTU_LEAST_V6 = 1280 };
#define PATH_MTU_LIFETIME AKSU_SECONDS(600)

struct path_mtu_entry {
    struct aksu_ip to;
    uint32_t mtu;               /* octets of the IP packet; 0: free */
    aksu_time until;
};

struct path_mtu_table {         /* 8 KiB and the key */
    struct sipkey key;
    bool any;                   /* an estimate was ever made */
    aksu_time next;             /* when the first of them is over; 0: there is none */
    struct path_mtu_entry entry[PATH_MTU_SETS][PATH_MTU_WAYS];
};

void path_mtu_init(struct path_mtu_table *t, const struct sipkey *key);
/* The MTU for packets to `to` over a link of `link_mtu` octets: never more than that. */
uint32_t path_mtu_get(const struct path_mtu_table *t, const struct aksu_ip *to, uint32_t link_mtu,
                      aksu_time now);
/* A router says that `mtu` fits. True when the estimate went down (from `link_mtu` or an earlier
 * one). IPv4: a value below 68 counts as 68 (RFC 1191 3). IPv6: a value below 1280 is not believed
 * (RFC 8201 4). A value that is not lower than the current estimate changes nothing. The caller
 * has checked that the quoted packet is one it sent. */
bool path_mtu_lower(struct path_mtu_table *t, const struct aksu_ip *to, uint32_t mtu,
                    uint32_t link_mtu, aksu_time now);
/* True, once, when an estimate is over: a larger one may be tried (RFC 1191 6.3, RFC 8201 4). */
bool path_mtu_expired(struct path_mtu_table *t, aksu_time now);
/* The greatest plateau below `length`, for routers that name no MTU (RFC 1191 7.1). At least 68. */
uint32_t path_mtu_plateau(uint32_t length);

#endif
