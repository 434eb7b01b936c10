/* ao.h - the TCP Authentication Option: the MKTs of a stack, and what a connection has that uses
 * them (RFC 5925 3, 4). Included by env.h; called by the stack, by output, and by options.c. */
#ifndef TCP_AO_H
#define TCP_AO_H

#include "aksu/ao.h"
#include "base/pool.h"
#include "wire/tcp.h"

struct tcp;
struct tcp_tuple;

/* A Master Key Tuple. */
struct ao_key {
    struct aksu_ip local, remote;
    uint16_t local_port, remote_port;       /* 0: any */
    uint8_t local_bits, remote_bits;        /* of the 128 that count; 0: any */
    uint8_t send_id, receive_id, algorithm, key_length;
    bool without_options;
    slab_ref next;
    uint32_t serial;                /* never given again; 0: free */
    uint32_t users;                 /* connections that have it as current or next */
    uint8_t key[AKSU_AO_KEY_MOST];
};

/* A sequence number and its extension, RFC 5925 6.2. */
struct ao_extended {
    seq_t seq;
    uint32_t sne;
};

/* Of one connection. */
struct tcp_ao {
    slab_ref current, next;         /* current_key and rnext_key of RFC 5925 4 */
    seq_t iss, irs;                 /* for which the rest holds */
    struct ao_extended send, receive;
    uint32_t send_serial, receive_serial;   /* the keys below are of these MKTs; 0: of none */
    slab_ref receive_ref;
    uint8_t send_key[AKSU_AO_MAC_MOST], receive_key[AKSU_AO_MAC_MOST];
    uint8_t heard_id, heard_next_id;
    uint32_t bad_mac, missing, no_key;
};

/* One per stack. */
struct ao_env {
    struct aksu_ao_config config;
    struct slab keys, states;
    slab_ref first, last;           /* MKTs in the order of adding */
    uint32_t count, serial;
};

enum { AO_ANY_ID = -1 };

/* ao_keys.c */
void ao_init(struct ao_env *e, struct pool *pool, uint8_t slab_of_keys, uint8_t slab_of_states);
enum aksu_status ao_add(struct ao_env *e, const struct aksu_mkt *mkt, aksu_ao_key *out);
enum aksu_status ao_remove(struct ao_env *e, aksu_ao_key handle);
struct ao_key *ao_key_at(const struct ao_env *e, slab_ref ref);
/* 0: stale. */
slab_ref ao_key_find(const struct ao_env *e, aksu_ao_key handle);
/* The first MKT for this connection with this RecvID and SendID, or AO_ANY_ID; 0: none. */
slab_ref ao_match(const struct ao_env *e, const struct tcp_tuple *tuple, int receive_id,
                  int send_id);
bool ao_key_matches(const struct ao_key *k, const struct tcp_tuple *tuple);
void ao_wipe(void *secret, size_t length);

/* ao_mac.c: RFC 5925 5, RFC 5926 3 */
struct ao_context {                 /* RFC 5925 5.2 */
    const struct aksu_ip *source, *destination;
    uint16_t source_port, destination_port;
    seq_t source_isn, destination_isn;
};
bool ao_traffic_key(const struct ao_env *e, const struct ao_key *k, const struct ao_context *c,
                    uint8_t out[AKSU_AO_MAC_MOST]);
/* The MAC of `seg`, whose header with all options is at `header`, under a traffic key. */
bool ao_segment_mac(const struct ao_env *e, const struct ao_key *k,
                    const uint8_t traffic_key[AKSU_AO_MAC_MOST], const struct ao_context *c,
                    uint32_t sne, const uint8_t *header, const struct tcp_segment *seg,
                    uint8_t out[AO_MAC]);
bool ao_mac_is_good(const struct ao_env *e, const struct ao_key *k,
                    const uint8_t traffic_key[AKSU_AO_MAC_MOST], const struct ao_context *c,
                    uint32_t sne, const uint8_t *header, const struct tcp_segment *seg);
/* Of a SYN, whose sender knows no ISN but his own. */
bool ao_syn_is_good(const struct ao_env *e, const struct ao_key *k, const struct tcp_tuple *tuple,
                    const uint8_t *header, const struct tcp_segment *seg);

/* ao.c */
bool ao_begin(struct tcp *t, slab_ref key);         /* false: no memory */
void ao_free(struct tcp *t);                        /* wipes the traffic keys */
struct tcp_ao *ao_of(const struct tcp *t);
void ao_option(const struct tcp *t, struct tcp_options *out);
/* Puts a MAC into a header, and mends the checksum unless it is `partial`. */
void ao_insert(uint8_t *header, const uint8_t mac[AO_MAC], bool partial);
/* Fills in the MAC. */
void ao_sign(struct tcp *t, const struct tcp_segment *seg, uint8_t *header, bool partial);
enum ao_verdict { AO_GOOD, AO_MISSING, AO_NO_KEY, AO_BAD_MAC };
/* On AO_GOOD *key is the MKT. Nothing of the connection is touched. */
enum ao_verdict ao_verify(struct tcp *t, const struct tcp_segment *seg, const uint8_t *header,
                          slab_ref *key);
/* After AO_GOOD: which keys the peer has and asks for. */
void ao_heard(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void ao_choose(struct tcp *t, slab_ref current, slab_ref next, aksu_time now);    /* 0: as it is */
/* The extension of `seq`, which is within 2^31 of `base`; `base` never moves back. */
uint32_t ao_extend(struct ao_extended *x, seq_t base, seq_t seq);

#endif
