/* ao.h - the TCP Authentication Option (RFC 5925): each segment of a connection carries a MAC under
 * keys that both ends were given. Which connections: those that a Master Key Tuple (MKT) matches
 * when they begin; such a connection takes no segment without a good MAC, however it was opened.
 * The MACs themselves are the caller's, through a function: the library has no cryptography. */
#ifndef AKSU_AO_H
#define AKSU_AO_H

#include "aksu/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 5926 3.1, 3.2: the two mandatory pairs of KDF and MAC, known as "SHA1" and "AES128". */
enum aksu_ao_algorithm { AKSU_AO_SHA1, AKSU_AO_AES128 };
enum { AKSU_AO_KEY_MOST = 80, AKSU_AO_MAC_MOST = 20 };

/* HMAC-SHA-1 (20 octets) or AES-128-CMAC (16; its key has 16) of the parts one after the other, not
 * truncated, into `out`. Called while a frame goes in or out; must not call into the stack. False:
 * it cannot be had; the segment is then sent with a MAC that is wrong, or dropped. */
typedef bool aksu_ao_mac(void *user, enum aksu_ao_algorithm algorithm, const uint8_t *key,
                         size_t key_length, const struct aksu_slice *part, unsigned parts,
                         uint8_t out[AKSU_AO_MAC_MOST]);

struct aksu_ao_config {
    aksu_ao_mac *mac;
    void *user;                 /* its first argument */
    bool drop_unmatched;        /* segments with TCP-AO that no MKT matches: dropped [taken as if
                                   they had none, RFC 5925 7.3] */
    bool heed_icmp;             /* hard errors, and over IPv4 "fragmentation needed", about
                                   synchronized connections [ignored, RFC 5925 7.8] */
};
/* Before the first MKT is added; again to change it. INVALID: no function. */
AKSU_API enum aksu_status aksu_ao_setup(struct aksu *net, const struct aksu_ao_config *config);

/* RFC 5925 3.1. The ends: an unspecified address is any, of both families; port 0 is any. So the
 * key of a listener has its port as local.port, that of a peer its address as remote.ip. */
struct aksu_mkt {
    struct aksu_endpoint local, remote;
    uint8_t local_prefix, remote_prefix;    /* bits of the address that count [all] */
    uint8_t send_id, receive_id;            /* SendID and RecvID: the peer has them crossed */
    enum aksu_ao_algorithm algorithm;
    bool exclude_options;       /* other TCP options are not covered (RFC 5925 3.1's flag off) */
    const uint8_t *key;         /* copied, never shown, wiped when the MKT is removed */
    size_t key_length;          /* 1..AKSU_AO_KEY_MOST */
};
typedef struct { uint32_t index, serial; } aksu_ao_key;
/* A connection with TCP-AO does no Fast Open: its SYN has no room, and could be played again.
 * For connections that begin from now on, and for rotation to by those that have TCP-AO. Where
 * several match a new connection, the one added first is used, until the peer asks for another.
 * ILLEGAL (no aksu_ao_setup), INVALID (key length, algorithm, prefix), ALREADY_EXISTS (one that
 * could match the same connection has the same SendID or RecvID: RFC 5925 3.1), NO_RESOURCES. */
AKSU_API enum aksu_status aksu_ao_add(struct aksu *net, const struct aksu_mkt *mkt,
                                      aksu_ao_key *out);
/* Nothing is changed in an MKT (RFC 5925 3.1); it goes, and its octets are wiped. DOES_NOT_EXIST;
 * ILLEGAL: a connection still sends with it, or asks its peer to. */
AKSU_API enum aksu_status aksu_ao_remove(struct aksu *net, aksu_ao_key key);

/* Which key a connection sends with from now on (current_key), and which one it asks the peer to
 * use (rnext_key, RFC 5925 6.1). NULL: as it is. To rotate: add the new MKT at both ends, then ask
 * for it at both with `next`; each end changes when it hears of it, and nothing is lost.
 * DOES_NOT_EXIST also for a key; ILLEGAL: the connection has no TCP-AO; INVALID: the key is not for
 * this connection. */
AKSU_API enum aksu_status aksu_ao_select(struct aksu *net, aksu_conn conn,
                                         const aksu_ao_key *current, const aksu_ao_key *next,
                                         aksu_time now);

struct aksu_ao_info {
    bool on;                            /* false: the rest is 0 */
    aksu_ao_key current, next;
    uint8_t send_id, next_id;           /* as they leave: KeyID and RNextKeyID */
    uint8_t heard_id, heard_next_id;    /* of the last good segment */
    uint32_t bad_mac, missing, no_key;  /* segments that were dropped */
    uint32_t send_sne, receive_sne;     /* sequence number extensions, RFC 5925 6.2 */
};
/* What STATUS says of it: RFC 5925 7.1, 7.3. */
AKSU_API enum aksu_status aksu_ao_status(const struct aksu *net, aksu_conn conn,
                                         struct aksu_ao_info *out);

#ifdef __cplusplus
}
#endif
#endif
