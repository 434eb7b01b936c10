/* reassembly_internal.h - what reassembly.c keeps for reassembly_add.c. */
#ifndef IP_REASSEMBLY_INTERNAL_H
#define IP_REASSEMBLY_INTERNAL_H

#include "ip/reassembly.h"

/* The datagram that this fragment belongs to, made if there is none (in the oldest one's place when
 * the table is full). */
struct reassembly_datagram *reassembly_find(struct reassembly *r, const struct ip_packet *p,
                                            const struct ip_fragment *f, aksu_time now);
/* Pages for the octets [from, to) of the datagram, headers included; other datagrams give way, the
 * oldest first. False: there are not enough even so. */
bool reassembly_room(struct reassembly *r, struct reassembly_datagram *d, uint32_t from,
                     uint32_t to);
/* The datagram's pages become r->done; its place is free (and still readable). */
void reassembly_lend(struct reassembly *r, struct reassembly_datagram *d);
/* Gives the pages back; the place is free. */
void reassembly_discard(struct reassembly *r, struct reassembly_datagram *d);
/* Gives the pages back; the place stays to swallow what still arrives. */
void reassembly_spoil(struct reassembly *r, struct reassembly_datagram *d);

#endif
