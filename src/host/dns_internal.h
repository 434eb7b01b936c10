/* dns_internal.h - one question of the resolver, for the two families that dns.c asks for. */
#ifndef HOST_DNS_INTERNAL_H
#define HOST_DNS_INTERNAL_H

#include "aksu/dns.h"
#include "wire/dns.h"

enum { DNS_TCP_LENGTH = 2 };    /* RFC 7766 8: the octets before a message */

/* What was asked last. */
struct dns_query host_dns_query(const struct aksu_dns *dns, const struct aksu_dns_question *q);
/* Asks the server of q->server, and if that cannot be done, those after it. */
void host_dns_ask(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now);
/* Reads, and goes on to the next server when it is time. */
void host_dns_work(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now);
/* Gives the handles back. */
void host_dns_close(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now);

#endif
