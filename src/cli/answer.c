/* answer.c - heads, files, listings and errors (RFC 9110, RFC 9112). Called by serve.c. */
#include "cli/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = HTTP_TARGET_MOST + 256, HEAD = FIELDS + 256, LISTED_MOST = 64 << 20 };

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

/* --- texts --- */

/* Two pieces behind what was not yet sent of the last text. */
static void put_text(struct answer *a, const char *one, size_t one_length, const char *two,
                     size_t two_length)
{
    size_t kept = a->length - a->sent;
    char *text = malloc(kept + one_length + two_length);

    if (text && kept > 0)
        memcpy(text, a->text + a->sent, kept);
    if (text)
        memcpy(text + kept, one, one_length);
    if (text && two_length > 0)
        memcpy(text + kept + one_length, two, two_length);
    free(a->text);
    a->text = text;
    a->length = text ? kept + one_length + two_length : 0;
    a->sent = 0;
}

static const char *date_of(struct answers *s)
{
    time_t today = time(NULL);
    struct tm tm;

    if (today != s->date_at)
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&today, &tm));
    s->date_at = today;
    return s->date;
}

/* `fields` are complete lines; `length` of the body, of which `body` is behind the head at once. */
static void put_answer(struct answers *s, struct answer *a, unsigned status, const char *fields,
                       uint64_t length, const char *body)
{
    char head[HEAD];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\nDate: %s\r\nServer: aksu\r\n%s", status,
                     reason_of(status), date_of(s), fields);

    if (status != 204)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %" PRIu64 "\r\n", length);
    n += snprintf(head + n, sizeof head - (size_t)n, "Connection: %s\r\n\r\n",
                  a->persists ? "keep-alive" : "close");
    put_text(a, head, (size_t)n, body, body ? (size_t)length : 0);
}

/* A status and a line of text about it. */
static void put_status(struct answers *s, struct answer *a, unsigned status, const char *fields,
                       bool head_only)
{
    char line[64], all[FIELDS];
    int length = snprintf(line, sizeof line, "%u %s\n", status, reason_of(status));

    snprintf(all, sizeof all, "%s%s%s", fields, status == 503 ? "Retry-After: 1\r\n" : "",
             status == 204 ? "" : "Content-Type: text/plain; charset=utf-8\r\n");
    put_answer(s, a, status, all, (uint64_t)length, head_only || status == 204 ? NULL : line);
}

static void refuse(struct answers *s, struct answer *a, unsigned status)
{
    const char *allow = s->files.writable ? "Allow: GET, HEAD, PUT\r\n" : "Allow: GET, HEAD\r\n";

    a->persists = false;
    a->unread = true;
    put_status(s, a, status, status == 405 ? allow : "", false);
}

/* --- GET and HEAD --- */

static void put_listing(struct answers *s, struct answer *a, const struct files_found *found,
                        bool head_only)
{
    char fields[64];

    snprintf(fields, sizeof fields, "Content-Type: %s\r\n", found->type);
    if (s->listed + found->size > LISTED_MOST) {
        put_status(s, a, 503, "", head_only);
    } else {
        put_answer(s, a, 200, fields, found->size, head_only ? NULL : found->text);
        a->listed = a->length;
        s->listed += a->listed;
    }
    free(found->text);
}

/* A file, or a part of it. */
static void put_file(struct answers *s, struct answer *a, const struct files_found *found,
                     struct http_text range, bool head_only)
{
    char fields[256];
    uint64_t first = 0, end = found->size;
    enum http_range part = head_only ? HTTP_RANGE_NONE
                                     : http_read_range(range, found->size, &first, &end);

    int n = snprintf(fields, sizeof fields, "Content-Type: %s\r\nAccept-Ranges: bytes\r\n",
                     found->type);
    if (part == HTTP_RANGE_UNSATISFIABLE) {
        files_close(&s->files, found->fd);
        snprintf(fields, sizeof fields, "Content-Range: bytes */%" PRIu64 "\r\n", found->size);
        put_status(s, a, 416, fields, false);
        return;
    }
    if (part == HTTP_RANGE_NONE) {
        first = 0;
        end = found->size;
    } else {
        snprintf(fields + n, sizeof fields - (size_t)n, "Content-Range: bytes %" PRIu64 "-%" PRIu64
                 "/%" PRIu64 "\r\n", first, end - 1, found->size);
    }
    a->body = (struct body){ .fd = found->fd, .at = first, .left = head_only ? 0 : end - first };
    put_answer(s, a, part == HTTP_RANGE_GOOD ? 206 : 200, fields, end - first, NULL);
}

static void get(struct answers *s, struct answer *a, const char *path, const struct http_message *m)
{
    struct files_found found;
    bool head_only = m->method == HTTP_HEAD;
    unsigned status = files_find(&s->files, path, &found);
    char fields[HTTP_TARGET_MOST + 32] = "";

    if (status == 200 && found.fd >= 0) {
        put_file(s, a, &found, m->range, head_only);
        return;
    }
    if (status == 200) {
        put_listing(s, a, &found, head_only);
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
    put_status(s, a, status, fields, head_only);
}

/* --- PUT --- */

static void put(struct answers *s, struct answer *a, const char *path, const struct http_message *m)
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
        refuse(s, a, status);
        return;
    }
    a->upload = upload;
    a->body = (struct body){ .fd = upload->fd, .left = m->length, .chunked = m->chunked };
    if (m->expect_continue)
        put_text(a, go_on, sizeof go_on - 1, NULL, 0);
}

/* --- calls --- */

static void end_body(struct answers *s, struct answer *a)
{
    if (a->upload) {
        files_upload_drop(&s->files, a->upload);
        free(a->upload);
        a->upload = NULL;
    } else if (a->body.fd >= 0) {
        files_close(&s->files, a->body.fd);
    }
    a->body = (struct body){ .fd = -1 };
}

void answer_end(struct answers *s, struct answer *a)
{
    end_body(s, a);
    s->listed -= a->listed;
    free(a->text);
    *a = (struct answer){ .body.fd = -1 };
}

void answer_request(struct answers *s, const char *head, size_t length, struct answer *out)
{
    char path[HTTP_TARGET_MOST];
    struct http_message m;
    unsigned status = http_read_request(head, length, &m);

    answer_end(s, out);
    out->persists = status == 0 && http_persists(&m) && !s->stopping;
    if (status == 0 && m.method == HTTP_UNKNOWN)
        status = 501;
    if (status == 0 && (m.method == HTTP_OTHER || (m.method == HTTP_PUT && !s->files.writable)))
        status = 405;
    if (status == 0 && !http_decode_path(m.target, path, sizeof path))
        status = 400;
    if (status == 0 && m.method != HTTP_PUT && (m.chunked || m.length > 0))
        status = 413;
    if (status != 0)
        refuse(s, out, status);
    else if (m.method == HTTP_PUT)
        put(s, out, path, &m);
    else
        get(s, out, path, &m);
}

void answer_error(struct answers *s, unsigned status, struct answer *out)
{
    answer_end(s, out);
    refuse(s, out, status);
}

void answer_upload(struct answers *s, enum body_end end, struct answer *out)
{
    if (end == BODY_DONE) {
        unsigned status = files_upload_end(&s->files, out->upload);
        free(out->upload);
        out->upload = NULL;
        out->body = (struct body){ .fd = -1 };
        put_status(s, out, status, "", false);
    } else {
        unsigned status = end == BODY_BAD ? 400 : files_status(out->body.error);
        end_body(s, out);
        refuse(s, out, status);
    }
}
