/* test_report.c - a report is one page with every line of its record in it, or it is not there. */
#include "help.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "report/page.h"
#include "report/report.h"

struct place {
    char top[64], page[96];
};

static int set_up(void **state)
{
    static struct place place;
    struct place *p = *state = &place;
    strcpy(p->top, "/tmp/aksu-test-report-XXXXXX");
    assert_non_null(mkdtemp(p->top));
    snprintf(p->page, sizeof p->page, "%s/page.html", p->top);
    return 0;
}

static unsigned files_in(const char *directory)
{
    unsigned count = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;                   /* . and .. */
}

static int tear_down(void **state)
{
    struct place *p = *state;
    (void)unlink(p->page);
    return rmdir(p->top);
}

/* malloc()ed, with a zero behind it. */
static char *read_file(const char *path)
{
    struct stat about;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_int_equal(fstat(fileno(in), &about), 0);
    char *text = calloc(1, (size_t)about.st_size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)about.st_size, in), about.st_size);
    fclose(in);
    return text;
}

static void write_old(const char *path)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs("old", out);
    assert_int_equal(fclose(out), 0);
}

static void put(struct report *r, const char *text)
{
    struct aksu_writer w = report_writer(r);
    w.write(w.context, text, strlen(text));
}

static struct report_config config_for(const struct place *p)
{
    static const char *const hosts[] = { "client", "server", NULL };
    return (struct report_config){ .command = "test", .path = p->page, .title = "a \"b\" <c>\\\n",
                                   .lang = "ko", .run = "aksu run 'x'", .hosts = hosts };
}

/* What stderr gets is no part of a test's output. */
static int silence(void)
{
    int before = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY);
    fflush(stderr);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
    return before;
}

static void speak(int before)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
}

static void test_page_is_whole(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    struct report *r = report_open(&config);
    assert_non_null(r);
    put(r, "{\"note\":\"</scr");
    put(r, "ipt>\"}\n{\"at\":1}\n");
    assert_int_equal(access(p->page, F_OK), -1);        /* not before it is whole */
    assert_true(report_close(r));
    char *text = read_file(p->page);
    const char *record = strstr(text, "\n{\"record\":1,");
    assert_non_null(record);
    size_t before = (size_t)(record + 1 - text);
    assert_memory_equal(text, report_page, before);
    static const char lines[] =
        "\n{\"record\":1,\"title\":\"a \\\"b\\\" \\u003cc>\\\\\\u000a\",\"lang\":\"ko\","
        "\"hosts\":[\"client\",\"server\"],\"command\":\"aksu run 'x'\"}\n"
        "{\"note\":\"\\u003c/script>\"}\n{\"at\":1}\n";
    assert_memory_equal(record, lines, sizeof lines - 1);
    const char *rest = record + sizeof lines - 1;
    assert_int_equal(before + strlen(REPORT_HERE) + strlen(rest), report_page_length);
    assert_memory_equal(rest, report_page + before + strlen(REPORT_HERE), strlen(rest));
    assert_int_equal(files_in(p->top), 1);
    free(text);
}

static void test_header_of_its_own(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    config.headed = true;
    struct report *r = report_open(&config);
    put(r, "{\"record\":1}\n");
    assert_true(report_close(r));
    char *text = read_file(p->page);
    assert_non_null(strstr(text, "\n{\"record\":1}\n"));
    assert_null(strstr(text, "\"hosts\":["));
    free(text);
}

static void language_is(const struct place *p, const char *locale, const char *wanted)
{
    struct report_config config = config_for(p);
    config.lang = NULL;
    unsetenv("LC_ALL");
    setenv("LC_MESSAGES", locale, 1);
    struct report *r = report_open(&config);
    assert_true(report_close(r));
    char *text = read_file(p->page);
    assert_non_null(strstr(text, wanted));
    free(text);
}

static void test_language_of_the_locale(void **state)
{
    language_is(*state, "ko_KR.UTF-8", ",\"lang\":\"ko\",\"hosts\"");
    language_is(*state, "de_DE.UTF-8", ",\"lang\":\"en\",\"hosts\"");
}

/* A file under that name is replaced by a whole one only; its mode is that of any new file. */
static void test_replaces(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    struct stat about;
    mode_t mask = umask(027);
    write_old(p->page);
    struct report *r = report_open(&config);
    char *text = read_file(p->page);
    assert_string_equal(text, "old");
    free(text);
    assert_true(report_close(r));
    umask(mask);
    assert_int_equal(stat(p->page, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    assert_true(about.st_size > 1000);
}

static void test_full_disk(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    config.path = "/dev/full";
    struct report *r = report_open(&config);
    assert_non_null(r);
    int before = silence();
    bool there = report_close(r);
    speak(before);
    assert_false(there);
    assert_int_equal(files_in(p->top), 0);
}

static void test_nowhere(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    int before = silence();
    config.path = p->top;                               /* a directory */
    struct report *directory = report_open(&config);
    config.path = "/nonexistent/page.html";
    struct report *none = report_open(&config);
    speak(before);
    assert_null(directory);
    assert_null(none);
}

/* The name is taken away meanwhile: what was written goes too. */
static void test_name_is_taken(void **state)
{
    struct place *p = *state;
    struct report_config config = config_for(p);
    struct report *r = report_open(&config);
    assert_int_equal(mkdir(p->page, 0755), 0);
    int before = silence();
    bool there = report_close(r);
    speak(before);
    assert_false(there);
    assert_int_equal(rmdir(p->page), 0);
    assert_int_equal(files_in(p->top), 0);
}

/* More than a browser can hold is counted: whole lines, and the page says it. */
static void test_too_much(void **state)
{
    enum { LINE = 1 << 20, LINES = 50 };
    struct place *p = *state;
    struct report_config config = config_for(p);
    struct report *r = report_open(&config);
    char *line = malloc(LINE + 1);
    assert_non_null(line);
    memset(line, 'x', LINE);
    memcpy(line, "{\"note\":\"", 9);
    memcpy(line + LINE - 3, "\"}\n", 4);
    for (int i = 0; i < LINES; i++)
        put(r, line);
    int before = silence();
    bool there = report_close(r);
    speak(before);
    assert_true(there);
    char *text = read_file(p->page);
    assert_non_null(strstr(text, "xx\"}\n{\"note\":\"2 more events were left out\"}\n"));
    assert_true(strlen(text) < ((size_t)LINES - 1) * LINE);
    free(text);
    free(line);
}

enum end { EXITS, IS_ENDED, LEAVES_IT_TO_A_CHILD };

/* In a process of its own, which ends without having closed its report. */
static int end_early(const struct place *p, enum end how)
{
    static struct report *unfinished;
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct report_config config = config_for(p);
        unfinished = report_open(&config);
        put(unfinished, "{\"at\":1}\n");
        if (how == IS_ENDED)
            (void)raise(SIGTERM);
        if (how == LEAVES_IT_TO_A_CHILD && fork() > 0) {
            wait(&status);
            _exit((int)files_in(p->top));
        }
        exit(files_in(p->top) == 1 ? 7 : 8);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void remove_all(const char *directory)
{
    char path[512];
    DIR *d = opendir(directory);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        (void)unlink(path);
    }
    closedir(d);
}

/* What was begun goes with the process that began it, and with no other. */
static void test_program_ends(void **state)
{
    struct place *p = *state;
    int status = end_early(p, EXITS);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(files_in(p->top), 0);
    status = end_early(p, IS_ENDED);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(files_in(p->top), 0);
    status = end_early(p, LEAVES_IT_TO_A_CHILD);
    assert_int_equal(WEXITSTATUS(status), 1);
    remove_all(p->top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_page_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_header_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_language_of_the_locale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_program_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
