/* test_cli_http.c - what `serve` and `get` understand of HTTP/1.1 (RFC 9112), and what they
 * refuse. */
#include "help.h"

#include "cli/http.h"

/* Each text in a block of its own size, so that a sanitizer sees an octet too many. */
static unsigned request(const char *text, struct http_message *m)
{
    size_t length = strlen(text);
    char *copy = (char *)exact_copy((const uint8_t *)text, length);
    size_t head = http_head_end(copy, length);
    unsigned status = head > 0 ? http_read_request(copy, head, m) : 0;
    if (head == 0)
        fail_msg("no head: %s", text);
    free(copy);
    return status;
}

static unsigned response(const char *text, struct http_message *m)
{
    size_t length = strlen(text);
    char *copy = (char *)exact_copy((const uint8_t *)text, length);
    unsigned status = http_read_response(copy, length, m);
    free(copy);
    return status;
}

static bool text_is(struct http_text t, const char *word)
{
    return t.length == strlen(word) && memcmp(t.at, word, t.length) == 0;
}

static void requests_that_are_understood(void **state)
{
    (void)state;
    static const char get[] = "\r\nGET /a%20b?c HTTP/1.1\r\nHost: x\r\n"
                              "Range:  bytes=0-1 \r\n\r\nmore";
    struct http_message m;

    size_t head = http_head_end(get, sizeof get - 1);
    assert_int_equal(head, sizeof get - 1 - 4);
    assert_int_equal(http_read_request(get, head, &m), 0);
    assert_int_equal(m.method, HTTP_GET);
    assert_true(text_is(m.target, "/a%20b?c"));
    assert_true(text_is(m.range, "bytes=0-1"));
    assert_true(http_persists(&m) && !m.has_length && !m.chunked);

    static const char absolute[] = "HEAD http://10.0.0.2:80/x HTTP/1.0\n\n";
    assert_int_equal(http_read_request(absolute, sizeof absolute - 1, &m), 0);
    assert_int_equal(m.method, HTTP_HEAD);
    assert_true(text_is(m.target, "/x"));
    assert_false(http_persists(&m));
    assert_int_equal(request("GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n", &m), 0);
    assert_true(text_is(m.target, "/"));

    assert_int_equal(request("PUT /f HTTP/1.1\r\nHOST:h\r\n"
                             "content-length:\t18446744073709551609\r\n"
                             "Expect: 100-Continue\r\n\r\n", &m), 0);
    assert_true(m.has_length && m.expect_continue);
    assert_true(m.length == 18446744073709551609u);
    assert_int_equal(request("PUT /f HTTP/1.1\r\nHost:\r\nTransfer-Encoding: Chunked\r\n\r\n", &m),
                     0);
    assert_true(m.chunked);
}

static void connections_that_persist(void **state)
{
    (void)state;
    static const struct { const char *text; bool persists; } cases[] = {
        { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", true },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: h\r\nconnection: x , CLOSE\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: disclosed\r\n\r\n", true },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
        { "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_message m;
        assert_int_equal(request(cases[i].text, &m), 0);
        if (http_persists(&m) != cases[i].persists)
            fail_msg("%s", cases[i].text);
    }
}

static void requests_that_are_refused(void **state)
{
    (void)state;
    static const struct { const char *text; unsigned status; } cases[] = {
        { "GET\r\n\r\n", 400 }, { "GET /\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "GET https://h/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "GET / http/1.1\r\nHost: a\r\n\r\n", 400 },
        { "GET / HTTP/11\r\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
        { "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          400 },
        { "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
          "Transfer-Encoding: chunked\r\n\r\n",
          501 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
          "Transfer-Encoding: chunked\r\n\r\n",
          501 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_message m;
        unsigned status = request(cases[i].text, &m);
        if (status != cases[i].status)
            fail_msg("%u instead of %u: %s", status, cases[i].status, cases[i].text);
    }
    struct http_message m;
    assert_int_equal(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &m), 0);
    assert_int_equal(m.method, HTTP_OTHER);
    assert_int_equal(request("get / HTTP/1.1\r\nHost: a\r\n\r\n", &m), 0);
    assert_int_equal(m.method, HTTP_UNKNOWN);
    static const char zero[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(http_read_request(zero, sizeof zero - 1, &m), 400);
}

static void targets_of_every_length(void **state)
{
    (void)state;
    static char text[3 * HTTP_TARGET_MOST];
    for (size_t length = 1; length < 2 * HTTP_TARGET_MOST; length += 511) {
        struct http_message m;
        memcpy(text, "GET ", 4);
        memset(text + 4, '/', length);
        memcpy(text + 4 + length, " HTTP/1.0\r\n\r\n", 14);
        assert_int_equal(request(text, &m), length > HTTP_TARGET_MOST ? 414 : 0);
    }
}

static void heads_cut_at_every_octet(void **state)
{
    (void)state;
    static const char text[] = "\n\r\nGET /f HTTP/1.1\r\nHost: h\nAccept: */*\r\n\nGET /g";
    size_t head = sizeof text - 1 - 6;
    for (size_t n = 0; n < sizeof text; n++) {
        uint8_t *copy = exact_copy((const uint8_t *)text, n);
        assert_int_equal(http_head_end((char *)copy, n), n < head ? 0 : head);
        free(copy);
    }
    assert_int_equal(http_head_end("\r\n\r\n\r\n", 6), 0);
}

static bool parse_request(const uint8_t *data, size_t length)
{
    struct http_message m;
    unsigned status = http_read_request((const char *)data, length, &m);
    if (status == 0) {
        char path[64];
        uint64_t first, end;
        assert_true(m.target.length > 0);
        http_decode_path(m.target, path, sizeof path);
        if (http_read_range(m.range, 100, &first, &end) == HTTP_RANGE_GOOD)
            assert_true(first < end && end <= 100);
    } else {
        assert_true(status >= 400 && status < 600);
    }
    return status == 0;
}

static bool parse_response(const uint8_t *data, size_t length)
{
    struct http_message m;
    return http_read_response((const char *)data, length, &m) == 0;
}

static void mutants(void **state)
{
    (void)state;
    static const char get[] = "GET /a%41?b HTTP/1.1\r\nHost: h\r\nRange: bytes=1-20\r\n"
                              "Content-Length: 12\r\nConnection: close\r\n\r\n";
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nLocation: /x\r\n\r\n";
    assert_int_equal(good_truncations(parse_request, (const uint8_t *)get, sizeof get - 1), 0);
    unsigned good = good_mutations(parse_request, (const uint8_t *)get, sizeof get - 1, 20000, 1);
    assert_true(good > 0 && good < 20000);
    good = good_mutations(parse_response, (const uint8_t *)ok, sizeof ok - 1, 20000, 2);
    assert_true(good > 0 && good < 20000);
}

static void responses(void **state)
{
    (void)state;
    struct http_message m;
    static const char moved[] = "HTTP/1.1 302 Moved on\r\nlocation: /there\r\n"
                                "content-length: 0\r\n\r\n";
    assert_int_equal(http_read_response(moved, sizeof moved - 1, &m), 0);
    assert_int_equal(m.status, 302);
    assert_true(text_is(m.reason, "Moved on") && text_is(m.location, "/there"));
    assert_true(m.has_length && m.length == 0);
    assert_int_equal(response("HTTP/1.0 200\r\n\r\n", &m), 0);
    assert_int_equal(m.reason.length, 0);
    static const char *const bad[] = {
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "220 ftp\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n", "\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nbad\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (response(bad[i], &m) == 0)
            fail_msg("taken: %s", bad[i]);
    }
}

static void ranges(void **state)
{
    (void)state;
    static const struct { const char *text; enum http_range what; uint64_t first, end; } cases[] = {
        { "bytes=0-0", HTTP_RANGE_GOOD, 0, 1 }, { "bytes=0-99", HTTP_RANGE_GOOD, 0, 100 },
        { "bytes=0-100", HTTP_RANGE_GOOD, 0, 100 }, { "Bytes= 10 - ", HTTP_RANGE_GOOD, 10, 100 },
        { "bytes=99-", HTTP_RANGE_GOOD, 99, 100 }, { "bytes=-1", HTTP_RANGE_GOOD, 99, 100 },
        { "bytes=-100", HTTP_RANGE_GOOD, 0, 100 }, { "bytes=-1000", HTTP_RANGE_GOOD, 0, 100 },
        { "bytes=100-", HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-0", HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=18446744073709551608-", HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=18446744073709551616-", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=5-4", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=0-1,3-4", HTTP_RANGE_NONE, 0, 0 }, { "bytes=", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=-", HTTP_RANGE_NONE, 0, 0 }, { "bytes=1", HTTP_RANGE_NONE, 0, 0 },
        { "lines=0-1", HTTP_RANGE_NONE, 0, 0 }, { "bytes=a-b", HTTP_RANGE_NONE, 0, 0 },
        { "bytes", HTTP_RANGE_NONE, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t first = 0, end = 0;
        struct http_text text = { cases[i].text, strlen(cases[i].text) };
        enum http_range what = http_read_range(text, 100, &first, &end);
        if (what != cases[i].what
            || (what == HTTP_RANGE_GOOD && (first != cases[i].first || end != cases[i].end)))
            fail_msg("%s: %d, %u to %u", cases[i].text, (int)what, (unsigned)first, (unsigned)end);
    }
    uint64_t first, end;
    assert_int_equal(http_read_range((struct http_text){ "bytes=0-", 8 }, 0, &first, &end),
                     HTTP_RANGE_UNSATISFIABLE);
    assert_int_equal(http_read_range((struct http_text){ "bytes=-5", 8 }, 0, &first, &end),
                     HTTP_RANGE_UNSATISFIABLE);
    assert_int_equal(http_read_range((struct http_text){ NULL, 0 }, 9, &first, &end),
                     HTTP_RANGE_NONE);
}

static void paths(void **state)
{
    (void)state;
    static const struct { const char *target, *path; } cases[] = {
        { "/", "" }, { "/a/b", "a/b" }, { "/a%20b%2Fc%2fd", "a b/c/d" }, { "/x?y/%", "x" },
        { "/x#y", "x" },
        { "//etc/passwd", "etc/passwd" }, { "/%2f%2Fetc", "etc" }, { "/%c3%a9", "\xc3\xa9" },
        { "/..", ".." }, { "/1234567", "1234567" },
        { "", NULL }, { "x", NULL }, { "/%", NULL }, { "/%4", NULL }, { "/%4g", NULL },
        { "/%zz", NULL },
        { "/a%00b", NULL }, { "/12345678", NULL }, { "/%-1", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[12];
        size_t size = strlen(cases[i].target) == 9 || strlen(cases[i].target) == 8 ? 8 : sizeof
            path;
        char *copy = (char *)exact_copy((const uint8_t *)cases[i].target, strlen(cases[i].target));
        struct http_text target = { copy, strlen(cases[i].target) };
        bool good = http_decode_path(target, path, cases[i].path ? sizeof path : size);
        if (good != (cases[i].path != NULL) || (good && strcmp(path, cases[i].path) != 0))
            fail_msg("%s: %s", cases[i].target, good ? path : "refused");
        free(copy);
    }
}

/* Feeds pieces of `step` octets, of which at most `taken` are used at a time. */
static bool decode(const char *text, size_t length, size_t step, size_t taken, char *out, size_t
                   *size)
{
    struct http_chunks c = { 0 };
    size_t at = 0;
    *size = 0;
    while (at < length && !http_chunks_over(&c)) {
        size_t framing, body, piece = length - at < step ? length - at : step;
        uint8_t *copy = exact_copy((const uint8_t *)text + at, piece);
        bool good = http_chunks_next(&c, copy, piece, &framing, &body);
        free(copy);
        if (!good)
            return false;
        assert_true(framing + body <= piece && (framing + body > 0));
        size_t used = body < taken ? body : taken;
        if (out != NULL)
            memcpy(out + *size, text + at + framing, used);
        *size += used;
        http_chunks_took(&c, used);
        at += framing + used;
    }
    return http_chunks_over(&c);
}

static void chunks_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "4\r\nWiki\r\n00A;x=\"y\"\r\npedia in\r\n\r\n"
                               "1 \n.\nb\r\nsomething!\n\r\n"
                               "0;last\r\nTrailer: x\r\n\r\nGET";
    for (size_t step = 1; step < sizeof text; step++) {
        for (size_t taken = 1; taken < 12; taken++) {
            char out[64];
            size_t size;
            assert_true(decode(text, sizeof text - 1, step, taken, out, &size));
            assert_int_equal(size, 26);
            assert_memory_equal(out, "Wikipedia in\r\n.something!\n", 26);
        }
    }
}

static void chunks_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n", ";x\r\n", "x\r\n", "-1\r\n", "0x1\r\na\r\n", "1\r\nab\r\n", "1\rx", "1\r\na\rb",
        "+1\r\n",
        "11111111111111111\r\n", "0\r\n\rx", " 1\r\na\r\n", "1\r\na\r\n\r\n",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000001\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t size;
        if (decode(bad[i], strlen(bad[i]), 3, 100, NULL, &size))
            fail_msg("taken: %s", bad[i]);
    }
    static char trailer[20000];
    size_t size;
    memcpy(trailer, "0\r\n", 3);
    for (size_t i = 3; i + 4 <= sizeof trailer; i += 4)
        memcpy(trailer + i, "a:\r\n", 4);
    assert_false(decode(trailer, sizeof trailer, 1000, 100, NULL, &size));
    memset(trailer, 'e', sizeof trailer);
    memcpy(trailer, "1;", 2);
    assert_false(decode(trailer, sizeof trailer, 1000, 100, NULL, &size));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_understood),
        cmocka_unit_test(connections_that_persist),
        cmocka_unit_test(requests_that_are_refused),
        cmocka_unit_test(targets_of_every_length),
        cmocka_unit_test(heads_cut_at_every_octet),
        cmocka_unit_test(mutants),
        cmocka_unit_test(responses),
        cmocka_unit_test(ranges),
        cmocka_unit_test(paths),
        cmocka_unit_test(chunks_cut_anywhere),
        cmocka_unit_test(chunks_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
