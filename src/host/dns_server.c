/* dns_server.c - one question of the resolver: which server is asked, over what, for how long, and
 * what its answer leads to (RFC 1034 5.3.1, RFC 1035 4.2, 7; RFC 5452 9; RFC 7766 5, 8). Called by
 * dns.c. */
#include "base/bytes.h"
#include "base/time.h"
#include "host/dns_answer.h"
#include "host/dns_internal.h"
#include "host/random.h"

enum { FIRST_PORT = 1024, PORTS = 65536 - FIRST_PORT, PORT_TRIES = 8, LONGEST_WAIT = 3 };
static const aksu_time TCP_ANSWER = SECONDS(5);

struct dns_query host_dns_query(const struct aksu_dns *dns, const struct aksu_dns_question *q)
{
    struct dns_query query = { .id = q->id, .type = q->type, .edns = !q->plain };
    (void)wire_dns_name_parse(dns->name, &query.name);      /* checked by aksu_dns_ask */
    return query;
}

void host_dns_close(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    (void)aksu_udp_close(dns->net, q->udp);
    (void)aksu_abort(dns->net, q->tcp, now);
    q->udp = (aksu_udp){ 0, 0 };
    q->tcp = (aksu_conn){ 0, 0 };
}

static void end(struct aksu_dns *dns, struct aksu_dns_question *q, enum aksu_dns_state state,
                enum aksu_status status, aksu_time now)
{
    if (state == AKSU_DNS_DONE)
        (void)aksu_close(dns->net, q->tcp, now);
    host_dns_close(dns, q, now);
    q->state = state;
    q->status = status;
}

/* --- one attempt --- */

/* RFC 5452 9.2: another random port for every query, as its peer only the server that is asked. */
static enum aksu_status open_udp(struct aksu_dns *dns, struct aksu_dns_question *q)
{
    struct aksu_udp_open how = { .remote = { dns->server[q->server], DNS_PORT } };
    enum aksu_status status = AKSU_ALREADY_EXISTS;
    for (unsigned i = 0; i < PORT_TRIES && status == AKSU_ALREADY_EXISTS; i++) {
        uint64_t number = host_random(dns->random, &dns->drawn);
        how.local.port = (uint16_t)(FIRST_PORT + number % PORTS);
        status = aksu_udp_open(dns->net, &how, &q->udp);
    }
    return status;
}

static size_t build(struct aksu_dns *dns, struct aksu_dns_question *q, uint8_t to[DNS_QUERY_MOST])
{
    q->id = (uint16_t)host_random(dns->random, &dns->drawn);
    struct dns_query query = host_dns_query(dns, q);
    struct writer w = writer_of(to, DNS_QUERY_MOST);
    wire_dns_query_build(&w, &query);
    return writer_length(&w);
}

/* RFC 1035 7.2: the wait doubles with every round through the servers. */
static aksu_time patience(const struct aksu_dns_question *q, aksu_time now)
{
    unsigned round = q->tries < LONGEST_WAIT ? q->tries : LONGEST_WAIT;
    return time_min(time_after(now, SECONDS(1) << round), q->give_up);
}

static enum aksu_status ask_by_udp(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    uint8_t query[DNS_QUERY_MOST];
    host_dns_close(dns, q, now);
    q->by_tcp = false;
    q->deadline = patience(q, now);
    enum aksu_status status = open_udp(dns, q);
    if (status != AKSU_OK)
        return status;
    size_t length = build(dns, q, query);
    return aksu_udp_send(dns->net, q->udp, NULL, query, length, now);
}

/* RFC 7766 5: what was truncated is asked for by TCP. */
static enum aksu_status ask_by_tcp(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    uint8_t query[DNS_TCP_LENGTH + DNS_QUERY_MOST];
    struct aksu_open how = { .remote = { dns->server[q->server], DNS_PORT } };
    host_dns_close(dns, q, now);
    q->by_tcp = true;
    q->received = 0;
    q->deadline = time_min(time_after(now, TCP_ANSWER), q->give_up);
    enum aksu_status status = aksu_open(dns->net, &how, &q->tcp, now);
    if (status != AKSU_OK)
        return status;
    size_t length = build(dns, q, query + DNS_TCP_LENGTH);
    store_be16(query, (uint16_t)length);
    ptrdiff_t sent = aksu_send(dns->net, q->tcp, query, DNS_TCP_LENGTH + length, 0, now);
    return sent == (ptrdiff_t)(DNS_TCP_LENGTH + length) ? AKSU_OK : AKSU_NO_RESOURCES;
}

/* --- from server to server --- */

/* False: all of them have failed. */
static bool next_server(const struct aksu_dns *dns, struct aksu_dns_question *q)
{
    for (uint32_t i = 0; i < dns->servers; i++) {
        if (++q->server >= dns->servers) {
            q->server = 0;
            q->tries++;
        }
        if ((q->failed >> q->server & 1) == 0)
            return true;
    }
    return false;
}

/* The server of q->server, and if that cannot be asked, those after it. */
void host_dns_ask(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    enum aksu_status status;
    while ((status = ask_by_udp(dns, q, now)) != AKSU_OK) {
        q->failed |= (uint8_t)(1u << q->server);
        q->status = status;
        if (!next_server(dns, q)) {
            end(dns, q, AKSU_DNS_FAILED, status, now);
            return;
        }
    }
}

/* RFC 1035 7.2: a server that cannot or will not answer is not asked again for this name. */
static void server_failed(struct aksu_dns *dns, struct aksu_dns_question *q,
                          enum aksu_status status, aksu_time now)
{
    q->failed |= (uint8_t)(1u << q->server);
    q->status = status;
    if (next_server(dns, q))
        host_dns_ask(dns, q, now);
    else
        end(dns, q, AKSU_DNS_FAILED, status, now);
}

static void timed_out(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    if (now >= q->give_up)
        end(dns, q, AKSU_DNS_FAILED, q->status != AKSU_OK ? q->status : AKSU_TIMED_OUT, now);
    else if (q->by_tcp)
        server_failed(dns, q, AKSU_TIMED_OUT, now);
    else if (next_server(dns, q))
        host_dns_ask(dns, q, now);
    else
        end(dns, q, AKSU_DNS_FAILED, AKSU_TIMED_OUT, now);
}

/* --- answers --- */

static void take(struct aksu_dns *dns, struct aksu_dns_question *q, struct aksu_slice message,
                 bool part, aksu_time now)
{
    struct dns_query asked = host_dns_query(dns, q);
    enum aksu_status status;
    switch (host_dns_judge(&asked, message.data, message.length, part)) {
    case DNS_FOREIGN:
        if (q->by_tcp)
            server_failed(dns, q, AKSU_REFUSED, now);
        break;                          /* forged perhaps: RFC 5452 9.1, wait for the true one */
    case DNS_ANSWERED:
        end(dns, q, AKSU_DNS_DONE, AKSU_OK, now);
        break;
    case DNS_NO_SUCH_NAME:
        end(dns, q, AKSU_DNS_FAILED, AKSU_DOES_NOT_EXIST, now);
        break;
    case DNS_CUT:
        status = q->by_tcp ? AKSU_REFUSED : ask_by_tcp(dns, q, now);
        if (status != AKSU_OK)
            server_failed(dns, q, status, now);
        break;
    case DNS_NO_EDNS:
        q->plain = true;
        host_dns_ask(dns, q, now);
        break;
    case DNS_USELESS:
        server_failed(dns, q, AKSU_REFUSED, now);
        break;
    }
}

static void read_udp(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    while (q->state == AKSU_DNS_ASKING && !q->by_tcp) {
        ptrdiff_t n = aksu_udp_receive(dns->net, q->udp, NULL, q->message, sizeof q->message);
        if (n == -(ptrdiff_t)AKSU_WOULD_BLOCK)
            return;
        if (n < 0) {
            server_failed(dns, q, (enum aksu_status)-n, now);
            return;
        }
        q->received = (uint32_t)n;
        take(dns, q, (struct aksu_slice){ q->message, q->received }, false, now);
    }
}

/* An answer that is longer than message[] is used as far as it goes. */
static void read_tcp(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    ptrdiff_t n = 1;
    while (n > 0 && q->received < sizeof q->message) {
        n = aksu_receive(dns->net, q->tcp, q->message + q->received,
                         sizeof q->message - q->received, now);
        q->received += n > 0 ? (uint32_t)n : 0;
    }
    size_t length = q->received >= DNS_TCP_LENGTH ? load_be16(q->message) : sizeof q->message;
    bool part = DNS_TCP_LENGTH + length > sizeof q->message;
    if (part)
        length = sizeof q->message - DNS_TCP_LENGTH;
    if (q->received >= DNS_TCP_LENGTH + length)
        take(dns, q, (struct aksu_slice){ q->message + DNS_TCP_LENGTH, length }, part, now);
    else if (n != -(ptrdiff_t)AKSU_WOULD_BLOCK)
        server_failed(dns, q, n == 0 ? AKSU_REFUSED : (enum aksu_status)-n, now);
}

void host_dns_work(struct aksu_dns *dns, struct aksu_dns_question *q, aksu_time now)
{
    if (q->state != AKSU_DNS_ASKING)
        return;
    if (q->by_tcp)
        read_tcp(dns, q, now);
    else
        read_udp(dns, q, now);
    if (q->state == AKSU_DNS_ASKING && now >= q->deadline)
        timed_out(dns, q, now);
}
