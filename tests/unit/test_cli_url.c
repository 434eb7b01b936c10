/* test_cli_url.c - the URLs that `get` takes, and where redirections lead (RFC 3986). */
#include "help.h"

#include "cli/url.h"

static const char *read_exactly(const char *text, struct url *out)
{
    char *copy = (char *)exact_copy((const uint8_t *)text, strlen(text) + 1);
    const char *why = url_read(copy, out);
    free(copy);
    return why;
}

static void urls(void **state)
{
    (void)state;
    static const struct { const char *text, *host; unsigned port; const char *path, *authority; }
        cases[] = {
        { "http://example.com/", "example.com", 80, "/", "example.com" },
        { "http://example.com", "example.com", 80, "/", "example.com" },
        { "HTTP://h:8080/a/b?c=d#e", "h", 8080, "/a/b?c=d", "h:8080" },
        { "http://h:/x", "h", 80, "/x", "h" }, { "http://h?q", "h", 80, "/?q", "h" },
        { "10.0.0.1", "10.0.0.1", 80, "/", "10.0.0.1" },
        { "localhost:8000/x y\xc3\xa9", "localhost", 8000, "/x%20y%C3%A9", "localhost:8000" },
        { "http://[2001:db8::1]/", "2001:db8::1", 80, "/", "[2001:db8::1]" },
        { "http://[::1]:65535/x", "::1", 65535, "/x", "[::1]:65535" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct url url = { .port = 0 };
        char authority[URL_AUTHORITY];
        const char *why = read_exactly(cases[i].text, &url);
        if (why != NULL)
            fail_msg("%s: %s", cases[i].text, why);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.path, cases[i].path);
        assert_int_equal(url.port, cases[i].port);
        url_authority(&url, authority);
        assert_string_equal(authority, cases[i].authority);
    }
}

static void what_is_not_a_url(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "http://", "http:///x", "https://h/", "ftp://h/", "http://h:0/", "http://h:65536/",
        "http://h:80a/", "http://h:99999999999999999999/", "http://[::1/", "http://[::1]x/",
        "http://[h]/",
        "http://[1.2.3.4]/", "http://2001:db8::1/", "http://user@h/", "http://a b/",
        "http://a%20/", ":80",
        "http://[]/", "/path",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct url url;
        if (read_exactly(bad[i], &url) == NULL)
            fail_msg("taken: %s", bad[i]);
    }
    static char text[20000];
    struct url url;
    memset(text, 'h', 300);
    assert_non_null(read_exactly(text, &url));
    memset(text, '/', sizeof text - 1);
    text[0] = 'h';
    assert_non_null(read_exactly(text, &url));
    memset(text + 1, ' ', sizeof text - 2);
    text[1] = '/';
    assert_non_null(read_exactly(text, &url));
}

static void redirections(void **state)
{
    (void)state;
    static const struct { const char *at, *location, *authority, *path; } cases[] = {
        { "http://h/a/b?q", "/c", "h", "/c" }, { "http://h/a/b?q", "c", "h", "/a/c" },
        { "http://h/a/b?q/r", "../c", "h", "/c" }, { "http://h/a/b", "../../../c", "h", "/c" },
        { "http://h/a/b", "?x", "h", "/a/b?x" }, { "http://h/a/b/", ".", "h", "/a/b/" },
        { "http://h/a/b/", "..", "h", "/a/" }, { "http://h:81/a", "//g/b", "g", "/b" },
        { "http://h:81/a", "http://g:82", "g:82", "/" }, { "http://h:81/a", "b#c", "h:81", "/b" },
        { "http://h/a", "/b/./c/../d?e/../f", "h", "/b/d?e/../f" },
        { "http://h/a?b", "", "h", "/a?b" },
        { "http://h/", "x y", "h", "/x%20y" }, { "http://h/", "/..", "h", "/" },
        { "http://h/", "/...", "h", "/..." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct url url;
        char authority[URL_AUTHORITY];
        assert_null(url_read(cases[i].at, &url));
        assert_null(url_follow(&url, cases[i].location, strlen(cases[i].location)));
        url_authority(&url, authority);
        if (strcmp(authority, cases[i].authority) != 0 || strcmp(url.path, cases[i].path) != 0)
            fail_msg("%s at %s: %s%s", cases[i].location, cases[i].at, authority, url.path);
    }
    struct url url;
    assert_null(url_read("http://h/", &url));
    assert_non_null(url_follow(&url, "https://h/", 10));
    static char text[20000];
    memset(text, 'x', sizeof text);
    assert_non_null(url_follow(&url, text, sizeof text));
    memset(url.path + 1, 'y', URL_PATH - 2);
    url.path[URL_PATH - 1] = '\0';
    url.path[URL_PATH - 10] = '/';
    assert_non_null(url_follow(&url, text, 4000));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(what_is_not_a_url),
        cmocka_unit_test(redirections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
