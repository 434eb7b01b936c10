/* dns.h - DNS messages as a stub resolver needs them (RFC 1035 4.1, RFC 3596 2, RFC 6891 6.1):
 * names, the header, questions, resource records; and the query. */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include "aksu/types.h"
#include "base/bytes.h"

enum { DNS_HEADER = 12, DNS_LABEL_MOST = 63, DNS_NAME_MOST = 255, DNS_PORT = 53,
       DNS_PAYLOAD = 1232 /* of UDP that we take: no fragments even over IPv6's least MTU */,
       DNS_QUERY_MOST = DNS_HEADER + DNS_NAME_MOST + 4 + 11 };
enum { DNS_TYPE_A = 1, DNS_TYPE_CNAME = 5, DNS_TYPE_AAAA = 28, DNS_TYPE_OPT = 41,
       DNS_CLASS_IN = 1 };
enum { DNS_NO_ERROR, DNS_FORMAT_ERROR, DNS_SERVER_FAILURE, DNS_NAME_ERROR, DNS_NOT_IMPLEMENTED,
       DNS_REFUSED };               /* RCODE */

/* As on the wire without compression: labels, each after its length, the last one empty. */
struct dns_name {
    uint8_t length;                 /* 1..DNS_NAME_MOST */
    uint8_t octet[DNS_NAME_MOST];
};
/* From "www.example.org", with or without a dot at its end. False: not the name of a host: labels
 * of 1..63 letters, digits, hyphens and underscores, at most 253 octets without the last dot. */
bool wire_dns_name_parse(const char *text, struct dns_name *out);
/* RFC 1035 2.3.3: without regard to the case of letters. */
bool wire_dns_name_eq(const struct dns_name *a, const struct dns_name *b);

struct dns_header {
    uint16_t id;
    bool response, authoritative, truncated, recursion_desired, recursion_available;
    uint8_t opcode, rcode;
    uint16_t questions, answers, authorities, additionals;
};
/* A message that is being read: first its questions, then its records. */
struct dns_message {
    struct dns_header header;
    const uint8_t *start;           /* borrowed */
    struct reader r;                /* what has not been read */
};
struct dns_question {
    struct dns_name name;
    uint16_t type, class;
};
struct dns_record {
    struct dns_name name;
    uint16_t type, class;
    uint32_t ttl;
    uint16_t length;
    const uint8_t *data;            /* borrowed; A: 4 octets, AAAA: 16 */
    struct dns_name target;         /* of a CNAME */
};

/* The header. False: truncated. */
bool wire_dns_parse(const uint8_t *data, size_t length, struct dns_message *out);
/* The next one. False: there is none, or it is malformed; nothing can be read after that. How many
 * there should be, the header says. */
bool wire_dns_next_question(struct dns_message *m, struct dns_question *out);
bool wire_dns_next_record(struct dns_message *m, struct dns_record *out);

/* A standard query of one question that asks for recursion. */
struct dns_query {
    uint16_t id, type;
    bool edns;                      /* with the OPT record of RFC 6891 6.1.2 */
    struct dns_name name;
};
void wire_dns_query_build(struct writer *w, const struct dns_query *in);

#endif
