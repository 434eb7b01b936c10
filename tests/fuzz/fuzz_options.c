/* fuzz_options.c - TCP options of any octets (RFC 9293 3.1 [MUST-6], 3.1 [MUST-7]): parsed, built
 * again and parsed again they say the same. */
#include <stdlib.h>
#include <string.h>

#include "wire/tcp_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
    if (!what)
        abort();
}

static void same(const struct tcp_options *a, const struct tcp_options *b, uint16_t has)
{
    must(!(has & HAS_MSS) || a->mss == b->mss);
    must(!(has & HAS_WINDOW_SCALE) || a->window_scale == b->window_scale);
    must(!(has & HAS_TIMESTAMPS) || (a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr));
    if (has & HAS_SACK) {
        must(b->sack_count <= a->sack_count);
        for (unsigned i = 0; i < b->sack_count; i++)
            must(seq_eq(a->sack[i].left, b->sack[i].left) && seq_eq(a->sack[i].right,
                                                                    b->sack[i].right));
    }
    if (has & HAS_FAST_OPEN) {
        must(a->fast_open_length == b->fast_open_length);
        must(b->fast_open_length == 0 || memcmp(a->fast_open, b->fast_open,
                                                b->fast_open_length) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t octets[64];
    struct tcp_options first, second;
    size_t length = size < 40 ? size : 40;
    uint8_t *exact = malloc(length + 1);
    if (exact == NULL)
        return 0;
    memcpy(exact, data, length);
    wire_tcp_options_parse(exact, length, &first);
    must(first.sack_count <= SACK_MOST && first.fast_open_length <= FAST_OPEN_COOKIE_MOST);

    struct writer w = writer_of(octets, sizeof octets);
    wire_tcp_options_build(&w, &first);
    must(!w.bad && writer_length(&w) <= 40 && writer_length(&w) % 4 == 0);
    must(writer_length(&w) == wire_tcp_options_length(&first));
    wire_tcp_options_parse(octets, writer_length(&w), &second);
    must(!(second.has & (HAS_FAULT | HAS_UNKNOWN)));
    must((second.has & ~first.has) == 0);
    same(&first, &second, second.has);
    free(exact);
    return 0;
}
