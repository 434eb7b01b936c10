/* calls.h - what the files of stack/ and socket/ call of each other. */
#ifndef STACK_CALLS_H
#define STACK_CALLS_H

#include "aksu/ip.h"
#include "stack/stack.h"

/* device.c */
enum aksu_status stack_attach(struct aksu *net, const struct aksu_device_config *config,
                              aksu_device *out);
void stack_routes_changed(struct aksu *net);
/* Somebody says that packets of `mtu` octets and no more get to `to`. True: that is news, and every
 * connection will hear of it. `conn`: for the event, 0: none. */
bool stack_path_mtu_lower(struct aksu *net, uint32_t conn, const struct aksu_ip *to, uint32_t mtu,
                          uint32_t link, aksu_time now);
/* The way to the peer, kept in the connection. False: there is none. */
bool stack_route_conn(struct aksu *net, struct conn *c);
bool stack_use_route(struct aksu *net, struct conn *c, const struct route_result *r);
const struct aksu_ip *stack_next_hop(const struct aksu *net, const struct conn *c);
/* For packets to `to`: IPv6 may have a smaller one (RFC 4861 6.3.4). */
uint32_t stack_device_mtu(const struct aksu *net, uint32_t device, const struct aksu_ip *to);
/* Octets of TCP header + text that IP carries to the connection's peer. */
uint16_t stack_conn_mtu(const struct aksu *net, const struct conn *c, aksu_time now);
enum neighbor_answer stack_link(struct aksu *net, uint32_t device, const struct aksu_ip *next_hop,
                                const struct aksu_ip *source, uint8_t mac[6], aksu_time now);
/* Writes the link header for a packet to `mac`; returns its length (0: the device has none). */
size_t stack_link_header(const struct aksu *net, uint32_t device, const uint8_t mac[6], bool v4,
                         uint8_t *to);
void stack_neighbor_news(struct aksu *net, aksu_time now); /* says it, and wakes who waits for it */

/* input.c, gro.c, tcp_input.c, icmp_input.c */
struct run;                         /* gro.h: where to keep a segment back; NULL: not at all */
void stack_frame_in(struct aksu *net, uint32_t device, const struct aksu_frame *frame,
                    struct run *run, aksu_time now);
void stack_frames_in(struct aksu *net, uint32_t device, const struct aksu_frame *frames,
                     uint32_t count, aksu_time now);
void stack_packet_in(struct aksu *net, const struct ip_arrival *in, struct run *run, aksu_time now);
void stack_tcp_in(struct aksu *net, const struct ip_packet *p, struct run *run, aksu_time now);
/* What the peer has just acknowledged says that the next hop is there. */
void stack_confirms(struct aksu *net, struct conn *c, aksu_time now);
/* A segment without a connection behind it. */
bool stack_tcp_reply(struct aksu *net, const struct tcp_tuple *tuple,
                     const struct tcp_segment *seg, const struct route_result *way, aksu_time now);
void stack_icmp_in(struct aksu *net, const struct ip_packet *p, aksu_time now);
void stack_icmp_error(struct aksu *net, struct icmp_limit *limit, const struct ip_packet *about,
                      const struct icmp_error_out *what, aksu_time now);
void stack_frame_dropped(struct aksu *net, const char *layer, const char *why, uint32_t length,
                         aksu_time now);

/* output.c, tcp_output.c, udp_output.c */
bool stack_frame_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
/* Queues a packet that belongs to no connection, in fragments if it must be. False: no route or
 * room. */
bool stack_send_packet(struct aksu *net, enum pending_kind kind, const struct ip_out *ip,
                       const struct aksu_slice *part, uint32_t parts, aksu_time now);
/* The same by a way that was found. */
bool stack_send_way(struct aksu *net, enum pending_kind kind, const struct route_result *way,
                    const struct ip_out *ip, const struct aksu_slice *part, uint32_t parts,
                    aksu_time now);
/* The same to a neighbour or a group on this device, whatever the routes say. */
bool stack_send_on_link(struct aksu *net, uint32_t device, const struct ip_out *ip,
                        const struct aksu_slice *part, uint32_t parts, aksu_time now);
/* A segment without text, by a way that was found: its headers are written where it waits. */
bool stack_send_segment(struct aksu *net, const struct route_result *way,
                        const struct tcp_tuple *tuple, const struct tcp_segment *seg,
                        aksu_time now);
/* For `length` octets of TCP header and text. */
void stack_ip_header(struct writer *w, const struct tcp_tuple *tuple, uint32_t length, uint8_t tos,
                     uint8_t ttl);
bool stack_tcp_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
void stack_turn(struct aksu *net, struct conn *c);          /* it wants to send */
void stack_unpark(struct aksu *net); /* whoever waits for a neighbour tries again */
void stack_segment_out_event(struct aksu *net, uint32_t conn, const struct tcp_tuple *tuple,
                             const struct tcp_segment *seg, aksu_time now);
bool stack_udp_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
void stack_udp_ready(struct aksu *net, aksu_udp endpoint);
bool stack_udp_next_ready(struct aksu *net, struct aksu_ready *out);
void stack_udp_forget(struct aksu *net, aksu_udp endpoint);  /* it is about to be closed */

/* announce.c */
void stack_announce(struct aksu *net, const struct route_address *address);
bool stack_next_announcement(struct aksu *net, struct neighbor_packet *out, aksu_time now);
aksu_time stack_announce_due(const struct aksu *net);
void stack_announce_timeouts(struct aksu *net, aksu_time now);

/* ao.c: an ICMP error about a connection that has TCP-AO. */
struct icmp_error;
bool stack_ao_ignores(const struct aksu *net, const struct conn *c, const struct icmp_error *e);

/* echo.c. The answers to who gives something in: a verdict for the event icmp_in. */
struct stack_echo_request {
    struct aksu_ip to;
    const void *text;
    size_t length;
    uint16_t identifier, sequence;
    uint8_t ttl;                    /* 0: the stack's */
};
enum aksu_status stack_echo_send(struct aksu *net, const struct stack_echo_request *r,
                                 aksu_time now);
const char *stack_echo_reply_in(struct aksu *net, const struct ip_packet *p,
                                const struct icmp_message *m, aksu_time now);
/* It says that one of the last requests was, and that can be (RFC 8201 4, RFC 5927 7.2). */
bool stack_echo_was_too_big(const struct aksu *net, const struct icmp_error *error);
const char *stack_echo_error_in(struct aksu *net, const struct ip_packet *p,
                                const struct icmp_error *error, aksu_time now);
/* Nobody answers for the next hop of a packet of ours. */
void stack_echo_no_hop(struct aksu *net, const struct pending_packet *packet, aksu_time now);
bool stack_echo_receive(struct aksu *net, struct aksu_echo *out);
bool stack_echo_next_ready(struct aksu *net, struct aksu_ready *out);

/* autoconf.c, autoconf_address.c, autoconf_router.c, autoconf_listener.c */
enum aksu_status stack_autoconfigure(struct aksu *net, uint32_t device, aksu_time now);
bool stack_autoconf_status(const struct aksu *net, uint32_t device, struct aksu_autoconf *out);
bool stack_address_at(const struct aksu *net, uint32_t i, struct aksu_address *out);
void stack_autoconf_removed(struct aksu *net, uint32_t device, const struct aksu_ip *ip);
void stack_autoconf_timeouts(struct aksu *net, aksu_time now);
void stack_autoconf_plan(struct aksu *net);         /* after any change: when the next step is */
/* NULL: it is not about a tentative address. */
const char *stack_tentative_in(struct aksu *net, const struct ip_packet *p,
                               const struct icmp_message *m, aksu_time now);
const char *stack_router_in(struct aksu *net, const struct ip_packet *p,
                            const struct icmp_message *m, aksu_time now);
void stack_router_silent(struct aksu *net, uint32_t device, const struct aksu_ip *ip, bool silent);
void stack_router_no_more(struct aksu *net, uint32_t device, const struct aksu_ip *ip,
                          aksu_time now);
const char *stack_listener_query_in(struct aksu *net, const struct ip_packet *p,
                                    const struct icmp_message *m, aksu_time now);

/* settle.c: after every TCP call on a connection, which may be gone afterwards. */
void stack_settle(struct aksu *net, struct conn *c, aksu_time now);
void stack_settle_reader(struct aksu *net, struct conn *c);    /* ... after RECEIVE */
void stack_let_go(struct aksu *net, struct conn *c, aksu_time now); /* the handle is given back */
void stack_leave_listener(struct aksu *net, struct conn *c);
void stack_acceptable(struct aksu *net, struct listener *l, struct conn *c);
void stack_close_listener(struct aksu *net, struct listener *l, aksu_time now);
bool stack_next_ready(struct aksu *net, struct aksu_ready *out);

/* snapshot.c */
enum aksu_status stack_restore(struct aksu *net, const void *buffer, size_t size);
void stack_digest(const struct aksu *net, uint64_t out[2]);

/* timers.c */
aksu_time stack_next_timeout(const struct aksu *net);
void stack_timeouts(struct aksu *net, aksu_time now);
void stack_time_wait_over(struct aksu *net, const struct tcp_tuple *tuple, const char *why,
                          aksu_time now);

#endif
