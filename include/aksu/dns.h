/* dns.h - a stub resolver (RFC 1034 5.3.1, RFC 1035, RFC 3596) on the stack's own UDP and TCP: A
 * and AAAA, several servers, retries, TCP when an answer was truncated, random identifiers and
 * ports (RFC 5452). No clock, no allocation: the caller keeps struct aksu_dns and calls work(). */
#ifndef AKSU_DNS_H
#define AKSU_DNS_H

#include "aksu/socket.h"
#include "aksu/udp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AKSU_DNS_SERVERS = 3, AKSU_DNS_ANSWERS = 16, AKSU_DNS_NAME = 254, AKSU_DNS_MESSAGE = 4096 };
enum aksu_dns_state { AKSU_DNS_IDLE, AKSU_DNS_ASKING, AKSU_DNS_DONE /* answers[], maybe none */,
                      AKSU_DNS_FAILED /* status */ };

/* One family of one name. */
struct aksu_dns_question {
    uint16_t type, id;              /* 1: A, 28: AAAA */
    bool by_tcp;
    bool plain;                     /* without EDNS0: a server did not understand it */
    uint8_t server, tries;          /* which one is asked, how often all were */
    uint8_t failed;                 /* bit per server: not asked again */
    enum aksu_dns_state state;
    enum aksu_status status;        /* of the last server that failed */
    aksu_time deadline;             /* of this attempt */
    aksu_time give_up;              /* of all */
    aksu_udp udp;
    aksu_conn tcp;
    uint32_t received;              /* octets in message[]: the answer; by TCP with its length
                                       field */
    uint8_t message[AKSU_DNS_MESSAGE];
};
struct aksu_dns {
    struct aksu *net;
    uint64_t random, drawn;         /* seed, and numbers drawn from it */
    uint32_t servers;
    struct aksu_ip server[AKSU_DNS_SERVERS];
    char name[AKSU_DNS_NAME];       /* without a dot at its end */
    struct aksu_dns_question question[2];
    enum aksu_dns_state state;
    enum aksu_status status;        /* after FAILED: TIMED_OUT (no server answered), REFUSED (server
                                       failure), DOES_NOT_EXIST (no such name), or why the servers
                                       cannot be reached (UNREACHABLE_..., as ICMP said) */
    uint32_t answers;
    struct aksu_ip answer[AKSU_DNS_ANSWERS];    /* in the order to try, RFC 6724 6 */
};

/* `seed`: anything unpredictable. */
AKSU_API void aksu_dns_init(struct aksu_dns *dns, struct aksu *net, uint64_t seed);
/* Whom to ask from now on; a query that has been sent is waited for. INVALID: more than
 * AKSU_DNS_SERVERS. */
AKSU_API enum aksu_status aksu_dns_servers(struct aksu_dns *dns, const struct aksu_ip *server,
                                           uint32_t count);
/* Starts a query; one at a time: what was asked before is given up. Answered at once: the text of
 * an address, and localhost (RFC 6761 6.3). INVALID: not a name, or no family. UNREACHABLE_NET: no
 * servers. All in all it takes 15 seconds at most. */
AKSU_API enum aksu_status aksu_dns_ask(struct aksu_dns *dns, const char *name, bool v4, bool v6,
                                       aksu_time now);
/* Sends, reads answers, gives up; then look at `state`. Call it after every batch of frames and
 * when aksu_dns_next_timeout() is due. */
AKSU_API void aksu_dns_work(struct aksu_dns *dns, aksu_time now);
AKSU_API aksu_time aksu_dns_next_timeout(const struct aksu_dns *dns);
/* True: this readiness belongs to the resolver. */
AKSU_API bool aksu_dns_owns(const struct aksu_dns *dns, const struct aksu_ready *ready);
/* Gives up what is asked and gives the handles back. */
AKSU_API void aksu_dns_stop(struct aksu_dns *dns, aksu_time now);

#ifdef __cplusplus
}
#endif
#endif
