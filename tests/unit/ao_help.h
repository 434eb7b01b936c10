/* ao_help.h - two stacks with TCP-AO, and the frames between them looked at one by one: what the
 * tests of TCP-AO share. */
#ifndef TESTS_AO_HELP_H
#define TESTS_AO_HELP_H

#include "stack_help.h"

#include "aksu/ao.h"
#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

enum { CLIENT_ID = 61, SERVER_ID = 84, OCTETS_MOST = 2048 };

struct ao_frame {
    unsigned from;
    uint32_t length;
    uint8_t octets[OCTETS_MOST];
    uint8_t *tcp;
    struct tcp_segment seg;         /* its text borrows from octets */
};
/* Sees each frame; false: it is lost. */
typedef bool ao_look(void *context, struct ao_frame *f);

/* The master key that side `i` knows: SendID and RecvID are its own, and crossed at the other. */
struct aksu_mkt ao_mkt(unsigned side, enum aksu_ao_algorithm algorithm, uint8_t client_id,
                       uint8_t server_id);
void ao_setup(struct aksu *net);
aksu_ao_key ao_give(struct aksu *net, const struct aksu_mkt *mkt);
/* Both, with one key each, to any peer; key may be NULL. */
void ao_two(struct two *w, const struct link_options *o, enum aksu_ao_algorithm algorithm,
            aksu_ao_key key[2]);

/* Moves frames until neither side has any; returns how many. look may be NULL. */
unsigned ao_move(struct two *w, ao_look *look, void *context);
/* Gives octets of an IP packet to a side. */
void ao_inject(struct two *w, unsigned to, const uint8_t *octets, uint32_t length);
/* Mends the TCP checksum of what was changed by hand (IPv4). */
void ao_mend(struct ao_frame *f);
/* A segment of the connection as its peer would send it, without TCP-AO, from `from` (IPv4). */
void ao_forge(struct two *w, unsigned from, const struct aksu_info *sender, uint8_t ctl,
              uint32_t seq_added, uint32_t text);
struct aksu_info ao_info(struct aksu *net, aksu_conn c);
struct aksu_ao_info ao_status(struct aksu *net, aksu_conn c);
/* All that TCP-AO has dropped at that stack. */
uint64_t ao_dropped(struct aksu *net);
/* `octets` from one end to the other, each compared; frames pass `look`. */
void ao_transfer(struct two *w, const aksu_conn c[2], unsigned from, uint64_t octets,
                 ao_look *look, void *context);

#endif
