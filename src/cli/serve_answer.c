/* serve_answer.c - what `aksu serve` says: heads, files, listings, errors. serve_client.c calls it
 * when a request has come, and does the rest. */
#include "cli/serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEAD = 768 };

static const char *reason_of(unsigned status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 416: return "Range Not Satisfiable";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Unknown Method";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
    }
}

/* Sends, and keeps what there is no room for. */
static void say(struct server *s, struct client *c, const char *text, size_t length, unsigned flags,
                aksu_time now)
{
    ptrdiff_t n = c->text ? 0 : aksu_send(s->net, c->conn, text, length, flags, now);
    size_t sent = n > 0 ? (size_t)n : 0;

    if (sent == length)
        return;
    char *kept = realloc(c->text, c->text_length + length - sent);
    if (!kept)
        return;             /* the length that was announced is not reached, and the peer sees it */
    memcpy(kept + c->text_length, text + sent, length - sent);
    c->text = kept;
    c->text_length += length - sent;
}

static const char *date_of(struct server *s, aksu_time now)
{
    if (now >= s->date_until) {
        time_t today = time(NULL);
        struct tm tm;
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&today, &tm));
        s->date_until = now + AKSU_SECONDS(1);
    }
    return s->date;
}

/* `fields` are complete lines. `more`: a body follows. */
static void say_head(struct server *s, struct client *c, unsigned status, const char *fields,
                     uint64_t length, bool more, aksu_time now)
{
    char head[HEAD + HTTP_TARGET_MOST];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\nDate: %s\r\nServer: aksu\r\n%s", status,
                     reason_of(status), date_of(s, now), fields);

    if (status != 204)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %" PRIu64 "\r\n", length);
    n += snprintf(head + n, sizeof head - (size_t)n, "Connection: %s\r\n\r\n",
                  c->persists ? "keep-alive" : "close");
    c->state = CLIENT_SENDING;
    say(s, c, head, (size_t)n, more ? AKSU_MORE : 0, now);
}

/* A status and a line of text about it. */
static void answer(struct server *s, struct client *c, unsigned status, const char *fields,
                   bool head_only, aksu_time now)
{
    bool body = !head_only && status != 204;
    char text[64], all[HEAD + HTTP_TARGET_MOST];
    int length = snprintf(text, sizeof text, "%u %s\n", status, reason_of(status));

    if (status == 503)
        fields = "Retry-After: 1\r\n";
    snprintf(all, sizeof all, "%sContent-Type: text/plain; charset=utf-8\r\n", fields);
    say_head(s, c, status, status == 204 ? fields : all, (uint64_t)length, body, now);
    if (body)
        say(s, c, text, (size_t)length, 0, now);
}

void client_refuse(struct server *s, struct client *c, unsigned status, aksu_time now)
{
    const char *allow = s->files.writable ? "Allow: GET, HEAD, PUT\r\n" : "Allow: GET, HEAD\r\n";

    c->persists = false;
    c->unread = true;
    answer(s, c, status, status == 405 ? allow : "", false, now);
}

void client_stored(struct server *s, struct client *c, unsigned status, aksu_time now)
{
    answer(s, c, status, "", false, now);
}

/* A file or a listing, or a part of a file. */
static void say_found(struct server *s, struct client *c, const struct files_found *found,
                      struct http_text range, bool head_only, aksu_time now)
{
    char fields[256];
    uint64_t first = 0, end = found->size;
    int n = snprintf(fields, sizeof fields, "Content-Type: %s\r\n%s", found->type,
                     found->fd >= 0 ? "Accept-Ranges: bytes\r\n" : "");
    enum http_range part = found->fd >= 0 && !head_only
        ? http_read_range(range, found->size, &first, &end) : HTTP_RANGE_NONE;

    c->body = (struct body){ .fd = found->fd };
    switch (part) {
    case HTTP_RANGE_UNSATISFIABLE:
        client_end_body(s, c);
        snprintf(fields, sizeof fields, "Content-Range: bytes */%" PRIu64 "\r\n", found->size);
        answer(s, c, 416, fields, false, now);
        return;
    case HTTP_RANGE_GOOD:
        snprintf(fields + n, sizeof fields - (size_t)n, "Content-Range: bytes %" PRIu64 "-%" PRIu64
                 "/%" PRIu64 "\r\n", first, end - 1, found->size);
        break;
    case HTTP_RANGE_NONE:
        first = 0;
        end = found->size;
    }
    if (found->fd >= 0 && !head_only)
        c->body = (struct body){ .fd = found->fd, .at = first, .left = end - first };
    say_head(s, c, part == HTTP_RANGE_GOOD ? 206 : 200, fields, end - first,
             !head_only && end > first, now);
    if (found->fd < 0 && !head_only)
        say(s, c, found->text, (size_t)found->size, 0, now);
    free(found->text);
}

static void get(struct server *s, struct client *c, const char *path, const struct http_message *m,
                aksu_time now)
{
    struct files_found found;
    bool head_only = m->method == HTTP_HEAD;
    unsigned status = files_find(&s->files, path, &found);
    char fields[HTTP_TARGET_MOST + 32] = "";

    if (status == 200) {
        say_found(s, c, &found, m->range, head_only, now);
        return;
    }
    if (status == 301) {                /* "//x/" would be another host: RFC 3986 4.2 */
        struct http_text at = m->target;
        for (; at.length > 1 && at.at[1] == '/'; at.length--)
            at.at++;
        const char *query = memchr(at.at, '?', at.length);
        size_t length = query ? (size_t)(query - at.at) : at.length;
        snprintf(fields, sizeof fields, "Location: %.*s/\r\n", (int)length, at.at);
    }
    answer(s, c, status, fields, head_only, now);
}

static void put(struct server *s, struct client *c, const char *path, const struct http_message *m,
                aksu_time now)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct files_upload *upload = malloc(sizeof *upload);
    unsigned status = 503;

    if (upload && (m->has_length || m->chunked))
        status = files_upload_begin(&s->files, path, upload);
    else if (upload)
        status = 400;
    if (status != 200) {
        free(upload);
        client_refuse(s, c, status, now);
        return;
    }
    c->upload = upload;
    c->body = (struct body){ .fd = upload->fd, .left = m->length, .chunked = m->chunked };
    c->state = CLIENT_RECEIVING;
    if (m->expect_continue)
        say(s, c, go_on, sizeof go_on - 1, 0, now);
}

void client_request(struct server *s, struct client *c, const char *head, size_t length,
                    aksu_time now)
{
    char path[HTTP_TARGET_MOST];
    struct http_message m;
    unsigned status = http_read_request(head, length, &m);

    c->persists = status == 0 && http_persists(&m) && !s->stopping;
    if (status == 0 && m.method == HTTP_UNKNOWN)
        status = 501;
    if (status == 0 && (m.method == HTTP_OTHER || (m.method == HTTP_PUT && !s->files.writable)))
        status = 405;
    if (status == 0 && !http_decode_path(m.target, path, sizeof path))
        status = 400;
    if (status == 0 && m.method != HTTP_PUT && (m.chunked || m.length > 0))
        status = 413;
    if (status != 0)
        client_refuse(s, c, status, now);
    else if (m.method == HTTP_PUT)
        put(s, c, path, &m, now);
    else
        get(s, c, path, &m, now);
}
