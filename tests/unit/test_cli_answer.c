/* test_cli_answer.c - what `serve` answers, without a connection. */
#include "help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/answer.h"

struct place {
    char root[64];
    struct answers answers;
    struct answer answer;
};

static int set_up(void **state)
{
    static struct place place;
    struct place *p = *state = &place;
    char path[96];
    memset(p, 0, sizeof *p);
    p->answer.body.fd = -1;
    strcpy(p->root, "/tmp/aksu-test-answer-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    snprintf(path, sizeof path, "%s/a.txt", p->root);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs("0123456789", out);
    assert_int_equal(fclose(out), 0);
    snprintf(path, sizeof path, "%s/sub", p->root);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_true(files_init(&p->answers.files, p->root, true));
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[96];
    answer_end(&p->answers, &p->answer);
    assert_int_equal(p->answers.listed, 0);
    assert_int_equal(p->answers.files.open, 0);
    files_fini(&p->answers.files);
    snprintf(command, sizeof command, "rm -rf %s", p->root);
    return system(command);
}

/* The answer to this request, as a text; its status. */
static unsigned ask(struct place *p, const char *request)
{
    unsigned status = 0;
    answer_request(&p->answers, request, strlen(request), &p->answer);
    if (p->answer.text)
        assert_int_equal(sscanf(p->answer.text, "HTTP/1.1 %u ", &status), 1);
    return status;
}

static bool says(const struct place *p, const char *text)
{
    return memmem(p->answer.text, p->answer.length, text, strlen(text)) != NULL;
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: x\r\n"
#define END "\r\n"

static void files_and_parts(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, REQUEST("GET /a.txt") END), 200);
    assert_true(p->answer.body.fd >= 0 && p->answer.body.left == 10 && p->answer.persists);
    assert_true(says(p, "Content-Length: 10\r\n"));
    assert_int_equal(ask(p, REQUEST("HEAD /a.txt") END), 200);
    assert_true(p->answer.body.left == 0 && says(p, "Content-Length: 10\r\n"));
    assert_int_equal(ask(p, REQUEST("GET /a.txt") "Range: bytes=2-4\r\n" END), 206);
    assert_true(p->answer.body.at == 2 && p->answer.body.left == 3);
    assert_true(says(p, "Content-Range: bytes 2-4/10\r\n"));
    assert_int_equal(ask(p, REQUEST("GET /a.txt") "Range: bytes=10-\r\n" END), 416);
    assert_true(p->answer.body.fd == -1 && says(p, "Content-Range: bytes */10\r\n"));
    assert_int_equal(p->answers.files.open, 0);
}

static void redirections_stay_here(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, REQUEST("GET /sub?a=b") END), 301);
    assert_true(says(p, "Location: /sub/\r\n"));
    assert_int_equal(ask(p, REQUEST("GET //sub") END), 301);
    assert_true(says(p, "Location: /sub/\r\n"));
}

static void refusals_end_the_connection(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, REQUEST("GET /none") END), 404);
    assert_true(p->answer.persists && !p->answer.unread);
    assert_int_equal(ask(p, REQUEST("DELETE /a.txt") END), 405);
    assert_true(says(p, "Allow: GET, HEAD, PUT\r\n") && says(p, "Connection: close\r\n"));
    assert_true(!p->answer.persists && p->answer.unread);
    p->answers.stopping = true;
    assert_int_equal(ask(p, REQUEST("GET /a.txt") END), 200);
    assert_true(!p->answer.persists && says(p, "Connection: close\r\n"));
}

static void listings_have_a_limit(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, REQUEST("GET /") END), 200);
    assert_true(says(p, "a.txt") && p->answers.listed == p->answer.length);
    answer_end(&p->answers, &p->answer);
    assert_int_equal(p->answers.listed, 0);
    p->answers.listed = 64 << 20;
    assert_int_equal(ask(p, REQUEST("GET /") END), 503);
    assert_true(says(p, "Retry-After: 1\r\n"));
    assert_int_equal(ask(p, REQUEST("GET /a.txt") END), 200);
    p->answers.listed -= 64 << 20;
}

/* "100 Continue" of which a part has left must be whole when the answer follows it. */
static void uploads(void **state)
{
    struct place *p = *state;
    const char *put = REQUEST("PUT /new") "Content-Length: 4\r\nExpect: 100-continue\r\n" END;
    assert_int_equal(ask(p, put), 100);
    assert_true(p->answer.upload != NULL && p->answer.body.left == 4);
    assert_int_equal(write(p->answer.body.fd, "text", 4), 4);
    p->answer.sent = 10;
    answer_upload(&p->answers, BODY_DONE, &p->answer);
    assert_null(p->answer.upload);
    assert_int_equal(strncmp(p->answer.text, "00 Continue\r\n\r\nHTTP/1.1 201 ", 28), 0);
    assert_true(p->answer.sent == 0 && p->answer.persists);
    assert_int_equal(ask(p, REQUEST("PUT /new") "Transfer-Encoding: chunked\r\n" END), 0);
    answer_upload(&p->answers, BODY_BAD, &p->answer);
    assert_true(says(p, "HTTP/1.1 400 ") && p->answer.unread);
    assert_int_equal(ask(p, put), 100);
    p->answer.body.error = ENOSPC;
    answer_upload(&p->answers, BODY_FILE, &p->answer);
    assert_true(says(p, "HTTP/1.1 507 "));
    assert_int_equal(p->answers.files.open, 0);
    assert_int_equal(ask(p, REQUEST("GET /new") END), 200);
    assert_int_equal(p->answer.body.left, 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_and_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirections_stay_here, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_end_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listings_have_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(uploads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
