/* url.h - http URLs (RFC 3986, RFC 9110 4.2.1) as `get` needs them. */
#ifndef CLI_URL_H
#define CLI_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URL_HOST = 254, URL_PATH = 4096 };

struct url {
    char host[URL_HOST];            /* a name or an address, without brackets */
    uint16_t port;
    bool literal;                   /* it was in brackets: an IPv6 address */
    char path[URL_PATH];            /* with the query, as it goes into a request: "/a%20b?c" */
};

/* "http://HOST[:PORT][/PATH][?QUERY]"; without a scheme it is http. What a URL may not contain is
 * percent-encoded. NULL, or the reason why it cannot be used. */
const char *url_read(const char *text, struct url *out);
/* What a Location field means at this URL (RFC 3986 5.2), which it replaces. As url_read. */
const char *url_follow(struct url *url, const char *location, size_t length);
/* "HOST", "[ADDRESS]" and ":PORT" unless that is 80: for the field Host and for messages. */
#define URL_AUTHORITY (URL_HOST + 9)
void url_authority(const struct url *url, char out[URL_AUTHORITY]);

#endif
