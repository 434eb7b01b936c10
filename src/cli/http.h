/* http.h - as much of HTTP/1.1 (RFC 9112) as a file server and a client need. Everything works on
 * octets that the caller holds and allocates nothing; what is found points into them. Called by
 * serve and get. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_HEAD_MOST = 16384, HTTP_TARGET_MOST = 4096 };

struct http_text {
    const char *at;
    size_t length;
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT,
                   HTTP_OTHER,          /* one of RFC 9110 that this server does not do */
                   HTTP_UNKNOWN };

/* A request or a response without its body. */
struct http_message {
    enum http_method method;
    struct http_text target;            /* of a request, in origin form: "/path?query" */
    unsigned status;                    /* of a response */
    struct http_text reason;
    unsigned minor;                     /* HTTP/1.minor */
    bool has_length, chunked, close, keep_alive, expect_continue;
    uint64_t length;                    /* with has_length */
    struct http_text range, location;   /* empty: not there */
    unsigned hosts, codings;            /* fields that were there */
};

/* Where the head ends: octets up to and with its empty line, 0 while it is not complete. */
size_t http_head_end(const char *text, size_t length);
/* They read a complete head. 0, or the status to answer with: 400, 414, 501, 505. A response that
 * cannot be understood is 400. */
unsigned http_read_request(const char *text, size_t length, struct http_message *out);
unsigned http_read_response(const char *text, size_t length, struct http_message *out);
/* The connection may be used for another message: RFC 9112 9.3. */
bool http_persists(const struct http_message *message);

/* "bytes=0-99", "bytes=100-", "bytes=-100" of a body of `size` octets: *first and *end (exclusive).
 * More than one range, or what is no range: HTTP_RANGE_NONE, and the whole body is to be sent
 * (RFC 9110 14.2). */
enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_GOOD, HTTP_RANGE_UNSATISFIABLE };
enum http_range http_read_range(struct http_text range, uint64_t size, uint64_t *first,
                                uint64_t *end);

/* The path of a target as a file name: percent-decoded (RFC 3986 2.1), without the query and the
 * slash at the front; "" for the root. False: not a target, a zero in it, or longer than
 * `size` - 1. */
bool http_decode_path(struct http_text target, char *out, size_t size);

/* The chunked coding, RFC 9112 7.1; all zero at the beginning. */
struct http_chunks {
    uint64_t left;                      /* octets of this chunk */
    unsigned state, digits, overhead;
};
/* Looks at what arrived: *framing octets that are not body (to be skipped), then *body that are.
 * Call http_chunks_took when some of those were used, and again with what follows. False: it is not
 * chunked coding. Over when http_chunks_over says so; octets after the end are not touched. */
bool http_chunks_next(struct http_chunks *c, const uint8_t *data, size_t length, size_t *framing,
                      size_t *body);
void http_chunks_took(struct http_chunks *c, size_t length);
bool http_chunks_over(const struct http_chunks *c);

#endif
