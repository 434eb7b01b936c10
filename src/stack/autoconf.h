/* autoconf.h - what IPv6 autoconfiguration keeps: links, the addresses it makes, and what routers
 * have said (RFC 4861 6.3, RFC 4862 5). All of it lies in one page of the pool, taken when it is
 * first asked for; tables that are full take nothing more. Called by the stack. */
#ifndef STACK_AUTOCONF_H
#define STACK_AUTOCONF_H

#include "stack/calls.h"
#include "wire/discovery.h"

enum { AUTOCONF_LINKS = 4, AUTOCONF_ROUTERS = 4, AUTOCONF_PREFIXES = 8, AUTOCONF_RESOLVERS = 3 };
_Static_assert(AUTOCONF_LINKS + AUTOCONF_PREFIXES <= (int)ROUTE_TENTATIVES, "room for all");

enum address_stage { ADDRESS_NONE, ADDRESS_WAITING /* for its turn to ask */, ADDRESS_ASKED,
                     ADDRESS_ASSIGNED, ADDRESS_GIVEN_UP /* others have all that were tried */ };
struct autoconf_address {
    struct aksu_ip ip;
    aksu_time at;                   /* of the next step */
    aksu_time preferred, valid;     /* until */
    uint8_t nonce[NONCE_OCTETS];    /* of the question that is out */
    uint8_t device;
    uint8_t stage;                  /* enum address_stage */
    uint8_t collisions;             /* DAD_Counter of RFC 7217 5 */
    bool deprecated;
};

struct autoconf_link {
    uint8_t device;                 /* 0: not in use */
    uint8_t solicits;               /* sent */
    uint8_t report_version;         /* of the query that report_at answers */
    bool router_seen, given_up;
    aksu_time solicit_at, report_at;
    struct autoconf_address link_local;
    struct aksu_ip router;          /* who has the default route; unspecified: nobody */
    struct autoconf_resolver {
        struct aksu_ip ip;
        aksu_time until;            /* 0: not in use */
    } resolver[AUTOCONF_RESOLVERS];
};

struct autoconf_router {
    struct aksu_ip ip;
    aksu_time until;
    uint8_t device;                 /* 0: not in use */
    bool silent;                    /* does not answer solicitations */
};

struct autoconf_prefix {
    struct aksu_ip prefix;
    aksu_time on_link;              /* until; 0: not on the link */
    uint8_t bits;
    uint8_t device;                 /* 0: not in use */
    struct autoconf_address address;
};

struct autoconf {
    uint64_t draws;
    struct autoconf_link link[AUTOCONF_LINKS];
    struct autoconf_router router[AUTOCONF_ROUTERS];
    struct autoconf_prefix prefix[AUTOCONF_PREFIXES];
};
_Static_assert(sizeof(struct autoconf) <= POOL_PAGE, "one page");

static inline struct autoconf *autoconf_of(const struct aksu *net)      /* NULL: never asked for */
{
    return net->autoconf != 0 ? (void *)pool_page(&net->pool, net->autoconf) : NULL;
}
struct autoconf_link *autoconf_link_of(const struct aksu *net, uint32_t device);    /* or NULL */
/* 0..most-1 nanoseconds. */
aksu_time autoconf_random(struct aksu *net, aksu_time most);
/* The i-th place of an address, in use or not; NULL: there are no more. */
struct autoconf_address *autoconf_address_place(const struct aksu *net, uint32_t i);
/* Our link-local address there, or ::. */
struct aksu_ip autoconf_link_local(const struct aksu *net, uint32_t device);
/* autoconf_address.c. To begin, device, the first 8 octets of ip, and the lifetimes are set. */
void autoconf_address_begin(struct aksu *net, struct autoconf_address *a, aksu_time delay,
                            aksu_time now);
/* RFC 4862 5.5.3 (e): the prefix is said again. In seconds. */
void autoconf_address_again(struct aksu *net, struct autoconf_address *a, uint32_t preferred,
                            uint32_t valid, aksu_time now);
void autoconf_address_due(struct aksu *net, struct autoconf_address *a, aksu_time now);
aksu_time autoconf_until(uint32_t lifetime, aksu_time now);

/* autoconf_router.c */
void autoconf_router_due(struct aksu *net, aksu_time now);

/* autoconf_listener.c: MLD reports that we are in one group, or in all that we are in. */
void autoconf_report_group(struct aksu *net, uint32_t device, const struct aksu_ip *group,
                           aksu_time now);
void autoconf_report_all(struct aksu *net, uint32_t device, uint8_t version, aksu_time now);

/* Sends an ICMPv6 message on the link; false: no room. */
bool autoconf_send(struct aksu *net, uint32_t device, const struct ip_out *ip,
                   const struct icmp_message *m, aksu_time now);

#endif
