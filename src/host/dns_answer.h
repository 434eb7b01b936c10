/* dns_answer.h - what a message means as the answer to a query. Values in, values out. */
#ifndef HOST_DNS_ANSWER_H
#define HOST_DNS_ANSWER_H

#include "wire/dns.h"

enum dns_verdict {
    DNS_FOREIGN,                /* not an answer to this query */
    DNS_ANSWERED,               /* addresses, or that there are none */
    DNS_NO_SUCH_NAME,
    DNS_CUT,                    /* truncated: ask again by TCP */
    DNS_NO_EDNS,                /* ask again without EDNS0 */
    DNS_USELESS                 /* ask another server */
};

/* `part`: the message was longer than what is here of it; what is there counts. */
enum dns_verdict host_dns_judge(const struct dns_query *asked, const uint8_t *message,
                                size_t length, bool part);
/* The addresses of a message that was judged DNS_ANSWERED, each once, at most `most`; how many. */
uint32_t host_dns_addresses(const struct dns_query *asked, const uint8_t *message, size_t length,
                            struct aksu_ip *out, uint32_t most);

#endif
