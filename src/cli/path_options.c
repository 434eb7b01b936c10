/* path_options.c - reads times, rates, chances and sizes with their units, without floating point.
 * See path_options.h. */
#include "cli/path_options.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

struct unit {
    const char *name;
    uint64_t times;
};
static const struct unit times[] = { { "ms", 1000000 }, { "s", 1000000000 }, { "us", 1000 },
                                     { NULL, 0 } };
static const struct unit rates[] = { { "mbit", 1000000 }, { "gbit", 1000000000 },
                                     { "kbit", 1000 }, { "bit", 1 }, { NULL, 0 } };
static const struct unit sizes[] = { { "", 1 }, { "k", 1024 }, { "m", 1 << 20 }, { NULL, 0 } };
static const struct unit shares[] = { { "%", 1000000000 }, { NULL, 0 } };

/* A sort of value: how it is written, and from where to where it may be. */
struct sort {
    const struct unit *units;
    uint64_t least, most;
    const char *example, *range;
};
static const struct sort a_time = { times, 0, AKSU_SECONDS(100), "a time such as 50ms or 0.2s",
                                    "at most 100s" };
static const struct sort a_moment = { times, 0, AKSU_SECONDS(1000000),
                                      "two times such as 3s+8s", "less than 1000000s" };
static const struct sort a_rate = { rates, 1000, 1000000000000,
                                    "a rate such as 20mbit or 1.5gbit",
                                    "from 1kbit to 1000gbit" };
static const struct sort a_size = { sizes, 1500, 1 << 30, "octets such as 65536 or 64k",
                                    "from 1500 to 1024m" };
static const struct sort a_share = { shares, 0, 100000000000, "a share such as 1% or .1%",
                                     "at most 100%" };

static bool refuse(const char *command, const char *option, const char *example, const char *value)
{
    fprintf(stderr, "aksu %s: %s takes %s, not '%s'\n", command, option, example, value);
    return false;
}

/* Digits with a point among them, as a whole number and 10^-9ths; where they end, or NULL. */
static const char *read_decimal(const char *text, uint64_t *whole, uint64_t *fraction)
{
    const char *start = text;
    uint64_t place = 100000000;

    *whole = *fraction = 0;
    for (; isdigit((unsigned char)*text) && *whole < 10000000000; text++)
        *whole = *whole * 10 + (uint64_t)(*text - '0');
    if (*text == '.') {
        start++;
        for (text++; isdigit((unsigned char)*text) && place > 0; text++, place /= 10)
            *fraction += (uint64_t)(*text - '0') * place;
    }
    return text > start && !isdigit((unsigned char)*text) ? text : NULL;
}

static const struct unit *find_unit(const struct unit *units, const char *text, size_t length)
{
    for (; units->name; units++) {
        if (strlen(units->name) == length && strncmp(units->name, text, length) == 0)
            return units;
    }
    return NULL;
}

/* The value in the smallest unit of its sort, up to `end` (NULL: the end of the text). 0: it is not
 * of that sort; 1: it is out of range; 2: good. */
static int read_value(const struct sort *sort, const char *text, const char *end, uint64_t *out)
{
    uint64_t whole, fraction;
    const char *unit = read_decimal(text, &whole, &fraction);

    if (!unit || (end && unit > end))
        return 0;
    const struct unit *u = find_unit(sort->units, unit, end ? (size_t)(end - unit) : strlen(unit));
    if (!u)
        return 0;
    if (whole > sort->most / u->times)
        return 1;
    *out = whole * u->times + fraction * u->times / 1000000000;
    return *out >= sort->least && *out <= sort->most ? 2 : 1;
}

static bool take(const char *command, const char *option, const struct sort *sort,
                 const char *value, const char *end, uint64_t *out)
{
    switch (read_value(sort, value, end, out)) {
    case 2:
        return true;
    case 1:
        fprintf(stderr, "aksu %s: %s %s: it must be %s\n", command, option, value, sort->range);
        return false;
    default:
        return refuse(command, option, sort->example, value);
    }
}

/* 10^-9 per cent: 2^32 / 10^11 is 2^21 / 5^11. */
static bool take_share(const char *command, const char *option, const char *value,
                       const char *end, uint64_t *out)
{
    uint64_t nano;

    if (!take(command, option, &a_share, value, end, &nano))
        return false;
    *out = nano * (1 << 21) / 48828125;
    return true;
}

static bool take_bursts(struct run_path *p, const char *command, const char *value)
{
    const char *comma = strchr(value, ',');

    if (!comma)
        return refuse(command, "--bursts", "a share and a length, such as 1%,5 for bursts of 5 "
                      "frames", value);
    return take_share(command, "--bursts", value, comma, &p->burst_loss)
           && cli_number(command, "the length of --bursts", comma + 1, 1, 100000,
                         &p->burst_length);
}

static bool take_reorder(struct run_path *p, const char *command, const char *value)
{
    const char *comma = strchr(value, ',');

    p->reorder_by = AKSU_MS(2);
    return take_share(command, "--reorder", value, comma, &p->reorder)
           && (!comma || take(command, "--reorder", &a_time, comma + 1, NULL, &p->reorder_by));
}

static bool take_cut(struct run_path *p, const char *command, const char *value)
{
    const char *plus = strchr(value, '+');
    uint64_t from, length;

    if (p->cuts == RUN_CUTS) {
        fprintf(stderr, "aksu %s: --cut was given more than %d times\n", command, RUN_CUTS);
        return false;
    }
    if (!plus)
        return refuse(command, "--cut", "two times such as 3s+8s (from the third second on, for "
                      "eight seconds)", value);
    if (!take(command, "--cut", &a_moment, value, plus, &from)
        || !take(command, "--cut", &a_moment, plus + 1, NULL, &length))
        return false;
    p->cut[p->cuts++] = (struct aksu_path_cut){ from, from + length };
    return true;
}

bool cli_path_has(int option)
{
    return option >= CLI_DELAY && option <= CLI_CUT;
}

bool cli_path_take(struct run_path *p, const char *command, int option, const char *value)
{
    p->wanted = true;
    switch (option) {
    case CLI_DELAY:
        return take(command, "--delay", &a_time, value, NULL, &p->delay);
    case CLI_JITTER:
        return take(command, "--jitter", &a_time, value, NULL, &p->jitter);
    case CLI_RATE:
        return take(command, "--rate", &a_rate, value, NULL, &p->rate);
    case CLI_QUEUE:
        return take(command, "--queue", &a_size, value, NULL, &p->queue);
    case CLI_LOSS:
        return take_share(command, "--loss", value, NULL, &p->loss);
    case CLI_BURSTS:
        return take_bursts(p, command, value);
    case CLI_REORDER:
        return take_reorder(p, command, value);
    case CLI_DUPLICATE:
        return take_share(command, "--duplicate", value, NULL, &p->duplicate);
    case CLI_CORRUPT:
        return take_share(command, "--corrupt", value, NULL, &p->corrupt);
    case CLI_MARK:
        return take_share(command, "--mark", value, NULL, &p->mark);
    case CLI_CUT:
        return take_cut(p, command, value);
    default:
        p->codel = true;
        return true;
    }
}

bool cli_path_fit(const struct run_path *p, const char *command)
{
    if (p->jitter > p->delay) {
        fprintf(stderr, "aksu %s: --jitter must not be more than --delay, or frames would arrive "
                        "before they are sent: give a --delay of %" PRIu64 "us or more\n", command,
                (p->jitter + 999) / 1000);
        return false;
    }
    if (p->rate == 0 && (p->queue > 0 || p->codel)) {
        fprintf(stderr, "aksu %s: %s is about the queue of a rate: add one, such as --rate "
                        "20mbit\n", command, p->codel ? "--codel" : "--queue");
        return false;
    }
    return true;
}

void cli_path_usage(FILE *out)
{
    fputs("\n"
          "On a bad network, in both directions, with a summary at the end:\n"
          "  --delay T        each way, such as 50ms: round trips are twice that\n"
          "  --jitter T       of the delay, more or less: frames may overtake others\n"
          "  --rate R         such as 20mbit; kbit, mbit and gbit are known\n"
          "  --queue OCTETS   that may wait for the rate [the rate times twice the delay,\n"
          "                   or times 50 ms when that is more]\n"
          "  --codel          that queue drops, or marks, by RFC 8289; asks for ECN\n"
          "  --loss P         frames that are lost, such as 1% or .1%\n"
          "  --bursts P,N     frames that are lost in bursts of N on average\n"
          "  --reorder P[,T]  frames that come later by T [2ms] than their turn is\n"
          "  --duplicate P    frames that come twice\n"
          "  --corrupt P      frames of which one bit changes\n"
          "  --mark P         frames that get a congestion mark; asks for ECN, without\n"
          "                   which none can be marked\n"
          "  --cut T+T        nothing passes: 3s+8s is from second 3 on, for 8; may be\n"
          "                   repeated\n"
          "  --seed N         hits the same frames again\n", out);
}
