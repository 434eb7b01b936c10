/* alone_help.h - one stack on an Ethernet whose other stations are made by hand, in virtual time:
 * what the tests of autoconfiguration, echo and UDP devices share. */
#ifndef TESTS_ALONE_HELP_H
#define TESTS_ALONE_HELP_H

#include "help.h"

#include "aksu/ip.h"
#include "aksu/socket.h"
#include "aksu/udp.h"
#include "wire/icmp.h"

enum { ALONE_FRAMES = 256, ALONE_DEVICES = 3 };
enum { RS = 133, RA = 134, NS = 135, NA = 136, REPORT_V1 = 131, REPORT_V2 = 143 };

struct sent {
    aksu_time at;
    uint32_t device, length;
    uint8_t octet[1514];
};

struct alone {
    struct aksu_sink sink;          /* must be the first */
    struct aksu *net;
    aksu_device device[ALONE_DEVICES];
    aksu_time now;
    uint32_t frames;
    struct sent frame[ALONE_FRAMES];
    char log[8192];                 /* "TENTATIVE fe80::1\n...": the events address, router and
                                       frame_dropped */
    size_t logged;
};

/* Devices with the MAC addresses 2:0:0:0:`mac`:1, ...; MTU 1500; no addresses. */
void alone_init(struct alone *w, uint8_t seed, uint8_t mac);
void alone_fini(struct alone *w);
/* Adds an address; the time of its announcements passes, and no frame of it is kept. */
void alone_add(struct alone *w, unsigned device, const char *text);
/* Virtual time passes; frames are kept. */
void alone_wait(struct alone *w, aksu_time time);
/* ... now only. */
void alone_collect(struct alone *w);
void alone_forget(struct alone *w);             /* the frames and the log so far */
bool alone_logged(const struct alone *w, const char *text);

void alone_give(struct alone *w, unsigned device, const uint8_t *octets, size_t length);
struct aksu_ip ip_of_text(const char *text);

struct packet_out {
    struct aksu_ip source, destination;
    uint8_t hop_limit, protocol;
    const uint8_t *payload;
    uint32_t length;
};
/* A frame of any payload, from the station 2:0:0:0:99:`from` to the group or our MAC address. */
void alone_packet(struct alone *w, unsigned device, uint8_t from, const struct packet_out *p);
void alone_icmp(struct alone *w, unsigned device, uint8_t from, const char *source,
                const char *destination, uint8_t hop_limit, const struct icmp_message *m);

/* The n-th kept frame with an ICMPv6 message of that type (behind a hop-by-hop header too), where
 * the message begins; NULL: none. */
const struct sent *alone_sent(const struct alone *w, uint8_t type, unsigned n,
                              const uint8_t **icmp);
unsigned alone_count(const struct alone *w, uint8_t type);

/* A router advertisement: options are added one by one, then it is given. */
struct advert {
    uint8_t body[2048];
    size_t length;
    uint32_t lifetime;
    uint8_t from;
    const char *source, *destination;
    uint8_t hop_limit;
};
void advert_init(struct advert *a, uint32_t lifetime);      /* from fe80::1 to ff02::1 */
enum { ON_LINK = 0x80, AUTONOMOUS = 0x40 };
void advert_prefix(struct advert *a, const char *prefix, uint8_t bits, uint8_t flags,
                   uint32_t valid, uint32_t preferred);
void advert_mtu(struct advert *a, uint32_t mtu);
void advert_resolver(struct advert *a, const char *ip, uint32_t lifetime);
void advert_link_address(struct advert *a, uint8_t last);
void advert_give(struct alone *w, const struct advert *a);

/* A stack whose link-local address is ready on its first device. */
void alone_start(struct alone *w);
struct aksu_autoconf alone_status(const struct alone *w);
/* Sends an echo request, if there is a way. */
bool alone_reachable(struct alone *w, const char *ip);
/* Whether the last solicitation asked for it: the next hop. */
bool alone_asks_for(const struct alone *w, const char *ip);
/* One prefix /64, of a default router. */
void advertise(struct alone *w, const char *prefix, uint8_t flags, uint32_t valid,
               uint32_t preferred);

/* The address of that state whose text begins so; false: none. */
bool address_of(const struct alone *w, enum aksu_address_state state, const char *begins,
                struct aksu_address *out);

#endif
