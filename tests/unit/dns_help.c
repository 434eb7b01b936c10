/* dns_help.c - the servers and the passing of time for the tests of the resolver. */
#include "dns_help.h"

struct dns_world dw;

void dns_zone(const struct dns_row *zone, size_t rows)
{
    dw.zone = zone;
    dw.rows = (uint32_t)rows;
}

static aksu_udp udp_on(unsigned side, const char *ip, uint16_t port)
{
    aksu_udp out;
    struct aksu_udp_open how = { .local = { ip_text(ip), port } };
    assert_int_equal(aksu_udp_open(dw.two.net[side], &how, &out), AKSU_OK);
    return out;
}

int dns_setup(void **state)
{
    static const char *const text[SERVERS] = { "10.0.0.2", "10.0.0.3", "fd00::2" };
    (void)state;
    memset(&dw, 0, sizeof dw);
    two_init(&dw.two, NULL);
    assert_int_equal(aksu_address_add(dw.two.net[SERVER], dw.two.pair.device[SERVER],
                                      "10.0.0.3/24"), AKSU_OK);
    for (unsigned i = 0; i < SERVERS; i++) {
        dw.address[i] = ip_text(text[i]);
        dw.server[i].udp = udp_on(SERVER, text[i], DNS_PORT);
        struct aksu_listen how = { .local = { dw.address[i], DNS_PORT } };
        assert_int_equal(aksu_listen(dw.two.net[SERVER], &how, &dw.server[i].listener, dw.two.now),
                         AKSU_OK);
    }
    dw.liar = udp_on(SERVER, "10.0.0.2", 5353);
    aksu_dns_init(&dw.dns, dw.two.net[CLIENT], 42);
    assert_int_equal(aksu_dns_servers(&dw.dns, dw.address, 1), AKSU_OK);
    return 0;
}

int dns_teardown(void **state)
{
    struct aksu_counters counters;
    (void)state;
    aksu_dns_stop(&dw.dns, dw.two.now);
    aksu_counters(dw.two.net[CLIENT], &counters);
    assert_int_equal(counters.udp, 0);
    two_fini(&dw.two);
    return 0;
}

/* --- the server --- */

static void put_name(struct writer *out, const char *text)
{
    struct dns_name name;
    assert_true(wire_dns_name_parse(text, &name));
    memcpy(write_space(out, name.length), name.octet, name.length);
}

static void put_row(struct writer *out, const struct dns_row *row)
{
    struct aksu_ip ip;
    put_name(out, row->owner);
    write_be16(out, row->type);
    write_be16(out, DNS_CLASS_IN);
    write_be32(out, 60);
    uint8_t *length = write_space(out, 2);
    size_t start = writer_length(out);
    if (row->type == DNS_TYPE_CNAME) {
        put_name(out, row->value);
    } else {
        assert_true(aksu_ip_parse(row->value, &ip));
        size_t octets = row->type == DNS_TYPE_A ? 4 : 16;
        memcpy(write_space(out, octets), ip.octet + 16 - octets, octets);
    }
    store_be16(length, (uint16_t)(writer_length(out) - start));
}

static size_t make_answer(const struct dns_server *s, const struct dns_asked *q, uint8_t *to)
{
    struct writer out = writer_of(to, TEXT);
    uint8_t rcode = q->query.edns && s->rcode_of_edns ? s->rcode_of_edns : s->rcode;
    uint16_t answers = 0;
    bool cut = (s->cut & q->by) != 0;
    write_be16(&out, q->query.id);
    write_be16(&out, (uint16_t)(0x8100 | (s->no_recursion ? 0 : 0x80) | (cut ? 0x200 : 0) | rcode));
    write_be16(&out, s->bare ? 0 : 1);
    write_be16(&out, 0);
    write_be32(&out, 0);
    if (s->bare)
        return writer_length(&out);
    memcpy(write_space(&out, q->query.name.length), q->query.name.octet, q->query.name.length);
    write_be16(&out, q->query.type);
    write_be16(&out, DNS_CLASS_IN);
    for (uint32_t i = 0; i < s->fill; i++, answers++)
        put_row(&out, &(struct dns_row){ "fill.test", DNS_TYPE_A, "9.9.9.9" });
    for (uint32_t i = 0; i < dw.rows && rcode == 0 && !cut; i++) {
        if (dw.zone[i].type == DNS_TYPE_CNAME || dw.zone[i].type == q->query.type) {
            put_row(&out, &dw.zone[i]);
            answers++;
        }
    }
    store_be16(to + 6, answers);
    assert_false(out.bad);
    return writer_length(&out);
}

/* What arrived is a query that is as it should be. */
static struct dns_asked *take_query(unsigned server, enum transport by, const uint8_t *data,
                                size_t length)
{
    struct dns_message m;
    struct dns_question question;
    struct dns_record opt;
    assert_true(dw.queries < MOST_QUERIES);
    struct dns_asked *q = &dw.query[dw.queries++];
    assert_true(wire_dns_parse(data, length, &m) && wire_dns_next_question(&m, &question));
    assert_true(!m.header.response && m.header.recursion_desired && m.header.questions == 1);
    *q = (struct dns_asked){ .at = dw.two.now, .server = server, .by = by };
    q->query = (struct dns_query){ m.header.id, question.type, m.header.additionals == 1,
                                   question.name };
    if (q->query.edns)
        assert_true(wire_dns_next_record(&m, &opt) && opt.type == DNS_TYPE_OPT);
    assert_int_equal(reader_left(&m.r), 0);
    return q;
}

static void send_udp(const struct dns_server *s, const struct dns_asked *q, const uint8_t *text,
                     size_t length)
{
    aksu_udp from = s->answers_from.port != 0 ? dw.liar : s->udp;
    assert_int_equal(aksu_udp_send(dw.two.net[SERVER], from, &q->from, text, length, dw.two.now),
                     AKSU_OK);
}

bool dns_serve_udp(unsigned number)
{
    static uint8_t text[TEXT];
    struct dns_server *s = &dw.server[number];
    struct aksu_endpoint from;
    ptrdiff_t n = aksu_udp_receive(dw.two.net[SERVER], s->udp, &from, text, sizeof text);
    if (n < 0)
        return false;
    struct dns_asked *q = take_query(number, BY_UDP, text, (size_t)n);
    q->from = from;
    if (s->silent || (s->only_type != 0 && s->only_type != q->query.type))
        return true;
    size_t length = make_answer(s, q, text);
    if (s->lie != NULL) {
        s->lie(text, &length);
        send_udp(s, q, text, length);
        length = make_answer(s, q, text);
    }
    if (!s->only_lies)
        send_udp(s, q, text, length);
    return true;
}

bool dns_serve_tcp(unsigned number)
{
    static uint8_t text[TEXT + 2];
    struct dns_server *s = &dw.server[number];
    aksu_conn conn;
    if (aksu_accept(dw.two.net[SERVER], s->listener, &conn, dw.two.now) != AKSU_OK)
        return false;
    ptrdiff_t n = 0;
    for (unsigned i = 0; i < 4 && n <= 0; i++) {
        move(&dw.two);
        n = aksu_receive(dw.two.net[SERVER], conn, text, sizeof text, dw.two.now);
    }
    assert_true(n > 2);
    assert_int_equal(load_be16(text), n - 2);
    struct dns_asked *q = take_query(number, BY_TCP, text + 2, (size_t)n - 2);
    if (s->silent)
        return true;
    size_t length = make_answer(s, q, text + 2);
    if (s->lie != NULL)
        s->lie(text + 2, &length);
    store_be16(text, (uint16_t)length);
    size_t end = s->header_only_end ? 14 : 2 + length, sent = 0;
    while (sent < end) {                        /* in pieces: the first octet alone */
        size_t piece = sent == 0 ? 1 : end - sent;
        n = aksu_send(dw.two.net[SERVER], conn, text + sent, piece, 0, dw.two.now);
        assert_true(n > 0);
        sent += (size_t)n;
        move(&dw.two);
        aksu_dns_work(&dw.dns, dw.two.now);
    }
    aksu_close(dw.two.net[SERVER], conn, dw.two.now);
    return true;
}

/* --- the world --- */

void dns_settle(void)
{
    bool busy = true;
    for (unsigned turns = 0; busy; turns++) {
        assert_true(turns < 1000);
        aksu_dns_work(&dw.dns, dw.two.now);
        busy = move(&dw.two) > 0;
        for (unsigned i = 0; i < SERVERS; i++)
            busy = dns_serve_udp(i) || dns_serve_tcp(i) || busy;
    }
}

/* Until the answer is there; how long it took. */
aksu_time dns_wait(aksu_time started)
{
    dns_settle();
    while (dw.dns.state == AKSU_DNS_ASKING) {
        aksu_time next = aksu_dns_next_timeout(&dw.dns);
        assert_true(next > dw.two.now && next <= started + AKSU_SECONDS(15));
        for (unsigned i = 0; i < 2; i++) {
            aksu_time due = aksu_next_timeout(dw.two.net[i]);
            next = due < next ? due : next;
        }
        dw.two.now = next > dw.two.now ? next : dw.two.now;
        aksu_timeouts(dw.two.net[CLIENT], dw.two.now);
        aksu_timeouts(dw.two.net[SERVER], dw.two.now);
        dns_settle();
    }
    assert_int_equal(aksu_dns_next_timeout(&dw.dns), AKSU_NEVER);
    return dw.two.now - started;
}

aksu_time dns_resolve(const char *name, bool v4, bool v6)
{
    assert_int_equal(aksu_dns_ask(&dw.dns, name, v4, v6, dw.two.now), AKSU_OK);
    return dns_wait(dw.two.now);
}

void dns_is_answered(unsigned count, const char *const *expected)
{
    char text[AKSU_IP_TEXT];
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
    assert_int_equal(dw.dns.answers, count);
    for (unsigned i = 0; i < count; i++) {
        aksu_ip_format(&dw.dns.answer[i], text);
        assert_string_equal(text, expected[i]);
    }
}
void dns_failed(enum aksu_status status)
{
    assert_int_equal(dw.dns.state, AKSU_DNS_FAILED);
    assert_int_equal(dw.dns.status, status);
}
