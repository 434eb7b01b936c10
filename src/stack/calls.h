/* calls.h - what the files of stack/ and socket/ call of each other. */
#ifndef STACK_CALLS_H
#define STACK_CALLS_H

#include "stack/stack.h"

/* device.c */
enum aksu_status stack_attach(struct aksu *net, const struct aksu_device_config *config,
                              aksu_device *out);
void stack_routes_changed(struct aksu *net);
/* The way to the peer, kept in the connection. False: there is none. */
bool stack_route_conn(struct aksu *net, struct conn *c);
bool stack_use_route(struct aksu *net, struct conn *c, const struct route_result *r);
const struct aksu_ip *stack_next_hop(const struct aksu *net, const struct conn *c);
uint32_t stack_device_mtu(const struct aksu *net, uint32_t device);
/* Octets of TCP header + text that IP carries to the connection's peer. */
uint16_t stack_conn_mtu(const struct aksu *net, const struct conn *c, aksu_time now);
enum neighbor_answer stack_link(struct aksu *net, uint32_t device, const struct aksu_ip *next_hop,
                                const struct aksu_ip *source, uint8_t mac[6], aksu_time now);
/* Writes the link header for a packet to `mac`; returns its length (0: the device has none). */
size_t stack_link_header(const struct aksu *net, uint32_t device, const uint8_t mac[6], bool v4,
                         uint8_t *to);
void stack_neighbor_news(struct aksu *net, aksu_time now); /* says it, and wakes who waits for it */

/* input.c, tcp_input.c, icmp_input.c */
void stack_frame_in(struct aksu *net, uint32_t device, const struct aksu_frame *frame,
                    aksu_time now);
void stack_packet_in(struct aksu *net, const struct ip_arrival *in, aksu_time now);
void stack_tcp_in(struct aksu *net, const struct ip_packet *p, aksu_time now);
void stack_icmp_in(struct aksu *net, const struct ip_packet *p, aksu_time now);
void stack_icmp_error(struct aksu *net, struct icmp_limit *limit, const struct ip_packet *about,
                      const struct icmp_error_out *what, aksu_time now);
void stack_frame_dropped(struct aksu *net, const char *layer, const char *why, uint32_t length,
                         aksu_time now);

/* output.c, tcp_output.c, udp_output.c */
bool stack_frame_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
/* Queues a packet that belongs to no connection, in fragments if it must be. False: no route or
 * room. */
bool stack_send_packet(struct aksu *net, const struct ip_out *ip, const struct aksu_slice *part,
                       uint32_t parts, aksu_time now);
bool stack_tcp_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
void stack_turn(struct aksu *net, struct conn *c);          /* it wants to send */
void stack_unpark(struct aksu *net); /* whoever waits for a neighbour tries again */
void stack_segment_out_event(struct aksu *net, uint32_t conn, const struct tcp_tuple *tuple,
                             const struct tcp_segment *seg, aksu_time now);
bool stack_udp_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
void stack_udp_ready(struct aksu *net, aksu_udp endpoint);
bool stack_udp_next_ready(struct aksu *net, struct aksu_ready *out);
void stack_udp_forget(struct aksu *net, aksu_udp endpoint);  /* it is about to be closed */

/* settle.c: after every TCP call on a connection, which may be gone afterwards. */
void stack_settle(struct aksu *net, struct conn *c, aksu_time now);
void stack_settle_reader(struct aksu *net, struct conn *c);    /* ... after RECEIVE */
void stack_let_go(struct aksu *net, struct conn *c, aksu_time now); /* the handle is given back */
void stack_leave_listener(struct aksu *net, struct conn *c);
void stack_close_listener(struct aksu *net, struct listener *l, aksu_time now);
bool stack_next_ready(struct aksu *net, struct aksu_ready *out);

/* timers.c */
aksu_time stack_next_timeout(const struct aksu *net);
void stack_timeouts(struct aksu *net, aksu_time now);
void stack_time_wait_over(struct aksu *net, const struct tcp_tuple *tuple, const char *why,
                          aksu_time now);

#endif
