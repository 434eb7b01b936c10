/* progress.c - the progress line of `aksu get`. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80, LEAST_BAR = 8, MOST_BAR = 60 };
static const aksu_time INTERVAL = AKSU_MS(100);

void progress_amount(uint64_t octets, char out[PROGRESS_AMOUNT])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    size_t unit = 0;

    if (octets < 1024) {
        snprintf(out, PROGRESS_AMOUNT, "%" PRIu64 " B", octets);
        return;
    }
    while (octets >> 20 != 0) {
        octets >>= 10;
        unit++;
    }
    snprintf(out, PROGRESS_AMOUNT, "%" PRIu64 ".%" PRIu64 " %s", octets >> 10,
             (octets & 1023) * 10 >> 10, units[unit]);
}

static void write_time(uint64_t seconds, char *out, size_t size)
{
    if (seconds < 3600)
        snprintf(out, size, "%" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
    else if (seconds < 360000)
        snprintf(out, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
                 seconds / 60 % 60, seconds % 60);
    else
        snprintf(out, size, "days");
}

static unsigned percent(const struct progress *p, uint64_t done)
{
    return done >= p->total ? 100 : p->total >> 32 ? (unsigned)(done / (p->total / 100))
                                                   : (unsigned)(done * 100 / p->total);
}

/* "[=====>    ] " in `width` columns. */
static void write_bar(char *out, unsigned width, unsigned part)
{
    unsigned inner = width - 3, full = inner * part / 100;

    out[0] = '[';
    memset(out + 1, ' ', inner);
    memset(out + 1, '=', full);
    if (full < inner)
        out[1 + full] = '>';
    memcpy(out + 1 + inner, "] ", 3);
}

unsigned progress_line(const struct progress *p, uint64_t done, aksu_time now, unsigned columns,
                       char out[PROGRESS_LINE])
{
    char amount[PROGRESS_AMOUNT], rate[PROGRESS_AMOUNT], time[16], bar[MOST_BAR + 1] = "";
    char part[8] = "", tail[64];
    bool over = p->total > 0 && done >= p->total;
    uint64_t seconds = (now - p->started) / AKSU_SECONDS(1);

    if (p->total > 0 && !over)
        seconds = p->rate > 0 ? (p->total - done) / p->rate : 360000;
    progress_amount(done, amount);
    progress_amount(p->rate, rate);
    write_time(seconds, time, sizeof time);
    if (p->total > 0)
        snprintf(part, sizeof part, "%3u%% ", percent(p, done));
    int length = snprintf(tail, sizeof tail, "%10s %10s/s %7s %s", amount, rate, time,
                          p->total > 0 && !over ? "left" : "");
    unsigned room = columns > 0 ? columns - 1 : 0, used = (unsigned)length + (unsigned)strlen(part);
    if (p->total > 0 && room >= used + LEAST_BAR)
        write_bar(bar, room - used < MOST_BAR ? room - used : MOST_BAR, percent(p, done));
    if (room < used)
        snprintf(tail, sizeof tail, "%s", amount);
    if (room < strlen(part) + strlen(tail))
        tail[0] = '\0';
    if (room >= PROGRESS_LINE)
        room = PROGRESS_LINE - 1;
    length = snprintf(out, room + 1, "%s%s%s", part, bar, tail);
    return (unsigned)length < room ? (unsigned)length : room;
}

void progress_begin(struct progress *p, uint64_t total, int output, aksu_time now)
{
    *p = (struct progress){ .total = total, .started = now, .drawn_at = now };
    p->shown = isatty(STDERR_FILENO) && !isatty(output);
}

static void draw(struct progress *p, uint64_t done, aksu_time now)
{
    char line[PROGRESS_LINE];
    struct winsize size = { .ws_col = 0 };

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        size.ws_col = COLUMNS;
    unsigned width = progress_line(p, done, now, size.ws_col, line);
    unsigned blank = p->width > width && p->width < size.ws_col ? p->width - width : 0;
    fprintf(stderr, "\r%s%*s", line, (int)blank, "");
    fflush(stderr);
    p->drawn = true;
    p->width = width;
}

/* Octets per second since `from`. */
static uint64_t rate_of(uint64_t octets, aksu_time from, aksu_time now)
{
    uint64_t us = (now - from) / AKSU_US(1);

    if (us == 0)
        return 0;
    return octets < UINT64_MAX / 1000000 ? octets * 1000000 / us : octets / us * 1000000;
}

aksu_time progress_show(struct progress *p, uint64_t done, aksu_time now)
{
    if (!p->shown)
        return AKSU_NEVER;
    if (now < p->drawn_at + INTERVAL)
        return p->drawn_at + INTERVAL;
    uint64_t rate = rate_of(done - p->last, p->drawn_at, now);
    p->rate = p->rate > 0 ? p->rate - p->rate / 8 + rate / 8 : rate;
    p->last = done;
    p->drawn_at = now;
    draw(p, done, now);
    return now + INTERVAL;
}

void progress_end(struct progress *p, uint64_t done, aksu_time now)
{
    p->shown = false;
    if (!p->drawn)
        return;
    p->rate = rate_of(done, p->started, now);
    draw(p, done, now);
    fputc('\n', stderr);
    p->drawn = false;
}
