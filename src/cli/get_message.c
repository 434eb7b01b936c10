/* get_message.c - what `aksu get` asks, what it makes of the answer, and what its user is told. */
#include "cli/get.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

uint64_t get_moved(const struct get *g)
{
    return g->upload ? g->out.moved : g->in.moved;
}

int get_fail(struct get *g, int status, const char *format, ...)
{
    char authority[URL_AUTHORITY];
    va_list arguments;

    progress_end(&g->progress, get_moved(g), aksu_host_now());
    url_authority(&g->url, authority);
    fprintf(stderr, "aksu get: %s: ", authority);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

int get_status_of(enum aksu_status status)
{
    switch (status) {
    case AKSU_REFUSED: case AKSU_UNREACHABLE_NET: case AKSU_UNREACHABLE_HOST:
    case AKSU_UNREACHABLE_PORT: case AKSU_PROHIBITED: case AKSU_ADDRESS_UNAVAILABLE:
    case AKSU_REMOTE_UNSPECIFIED:
        return GET_CONNECT;
    case AKSU_TIMED_OUT: case AKSU_USER_TIMEOUT:
        return GET_TIMEOUT;
    case AKSU_OK: case AKSU_DOES_NOT_EXIST: case AKSU_ALREADY_EXISTS: case AKSU_ILLEGAL:
    case AKSU_NO_RESOURCES: case AKSU_CLOSING: case AKSU_RESET: case AKSU_ABORTED:
    case AKSU_WOULD_BLOCK: case AKSU_NOT_CONNECTED: case AKSU_TOO_LONG: case AKSU_INVALID:
    case AKSU_STATUS_COUNT:
        break;
    }
    return GET_RECEIVE;
}

int get_fail_connection(struct get *g, enum aksu_status status)
{
    return get_fail(g, get_status_of(status), "%s, after %" PRIu64 " octets",
                    aksu_status_text(status), get_moved(g));
}

int get_fail_upload(struct get *g)
{
    return get_fail(g, GET_READ, "%s: %s", g->upload,
                    g->out.error ? strerror(g->out.error) : "it has become shorter");
}

/* --- with --verbose --- */

void get_tell_attempt(const struct get *g, const struct aksu_endpoint *remote)
{
    char text[AKSU_IP_TEXT];

    if (!g->verbose)
        return;
    aksu_ip_format(&remote->ip, text);
    fprintf(stderr, "* trying %s, port %u\n", text, (unsigned)remote->port);
}

void get_tell_connected(const struct get *g, const struct aksu_info *info)
{
    char local[AKSU_ENDPOINT_TEXT], remote[AKSU_ENDPOINT_TEXT];

    if (!g->verbose)
        return;
    aksu_endpoint_text(&info->local, local);
    aksu_endpoint_text(&info->remote, remote);
    fprintf(stderr, "* connected to %s from %s; rtt %" PRIu32 " us, mss %" PRIu32 "%s%s%s", remote,
            local, info->srtt_us, info->snd_mss, info->timestamps ? ", timestamps" : "",
            info->sack ? ", sack" : "", info->ecn ? ", ecn" : "");
    if (info->snd_wscale || info->rcv_wscale)
        fprintf(stderr, ", window scale %u,%u", (unsigned)info->snd_wscale,
                (unsigned)info->rcv_wscale);
    fputc('\n', stderr);
}

void get_tell_end(const struct get *g, const struct aksu_info *info, aksu_time lasted)
{
    uint64_t ms = lasted / AKSU_MS(1);

    if (!g->verbose)
        return;
    fprintf(stderr, "* %" PRIu64 " octets out, %" PRIu64 " in, %" PRIu64 ".%03" PRIu64 " s; rtt %"
            PRIu32 " us, cwnd %" PRIu32 ", %" PRIu32 " segments retransmitted\n", info->octets_out,
            info->octets_in, ms / 1000, ms % 1000, info->srtt_us, info->cwnd, info->retransmits);
}

static void tell_head(const struct get *g, size_t length)
{
    for (size_t i = 0, end; i < length; i = end + 1) {
        end = (size_t)((const char *)memchr(g->head + i, '\n', length - i) - g->head);
        fprintf(stderr, "< %.*s\n", (int)strcspn(g->head + i, "\r\n"), g->head + i);
    }
}

/* --- messages --- */

size_t get_write_request(const struct get *g, char out[GET_REQUEST])
{
    char authority[URL_AUTHORITY], length[48] = "";
    const char *method = g->upload ? "PUT" : "GET";

    url_authority(&g->url, authority);
    if (g->upload)
        snprintf(length, sizeof length, "Content-Length: %" PRIu64 "\r\n", g->out.left);
    if (g->verbose)
        fprintf(stderr, "> %s %s HTTP/1.1\n", method, g->url.path);
    return (size_t)snprintf(out, GET_REQUEST, "%s %s HTTP/1.1\r\nHost: %s\r\n"
                            "User-Agent: aksu\r\nAccept: */*\r\n%sConnection: close\r\n\r\n",
                            method, g->url.path, authority, length);
}

int get_read_head(struct get *g, size_t length, struct http_message *m)
{
    if (length == 0)
        return get_fail(g, GET_WEIRD, "the answer's head is longer than %d octets",
                        HTTP_HEAD_MOST);
    if (http_read_response(g->head, length, m) != 0)
        return get_fail(g, GET_WEIRD, "the answer is not HTTP/1.1");
    if (g->verbose)
        tell_head(g, length);
    return GET_OK;
}

static bool is_redirection(const struct http_message *m)
{
    return m->location.length > 0 && (m->status == 301 || m->status == 302 || m->status == 303
                                      || m->status == 307 || m->status == 308);
}

int get_judge(struct get *g, const struct http_message *m)
{
    if (is_redirection(m)) {
        const char *why = url_follow(&g->url, m->location.at, m->location.length);
        return why == NULL ? GET_AGAIN
                           : get_fail(g, GET_PROTOCOL, "redirected to %.*s: %s",
                                      (int)m->location.length, m->location.at, why);
    }
    if (m->status >= 300)
        return get_fail(g, GET_HTTP, "HTTP %u %.*s", m->status, (int)m->reason.length,
                        m->reason.at);
    return GET_OK;
}
