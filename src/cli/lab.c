/* lab.c - aksu lab: plays the scenarios of lab/, in the terminal. */
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/lab_page.h"
#include "cli/lab_step.h"
#include "report/report.h"

enum { SEED = 256, SERVE, LANG, ALL, CHECK, STEP, JSON, HTML, PAGE, LIST, KNOB, NAME_MOST = 63,
       FAILED = 1 };

static const struct option common[] = {
    { "seed", required_argument, NULL, SEED },
    { "lang", required_argument, NULL, LANG },
    { "all", no_argument, NULL, ALL },
    { "check", no_argument, NULL, CHECK },
    { "step", no_argument, NULL, STEP },
    { "json", required_argument, NULL, JSON },
    { "html", required_argument, NULL, HTML },
    { "page", no_argument, NULL, PAGE },
    { "list", no_argument, NULL, LIST },
    { "serve", no_argument, NULL, SERVE },
    { "help", no_argument, NULL, 'h' },
};

enum { COMMON = sizeof common / sizeof common[0] };

struct lab_command {
    const struct lab_scenario *scenario;
    struct lab_play play;
    enum lab_lang lang;
    uint64_t seed;
    bool all, check, step, for_one;     /* `for_one`: an option that needs a scenario */
    const char *json_path, *html_path;
    FILE *json;
    struct report *report;
    struct option option[COMMON + LAB_KNOBS + 1];
    char command[512];
};

/* --- what there is --- */

static void usage(FILE *out)
{
    fputs("Usage: aksu lab                     the scenarios\n"
          "       aksu lab NAME [OPTIONS]      plays one; NAME --help tells its knobs\n"
          "       aksu lab --all --check       plays all, and says what held\n"
          "       aksu lab --serve OPTIONS     the same for browsers: aksu lab --serve --help\n"
          "\n"
          "Each scenario is a piece of TCP's behaviour, played by real stacks on simulated\n"
          "networks: what to watch for, then the connection as a ladder with both ends'\n"
          "states, then what had to hold.\n"
          "\n"
          "  --lang en|ko     English or Korean [en]\n"
          "  --seed N         other random numbers [1]\n"
          "  --step           one thing after the other, forward and backward\n"
          "  --check          only what had to hold, a line each\n"
          "  --all            every scenario\n"
          "  --json FILE      all that happened, as JSON lines; - is stdout, without text\n"
          "  --html FILE      the same as a page to look at: ladder, states, plots, events;\n"
          "                   a file, never -\n"
          "  --page           the file that shows all of it in a browser, without a network\n"
          "  --list           the scenarios\n"
          "  -h, --help       this, and the knobs of NAME\n"
          "\n"
          "Exit status: 0 all held, 1 something did not, 125 aksu lab failed.\n"
          "Example: aksu lab handshake --delay 50\n", out);
}

/* With what can be typed next, when somebody just typed "aksu lab". */
static int list(enum lab_lang lang, bool hint)
{
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        printf("%s  %-18s %s\n", lab_scenarios[i]->id, lab_scenarios[i]->name,
               lab_say(lab_scenarios[i]->title, lang));
    if (hint)
        printf("\n%s\n", lab_say(W_list_hint, lang));
    return cli_printed("lab");
}

static int help(const struct lab_command *c)
{
    char value[32];
    usage(stdout);
    if (c->scenario != NULL && c->scenario->knob_count > 0)
        printf("\nKnobs of %s:\n", c->scenario->name);
    for (unsigned i = 0; c->scenario != NULL && i < c->scenario->knob_count; i++) {
        const struct lab_knob *k = &c->scenario->knobs[i];
        lab_knob_text(k, k->initial, value);
        if (k->unit == LAB_FLAG)
            printf("  --%-15s %s\n", k->name, lab_say(k->help, c->lang));
        else
            printf("  --%-15s %s [%s; %" PRIu64 "..%" PRIu64 "]\n", k->name,
                   lab_say(k->help, c->lang), value, k->least, k->most);
    }
    return cli_printed("lab");
}

/* How far the word is from the scenario's name, or what it begins with; a part of it is near. */
static unsigned distance_to(const char *word, const struct lab_scenario *s)
{
    const char *part = strcasestr(s->name, word);
    if (part != NULL && word[0] != '\0')
        return part == s->name ? 0 : 1;
    return cli_distance(word, s->name);
}

/* The nearest ones, at most three, the first nearest first. */
static int refuse_scenario(const char *word)
{
    enum { MOST = 3 };
    const struct lab_scenario *near[MOST] = { NULL };
    unsigned count = 0;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        const struct lab_scenario *one = lab_scenarios[i];
        for (unsigned place = 0; place < MOST; place++) {
            const struct lab_scenario *other = near[place];
            if (other != NULL && distance_to(word, one) >= distance_to(word, other))
                continue;
            near[place] = one;
            one = other;
            if (other == NULL)
                break;
        }
    }
    while (count < MOST && near[count] != NULL
           && distance_to(word, near[count]) <= distance_to(word, near[0]) + 1)
        count++;
    fprintf(stderr, "aksu lab: there is no scenario '%s'; did you mean", word);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, "%s 'aksu lab %s'", i == 0 ? "" : i + 1 < count ? "," : " or",
                near[i]->name);
    fputs("? aksu lab lists them\n", stderr);
    return CLI_USAGE;
}

/* So much like a scenario's name that it was meant to be one, and no option's value. */
static bool is_near(const char *word)
{
    enum { LEAST = 4, NEAR = 2 };
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        if (strlen(word) >= LEAST && cli_distance(word, lab_scenarios[i]->name) <= NEAR)
            return true;
    return false;
}

/* --NAME or --NAME=VALUE of any scenario's knob. */
static bool is_knob(const char *word)
{
    size_t length = strcspn(word, "=");
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        for (unsigned k = 0; k < lab_scenarios[i]->knob_count; k++) {
            const char *name = lab_scenarios[i]->knobs[k].name;
            if (length == strlen(name) + 2 && strncmp(word + 2, name, length - 2) == 0)
                return true;
        }
    return false;
}

/* --- the command line --- */

static bool take_lang(struct lab_command *c, const char *word)
{
    if (strcmp(word, "en") != 0 && strcmp(word, "ko") != 0) {
        fprintf(stderr, "aksu lab: --lang %s: the languages are en and ko\n", word);
        return false;
    }
    c->lang = strcmp(word, "ko") == 0 ? LAB_KOREAN : LAB_ENGLISH;
    return true;
}

static bool take_knob(struct lab_command *c, unsigned i)
{
    const struct lab_knob *k = &c->scenario->knobs[i];
    char name[NAME_MOST + 3];
    (void)snprintf(name, sizeof name, "--%s", k->name);
    c->play.set[i] = true;
    if (k->unit != LAB_FLAG)
        return cli_number("lab", name, optarg, k->least, k->most, &c->play.value[i]);
    c->play.value[i] = 1;
    return true;
}

static bool take_option(struct lab_command *c, int option)
{
    c->for_one |= option != LANG;
    switch (option) {
    case SEED:
        return cli_number("lab", "--seed", optarg, 0, UINT64_MAX, &c->seed);
    case LANG:
        return take_lang(c, optarg);
    case JSON:
        c->json_path = optarg;
        return strcmp(optarg, "-") == 0 || cli_file("lab", "--json", optarg);
    case HTML:
        return cli_file("lab", "--html", c->html_path = optarg);
    case ALL:
        return c->all = true;
    case CHECK:
        return c->check = true;
    case STEP:
        return c->step = true;
    default:                    /* there are knobs only with a scenario */
        return c->scenario != NULL && take_knob(c, (unsigned)(option - KNOB));
    }
}

static void make_options(struct lab_command *c)
{
    memcpy(c->option, common, sizeof common);
    for (unsigned i = 0; c->scenario != NULL && i < c->scenario->knob_count; i++) {
        const struct lab_knob *k = &c->scenario->knobs[i];
        c->option[COMMON + i] = (struct option){
            k->name, k->unit == LAB_FLAG ? no_argument : required_argument, NULL, KNOB + (int)i };
    }
}

/* What is no option: nothing, or the one scenario. -1: go on; else the exit status. */
static int take_words(const struct lab_command *c, int count, char **words)
{
    if (count > 0 && lab_find_scenario(words[0]) == NULL)
        return refuse_scenario(words[0]);
    if (count > 1 || (count == 1 && c->all)) {
        fprintf(stderr, "aksu lab: one scenario at a time; '%s' is one too many\n",
                words[count - 1]);
        return CLI_USAGE;
    }
    if (count == 1 || c->all)
        return -1;
    if (!c->for_one)
        return list(c->lang, true);
    fputs("aksu lab: which scenario? aksu lab lists them, --all plays every one\n", stderr);
    return CLI_USAGE;
}

static int refuse_serve(void)
{
    fputs("aksu lab: --serve is for all scenarios, and comes first: aksu lab --serve OPTIONS\n",
          stderr);
    return CLI_USAGE;
}

/* false: a sentence was written. */
static bool fit_together(const struct lab_command *c)
{
    const char *why = NULL;
    if (c->check && c->step)
        why = "--check is without the ladders that --step goes through; one of them";
    else if (c->all && c->step)
        why = "--step goes through one scenario; --all has more";
    else if (c->all && c->html_path != NULL)
        why = "a page of --html shows one scenario; --all has more";
    else if (c->step && (c->json_path != NULL || c->html_path != NULL))
        why = "--step writes no file; --json and --html are without it";
    if (why != NULL)
        fprintf(stderr, "aksu lab: %s\n", why);
    return why == NULL
           && cli_files_differ("lab", "--json", c->json_path, "--html", c->html_path);
}

/* Without a scenario there are no knobs: then the word that was to be one is the fault to tell. */
static int refuse_option(const struct lab_command *c, int count, char **words, int answer)
{
    for (int i = 1; c->scenario == NULL && i < count; i++)
        if (is_near(words[i]) || (i == 1 && words[i][0] != '-'))
            return refuse_scenario(words[i]);
    const char *option = words[optind - 1];
    if (answer != '?' || optopt != 0 || !is_knob(option))
        return cli_refuse("lab", words, c->option, answer);
    if (c->scenario == NULL)
        fprintf(stderr, "aksu lab: %s is a knob of some scenarios: which one? aksu lab lists "
                "them\n", option);
    else
        fprintf(stderr, "aksu lab: %s is no knob of %s (aksu lab %s --help lists its knobs)\n",
                option, c->scenario->name, c->scenario->name);
    return CLI_USAGE;
}

/* -1: go on; else the exit status. */
static int take_options(struct lab_command *c, int argc, char **argv)
{
    bool listed = false, helped = false, page = false;
    int answer;
    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":h", c->option, NULL)) != -1) {
        if (answer == 'h')
            helped = true;
        else if (answer == LIST)
            listed = true;
        else if (answer == PAGE)
            page = true;
        else if (answer == SERVE)
            return refuse_serve();
        else if (answer == '?' || answer == ':')
            return refuse_option(c, argc, argv, answer);
        else if (!take_option(c, answer))
            return CLI_USAGE;
    }
    if (helped && c->scenario == NULL && optind < argc)
        return refuse_scenario(argv[optind]);
    if (helped)
        return help(c);
    if (page)
        return lab_page_print();
    if (listed)
        return list(c->lang, false);
    if (!fit_together(c))
        return CLI_USAGE;
    return take_words(c, argc - optind, argv + optind);
}

/* The scenario may stand anywhere, and its knobs are options: so it is looked for before they are
 * read. What is no scenario is refused with the other arguments. */
static void find_scenario(struct lab_command *c, int argc, char **argv)
{
    for (int i = 1; i < argc && c->scenario == NULL; i++)
        if (argv[i][0] != '-')
            c->scenario = lab_find_scenario(argv[i]);
}

/* --- playing --- */

static void write_to(void *context, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, context);
}

/* The command that plays this again: without the names of files. */
static void say_command(struct lab_command *c, int argc, char **argv)
{
    size_t at = (size_t)snprintf(c->command, sizeof c->command, "aksu lab");
    for (int i = 1; i < argc && at < sizeof c->command; i++) {
        bool file = strncmp(argv[i], "--json", 6) == 0 || strncmp(argv[i], "--html", 6) == 0;
        if (file && strchr(argv[i], '=') == NULL)
            i++;
        else if (!file)
            at += (size_t)snprintf(c->command + at, sizeof c->command - at, " %s", argv[i]);
    }
}

/* Lines for the file of --json, the page of --html, or both. */
static void write_record(void *context, const char *text, size_t length)
{
    struct lab_command *c = context;
    if (c->json != NULL)
        write_to(c->json, text, length);
    if (c->report != NULL) {
        struct aksu_writer page = report_writer(c->report);
        page.write(page.context, text, length);
    }
}

static struct lab_result play(struct lab_command *c, const struct lab_scenario *scenario)
{
    struct lab_play p = c->play;
    if (c->all)
        lab_init_play(&p, scenario);
    p.lang = c->lang;
    p.seed = c->seed;
    p.brief = c->check;
    p.command = c->command;
    p.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 || c->lang == LAB_KOREAN;
    p.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    p.text = (struct aksu_writer){ write_to, stdout };
    if (c->json != NULL || c->report != NULL)
        p.record = (struct aksu_writer){ write_record, c };
    if (c->json == stdout)
        p.text.write = NULL;
    struct lab_result result = lab_play(&p);
    if (result.why != NULL)
        fprintf(stderr, "aksu lab: %s cannot be played: %s\n", scenario->name, result.why);
    return result;
}

static int step(const struct lab_command *c)
{
    struct lab_play p = c->play;
    p.lang = c->lang;
    p.seed = c->seed;
    p.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return lab_step(&p);
}

static bool open_files(struct lab_command *c)
{
    if (c->json_path != NULL) {
        c->json = strcmp(c->json_path, "-") == 0 ? stdout : fopen(c->json_path, "we");
        if (c->json == NULL) {
            fprintf(stderr, "aksu lab: cannot write %s: %m\n", c->json_path);
            return false;
        }
    }
    if (c->html_path == NULL)
        return true;
    c->report = report_open(&(struct report_config){
        .command = "aksu lab", .path = c->html_path, .title = c->scenario->name,
        .lang = c->lang == LAB_KOREAN ? "ko" : "en", .headed = true });
    return c->report != NULL;
}

static bool close_files(struct lab_command *c)
{
    bool bad = c->json != NULL && (ferror(c->json) || fflush(c->json) != 0);
    if (c->json != NULL && c->json != stdout)
        bad |= fclose(c->json) != 0;
    if (bad)
        fprintf(stderr, "aksu lab: cannot write %s: %m\n", c->json_path);
    return (c->report == NULL || report_close(c->report)) && !bad;
}

static int play_all(struct lab_command *c)
{
    unsigned passed = 0, failed = 0;
    bool broken = false;
    if (c->step && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return step(c);
    if (!open_files(c))
        return CLI_USAGE;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        if (!c->all && lab_scenarios[i] != c->scenario)
            continue;
        struct lab_result result = play(c, lab_scenarios[i]);
        passed += result.passed;
        failed += result.failed;
        broken |= result.why != NULL;
    }
    if (c->check)
        fprintf(c->json == stdout ? stderr : stdout, "%u passed, %u failed\n", passed, failed);
    if (!close_files(c) || broken)
        return CLI_USAGE;
    int printed = cli_printed("lab");
    if (printed != 0)
        return printed;
    return failed > 0 ? FAILED : 0;
}

int cli_lab(int argc, char **argv)
{
    struct lab_command c = { .seed = 1 };
    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return lab_page_serve(argc - 1, argv + 1);
    (void)setlocale(LC_CTYPE, "");
    find_scenario(&c, argc, argv);
    if (c.scenario != NULL)
        lab_init_play(&c.play, c.scenario);
    make_options(&c);
    int status = take_options(&c, argc, argv);
    if (status >= 0)
        return status;
    say_command(&c, argc, argv);
    return play_all(&c);
}
