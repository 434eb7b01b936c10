/* explore.c - aksu explore: every run that two stacks can have over a bad network, within bounds
 * (aksu/explore.h). */
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aksu/explore.h"
#include "aksu/sink.h"
#include "cli/cli.h"

enum { SCENARIO = 256, OCTETS, LOSSES, DUPLICATES, TIMEOUTS, DEPTH, STATES, SEED, JSON, LIST,
       MOST = 15, SLICE = 100000, VIOLATED = 1, NOT_ALL = 2 };

struct explore {
    uint64_t octets, losses, duplicates, timeouts, depth, states, seed;
    bool wanted[AKSU_EXPLORE_SCENARIOS], some, json;
};

static const struct option options[] = {
    { "scenario", required_argument, NULL, SCENARIO },
    { "octets", required_argument, NULL, OCTETS },
    { "losses", required_argument, NULL, LOSSES },
    { "duplicates", required_argument, NULL, DUPLICATES },
    { "timeouts", required_argument, NULL, TIMEOUTS },
    { "depth", required_argument, NULL, DEPTH },
    { "states", required_argument, NULL, STATES },
    { "seed", required_argument, NULL, SEED },
    { "json", no_argument, NULL, JSON },
    { "list", no_argument, NULL, LIST },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu explore [OPTIONS]\n"
          "\n"
          "Lets two stacks connect, transfer a few octets and close, in every way there is:\n"
          "frames arrive in any order, are lost, arrive twice, are held back while timers\n"
          "run out. In each state that can come is checked what must always hold. Of a\n"
          "violation the shortest way to it is drawn.\n"
          "\n"
          "  --scenario NAME  this one, may be repeated [each one]; --list tells them\n"
          "  --octets N       that each end sends, one in each segment, 0..8 [1]\n"
          "  --losses N       of one run at most, 0..15 [1]\n"
          "  --duplicates N   frames that arrive twice, 0..15 [1]\n"
          "  --timeouts N     timers that run out while a frame is under way, 0..15 [0]\n"
          "  --depth N        steps from the start; then all arrives [no bound]\n"
          "  --states N       of one scenario, then stop [10000000]\n"
          "  --seed N         other initial sequence numbers\n"
          "  --json           a line of JSON for each scenario\n"
          "  --list           the scenarios\n"
          "  -h, --help       this\n"
          "\n"
          "Exit status: 0 all was looked at and nothing is wrong, 1 a violation, 2 nothing\n"
          "is wrong up to --states, 125 aksu explore failed.\n"
          "Example: aksu explore --scenario close --losses 2 --timeouts 1\n", out);
}

static int list(void)
{
    for (int i = 0; i < AKSU_EXPLORE_SCENARIOS; i++)
        printf("%-19s %s\n", aksu_explore_name((enum aksu_explore_scenario)i),
               aksu_explore_sentence((enum aksu_explore_scenario)i));
    return cli_printed("explore");
}

static bool take_scenario(struct explore *e, const char *word)
{
    const char *names[AKSU_EXPLORE_SCENARIOS + 1] = { NULL };
    for (int i = 0; i < AKSU_EXPLORE_SCENARIOS; i++) {
        names[i] = aksu_explore_name((enum aksu_explore_scenario)i);
        if (strcmp(word, names[i]) == 0)
            return e->wanted[i] = e->some = true;
    }
    const char *nearest = cli_nearest(word, names);
    fprintf(stderr, "aksu explore: there is no scenario '%s'; ", word);
    if (nearest)
        fprintf(stderr, "did you mean '%s'?\n", nearest);
    else
        fputs("--list tells them\n", stderr);
    return false;
}

static bool take_option(struct explore *e, int option)
{
    switch (option) {
    case SCENARIO:
        return take_scenario(e, optarg);
    case OCTETS:
        return cli_number("explore", "--octets", optarg, 0, AKSU_EXPLORE_OCTETS_MOST, &e->octets);
    case LOSSES:
        return cli_number("explore", "--losses", optarg, 0, MOST, &e->losses);
    case DUPLICATES:
        return cli_number("explore", "--duplicates", optarg, 0, MOST, &e->duplicates);
    case TIMEOUTS:
        return cli_number("explore", "--timeouts", optarg, 0, MOST, &e->timeouts);
    case DEPTH:
        return cli_number("explore", "--depth", optarg, 1, 1000000, &e->depth);
    case STATES:
        return cli_number("explore", "--states", optarg, 1, AKSU_EXPLORE_STATES_MOST, &e->states);
    case SEED:
        return cli_number("explore", "--seed", optarg, 0, UINT64_MAX, &e->seed);
    default:
        return e->json = true;
    }
}

/* --- what is said --- */

static const char *result_of(enum aksu_explore_state state)
{
    switch (state) {
    case AKSU_EXPLORE_EXHAUSTED:
        return "exhausted";
    case AKSU_EXPLORE_VIOLATION:
        return "violation";
    case AKSU_EXPLORE_RUNNING: case AKSU_EXPLORE_BOUND: case AKSU_EXPLORE_NO_MEMORY:
        return "bound";
    }
    return "bound";
}

static void say_json(const struct explore *e, const struct aksu_explore_config *c,
                     enum aksu_explore_state state, const struct aksu_explore *x, uint64_t ms)
{
    struct aksu_explore_counts n;
    aksu_explore_counts(x, &n);
    printf("{\"scenario\":\"%s\",\"octets\":%u,\"losses\":%u,\"duplicates\":%u,\"timeouts\":%u,"
           "\"depth_most\":%u,\"seed\":%" PRIu64 ",\"result\":\"%s\",\"states\":%" PRIu64
           ",\"edges\":%" PRIu64 ",\"ends\":%" PRIu64 ",\"depth\":%u,\"stack_states\":%u,"
           "\"calls\":%" PRIu64 ",\"memory\":%" PRIu64 ",\"ms\":%" PRIu64,
           aksu_explore_name(c->scenario), c->octets, c->losses, c->duplicates, c->timeouts,
           c->depth, e->seed, result_of(state), n.states, n.edges, n.ends, n.depth,
           n.stack_states, n.calls, n.memory, ms);
    if (state == AKSU_EXPLORE_VIOLATION)
        printf(",\"steps\":%u,\"why\":\"%s\"", aksu_explore_steps(x), aksu_explore_why(x));
    puts("}");
}

static void write_text(void *context, const char *text, size_t length)
{
    (void)context;
    (void)fwrite(text, 1, length, stdout);
}

static void draw(struct aksu_explore *x)
{
    void *memory = malloc(AKSU_LADDER_MEMORY);
    if (memory == NULL)
        return;
    (void)setlocale(LC_CTYPE, "");
    struct aksu_ladder *ladder = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = { write_text, NULL }, .memory = memory, .memory_length = AKSU_LADDER_MEMORY,
        .fold = UINT32_MAX, .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, .at_end = true });
    struct aksu_sink *sink[2] = { aksu_ladder_side(ladder, 0, "a"),
                                  aksu_ladder_side(ladder, 1, "b") };
    aksu_explore_replay(x, sink);
    aksu_ladder_finish(ladder);
    free(memory);
}

static void say_text(const struct explore *e, const struct aksu_explore_config *c,
                     enum aksu_explore_state state, struct aksu_explore *x, uint64_t ms)
{
    struct aksu_explore_counts n;
    aksu_explore_counts(x, &n);
    printf("  %" PRIu64 " states, %" PRIu64 " steps between them, depth %u, all over in %" PRIu64
           "\n  %" PRIu64 ".%03" PRIu64 " s, %" PRIu64 " states per second, %" PRIu64 " MiB\n"
           "  %u states of one end, %" PRIu64 " steps of the code itself\n",
           n.states, n.edges, n.depth, n.ends, ms / 1000, ms % 1000,
           n.states * 1000 / (ms > 0 ? ms : 1), n.memory >> 20, n.stack_states, n.calls);
    if (state == AKSU_EXPLORE_EXHAUSTED)
        puts("  every state was looked at: nothing is wrong");
    else if (state == AKSU_EXPLORE_BOUND)
        puts("  nothing is wrong as far as --states goes; there are more");
    if (state != AKSU_EXPLORE_VIOLATION)
        return;
    printf("  wrong after %u steps, and there is no shorter way: %s\n\n", aksu_explore_steps(x),
           aksu_explore_why(x));
    draw(x);
    printf("\nAgain: aksu explore --scenario %s --octets %u --losses %u --duplicates %u "
           "--timeouts %u", aksu_explore_name(c->scenario), c->octets, c->losses, c->duplicates,
           c->timeouts);
    if (c->depth != 0)
        printf(" --depth %u", c->depth);
    printf(" --seed %" PRIu64 "\n", e->seed);
}

/* --- what is done --- */

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum aksu_explore_state look(struct aksu_explore *x, bool tell)
{
    enum aksu_explore_state state = AKSU_EXPLORE_RUNNING;
    struct aksu_explore_counts n;
    while (state == AKSU_EXPLORE_RUNNING) {
        state = aksu_explore_run(x, SLICE);
        aksu_explore_counts(x, &n);
        if (tell)
            fprintf(stderr, "\r  %" PRIu64 " states, depth %u ", n.states, n.depth);
    }
    if (tell)
        fputs("\r\033[K", stderr);
    return state;
}

/* The exit status, or -1: there is no memory. */
static int one(const struct explore *e, enum aksu_explore_scenario scenario)
{
    struct aksu_explore_config config = { .scenario = scenario, .octets = (uint32_t)e->octets,
        .losses = (uint32_t)e->losses, .duplicates = (uint32_t)e->duplicates,
        .timeouts = (uint32_t)e->timeouts, .depth = (uint32_t)e->depth, .states = e->states,
        .seed = e->seed };
    struct aksu_explore *x = aksu_explore_new(&config);
    uint64_t start = clock_ms();
    if (x == NULL)
        return -1;
    if (!e->json)
        printf("%s: %s\n", aksu_explore_name(scenario), aksu_explore_sentence(scenario));
    fflush(stdout);
    enum aksu_explore_state state = look(x, !e->json && isatty(STDERR_FILENO));
    uint64_t ms = clock_ms() - start;
    int status = state == AKSU_EXPLORE_EXHAUSTED ? 0 : state == AKSU_EXPLORE_VIOLATION ? VIOLATED
               : state == AKSU_EXPLORE_NO_MEMORY ? -1 : NOT_ALL;
    if (e->json)
        say_json(e, &config, state, x, ms);
    else
        say_text(e, &config, state, x, ms);
    aksu_explore_free(x);
    return status;
}

/* A violation ends it; else every scenario has its turn. */
static int explore(const struct explore *e)
{
    int worst = 0;
    for (int i = 0; i < AKSU_EXPLORE_SCENARIOS && worst != VIOLATED; i++) {
        if (e->some && !e->wanted[i])
            continue;
        int status = one(e, (enum aksu_explore_scenario)i);
        if (status < 0) {
            fputs("aksu explore: there is no more memory; a smaller --states, or fewer losses, "
                  "duplicates and timeouts, need less\n", stderr);
            return CLI_USAGE;
        }
        worst = status == VIOLATED || status > worst ? status : worst;
    }
    if (fflush(stdout) == 0)
        return worst;
    perror("aksu explore: stdout");
    return CLI_USAGE;
}

int cli_explore(int argc, char **argv)
{
    struct explore e = { .octets = 1, .losses = 1, .duplicates = 1, .states = 10000000 };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return cli_printed("explore");
        }
        if (option == LIST)
            return list();
        if (option == '?' || option == ':')
            return cli_refuse("explore", argv, options, option);
        if (!take_option(&e, option))
            return CLI_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "aksu explore: '%s' is not an option; a scenario is given as --scenario "
                "NAME\n", argv[optind]);
        return CLI_USAGE;
    }
    return explore(&e);
}
