/* test_cli_files.c - what `serve` finds in its directory, and that nothing leads out of it. */
#include "help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/files.h"

struct place {
    char top[64], root[80];
    struct files files;
};

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void link_file(const char *directory, const char *name, const char *to)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(symlink(to, path), 0);
}

static void make_directory(const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int set_up(void **state)
{
    static struct place place;
    struct place *p = *state = &place;
    strcpy(p->top, "/tmp/aksu-test-files-XXXXXX");
    assert_non_null(mkdtemp(p->top));
    make_directory(p->top, "root");
    snprintf(p->root, sizeof p->root, "%s/root", p->top);
    write_file(p->top, "secret", "secret");
    write_file(p->root, "a.txt", "text");
    write_file(p->root, ".hidden", "hidden");
    write_file(p->root, "<&\"'>.HTML", "page");
    make_directory(p->root, "empty");
    make_directory(p->root, "site");
    write_file(p->root, "site/index.html", "index");
    make_directory(p->root, "odd");
    make_directory(p->root, "odd/index.html");
    link_file(p->root, "inside", "site/../a.txt");
    link_file(p->root, "outside", "../secret");
    link_file(p->root, "absolute", "/etc/passwd");
    link_file(p->root, "up", "..");
    link_file(p->root, "loop", "loop");
    link_file(p->root, "odd/link", "../../secret");
    char fifo[160];
    snprintf(fifo, sizeof fifo, "%s/fifo", p->root);
    assert_int_equal(mkfifo(fifo, 0644), 0);
    assert_true(files_init(&p->files, p->root, true));
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    assert_int_equal(p->files.open, 0);
    files_fini(&p->files);
    snprintf(command, sizeof command, "rm -rf '%s'", p->top);
    return system(command);
}

/* A file's or a listing's text; the caller gives a large enough buffer. */
static unsigned find(struct place *p, const char *path, char *out, size_t size)
{
    struct files_found found;
    unsigned status = files_find(&p->files, path, &found);
    out[0] = '\0';
    if (status != 200)
        return status;
    assert_true(found.size < size);
    if (found.fd >= 0) {
        assert_int_equal(read(found.fd, out, size), found.size);
        files_close(&p->files, found.fd);
    } else {
        memcpy(out, found.text, found.size);
        free(found.text);
    }
    out[found.size] = '\0';
    return status;
}

static void what_is_there(void **state)
{
    static const struct { const char *path; unsigned status; const char *text; } cases[] = {
        { "a.txt", 200, "text" }, { ".hidden", 200, "hidden" }, { "inside", 200, "text" },
        { "site/../a.txt", 200, "text" }, { "./a.txt", 200, "text" }, { "site/", 200, "index" },
        { "site", 301, "" }, { "empty", 301, "" }, { "a.txt/", 404, "" }, { "none", 404, "" },
        { "fifo", 403, "" }, { "loop", 404, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096];
        unsigned status = find(*state, cases[i].path, text, sizeof text);
        if (status != cases[i].status || strcmp(text, cases[i].text) != 0)
            fail_msg("%s: %u %s", cases[i].path, status, text);
    }
}

static void nothing_leads_out(void **state)
{
    static const char *const paths[] = {
        "..", "../", "../secret", "site/../../secret", "outside", "absolute", "up", "up/",
        "up/secret",
        "odd/link", "/etc/passwd", "./../secret", "site/../../root/a.txt", "up/root/a.txt",
    };
    struct place *p = *state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char text[4096];
        struct files_upload upload;
        if (find(p, paths[i], text, sizeof text) != 404)
            fail_msg("%s was found", paths[i]);
        if (files_upload_begin(&p->files, paths[i], &upload) == 200) {
            char *slash = strrchr(paths[i], '/');       /* a link itself may be replaced */
            files_upload_drop(&p->files, &upload);
            if (slash != NULL && strcmp(paths[i], "odd/link") != 0)
                fail_msg("%s could be written", paths[i]);
        }
    }
}

static void listings(void **state)
{
    char text[8192];
    assert_int_equal(find(*state, "", text, sizeof text), 200);
    assert_non_null(strstr(text, "<a href=\"./a.txt\">a.txt</a>"));
    assert_non_null(strstr(text, "<a href=\"./empty/\">empty/</a>"));
    assert_non_null(strstr(text, "\"./%3C%26%22%27%3E.HTML\">&#60;&#38;&#34;&#39;&#62;.HTML<"));
    assert_null(strstr(text, "hidden"));
    assert_null(strstr(text, "../"));
    assert_int_equal(find(*state, "empty/", text, sizeof text), 200);
    assert_non_null(strstr(text, "<a href=\"../\">"));
    assert_int_equal(find(*state, "odd/", text, sizeof text), 200);
    assert_non_null(strstr(text, "index.html/"));
}

static void types_follow_the_suffix(void **state)
{
    struct place *p = *state;
    static const char *const types[][2] = {
        { "a.txt", "text/plain; charset=utf-8" }, { "<&\"'>.HTML", "text/html; charset=utf-8" },
        { ".hidden", "application/octet-stream" }, { "site/", "text/html; charset=utf-8" },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct files_found found;
        assert_int_equal(files_find(&p->files, types[i][0], &found), 200);
        assert_string_equal(found.type, types[i][1]);
        files_close(&p->files, found.fd);
    }
}

static void uploads(void **state)
{
    struct place *p = *state;
    struct files_upload upload;
    char text[4096];
    assert_int_equal(files_upload_begin(&p->files, "site/new", &upload), 200);
    assert_int_equal(write(upload.fd, "new", 3), 3);
    assert_int_equal(find(p, "site/new", text, sizeof text), 404);
    assert_int_equal(files_upload_end(&p->files, &upload), 201);
    assert_int_equal(find(p, "site/new", text, sizeof text), 200);
    assert_string_equal(text, "new");

    assert_int_equal(files_upload_begin(&p->files, "outside", &upload), 200);
    assert_int_equal(write(upload.fd, "mine", 4), 4);
    assert_int_equal(files_upload_end(&p->files, &upload), 204);
    assert_int_equal(find(p, "outside", text, sizeof text), 200);
    assert_string_equal(text, "mine");
    char secret[160];
    struct stat about;
    snprintf(secret, sizeof secret, "%s/secret", p->top);
    assert_true(stat(secret, &about) == 0 && about.st_size == 6);

    assert_int_equal(files_upload_begin(&p->files, "site/dropped", &upload), 200);
    files_upload_drop(&p->files, &upload);
    assert_int_equal(find(p, "site/dropped", text, sizeof text), 404);
    static const char *const directories[] = { "", "site", "site/", "site/.", "site/.." };
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        assert_int_equal(files_upload_begin(&p->files, directories[i], &upload), 405);
    assert_int_equal(files_upload_begin(&p->files, "none/x", &upload), 404);
    assert_int_equal(files_upload_begin(&p->files, "a.txt/x", &upload), 404);
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(files_upload_begin(&p->files, name, &upload), 400);
}

static void descriptors_are_bounded(void **state)
{
    struct place *p = *state;
    struct files_found found[4];
    struct files_upload upload;
    p->files.most = 3;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(files_find(&p->files, "a.txt", &found[i]), 200);
    assert_int_equal(files_find(&p->files, "a.txt", &found[3]), 503);
    files_close(&p->files, found[0].fd);
    assert_int_equal(files_upload_begin(&p->files, "x", &upload), 503);
    assert_int_equal(files_find(&p->files, "a.txt", &found[0]), 200);
    for (unsigned i = 0; i < 3; i++)
        files_close(&p->files, found[i].fd);
}

/* The kernel gives up on a path with ".." while anything anywhere is renamed. */
static void renaming_hides_nothing(void **state)
{
    struct place *p = *state;
    struct files_found found;
    char one[96], two[96];
    unsigned missed = 0;
    snprintf(one, sizeof one, "%s/one", p->top);
    snprintf(two, sizeof two, "%s/two", p->top);
    make_directory(p->top, "one");
    pid_t renamer = fork();
    assert_true(renamer >= 0);
    if (renamer == 0) {
        for (;;) {
            (void)!rename(one, two);
            (void)!rename(two, one);
        }
    }
    for (int i = 0; i < 20000; i++) {
        unsigned status = files_find(&p->files, "site/../empty/../site/../a.txt", &found);
        missed += status != 200;
        if (status == 200)
            files_close(&p->files, found.fd);
    }
    kill(renamer, SIGKILL);
    waitpid(renamer, NULL, 0);
    rmdir(one);
    rmdir(two);
    assert_int_equal(missed, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_leads_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types_follow_the_suffix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(uploads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(descriptors_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renaming_hides_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
