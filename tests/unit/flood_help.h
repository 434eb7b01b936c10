/* flood_help.h - SYNs of peers that are not there, on an IPv4 link without Ethernet: what the tests
 * of SYN cookies share. */
#ifndef TESTS_FLOOD_HELP_H
#define TESTS_FLOOD_HELP_H

#include "stack_help.h"

#include "stack/stack.h"
#include "wire/ipv4.h"

struct flood {
    uint32_t next;                  /* which forged peer comes next */
};

/* A segment to port 80 of the server, of a peer at 10.`host`, whose ISN is `host`. */
void forged(struct two *w, uint32_t host, uint8_t ctl, uint32_t ack, uint32_t text);
/* ... with another sequence number. */
void forged_at(struct two *w, uint32_t host, uint8_t ctl, uint32_t seq, uint32_t ack,
               uint32_t text);
/* The server's next segment; false: none. */
bool answered(struct two *w, struct tcp_segment *out);
/* So many SYNs; whoever is answered gets a SYN,ACK. */
void flood(struct two *w, struct flood *f, uint32_t count);
/* With a default route at both ends. */
struct two routed(const struct link_options *o);
/* ... and a listener whose backlog is full. */
struct two flooded(struct flood *f, const struct link_options *o, uint32_t backlog,
                   aksu_listener *l);
struct aksu_info info_of(struct aksu *net, aksu_conn c);
struct aksu_counters counters_of(struct aksu *net);

#endif
