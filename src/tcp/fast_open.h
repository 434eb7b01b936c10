/* fast_open.h - TCP Fast Open (RFC 7413): the server's cookies, and what a client remembers of
 * servers. Part of struct tcp_env. Called by the files of tcp/ and by the stack. */
#ifndef TCP_FAST_OPEN_H
#define TCP_FAST_OPEN_H

#include "aksu/types.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/time.h"
#include "wire/tcp_options.h"

struct tcp;
struct tcp_env;
struct tcp_segment;
struct tcp_tuple;

/* A key of our own is used for as long; its cookies are good for as long again. */
enum { FAST_OPEN_COOKIE = 8, FAST_OPEN_KEY_HOURS = 12 };
/* One page. */
enum { FAST_OPEN_PEERS = 64 };

struct fast_open {
    struct sipkey secret;           /* keys of our own are derived from it */
    struct sipkey key, before;      /* those that were given */
    bool given, given_before;
    uint32_t uses;                  /* a clock for the peers: which was used last */
    page_ref peers;                 /* struct fast_open_peer[FAST_OPEN_PEERS]; 0: none yet */
    uint8_t cookie[FAST_OPEN_COOKIE_MOST];      /* of the segment that leaves */
};

/* --- fast_open.c: the server --- */

/* `before` NULL: what was made with another key is no longer good. */
void fast_open_share(struct fast_open *f, const struct sipkey *key, const struct sipkey *before);
/* RFC 7413 4.1.2: GetCookie(IP_Address). */
void fast_open_cookie(const struct fast_open *f, const struct tcp_tuple *tuple,
                      uint8_t out[FAST_OPEN_COOKIE], aksu_time now);
/* What the option of a SYN says; IsCookieValid(). OLD: valid, but another one should be used. */
enum fast_open_says { FAST_OPEN_ABSENT, FAST_OPEN_REQUEST, FAST_OPEN_VALID, FAST_OPEN_OLD,
                      FAST_OPEN_INVALID };
enum fast_open_says fast_open_says(const struct fast_open *f, const struct tcp_tuple *tuple,
                                   const struct tcp_options *syn, aksu_time now);
/* The option of the SYN,ACK that leaves. */
void fast_open_grants(struct tcp *t, struct tcp_options *out, aksu_time now);

/* --- fast_open_client.c, fast_open_peers.c --- */

/* The option of the SYN that leaves; how much text goes with it. */
uint32_t fast_open_syn(struct tcp *t, struct tcp_options *out, aksu_time now);
/* Its SYN,ACK has just been taken; SND.UNA is SEG.ACK. */
void fast_open_answered(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
/* No answer, or an ICMP error: RFC 7413 4.1.3.1. */
void fast_open_failed(struct tcp *t, const char *why, aksu_time now);
/* Octets of text that a SYN could have; 0: there is no cookie, or it was of no use lately. `mss`:
 * what we announce. */
uint32_t fast_open_room(const struct tcp_env *env, const struct tcp_tuple *tuple, uint16_t mss,
                        bool no_cookie, aksu_time now);

struct fast_open_peer {
    struct aksu_ip local, remote;
    uint8_t cookie[FAST_OPEN_COOKIE_MOST];
    uint32_t used;                  /* 0: free */
    uint32_t off_until;             /* seconds; RFC 7413 4.1.3.1 */
    uint16_t port;                  /* 0: the cookie's entry; else what went wrong with this port */
    uint16_t mss;                   /* that the peer announced, RFC 7413 4.1.3 */
    uint8_t length;                 /* of the cookie; 0: none yet */
    bool experiment;                /* how it came */
    uint8_t failures;               /* in a row */
};
_Static_assert(sizeof(struct fast_open_peer) * FAST_OPEN_PEERS <= POOL_PAGE, "one page");

/* NULL: not there. */
struct fast_open_peer *fast_open_find(const struct tcp_env *env, const struct tcp_tuple *tuple,
                                      uint16_t port);
/* The same, made when it is not there: it takes the place of the one that was used longest ago.
 * NULL: no memory. */
struct fast_open_peer *fast_open_have(struct tcp_env *env, const struct tcp_tuple *tuple,
                                      uint16_t port);
void fast_open_forget(struct tcp_env *env);         /* all of them */

#endif
