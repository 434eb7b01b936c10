/* standalone.c - runs a fuzz target without libFuzzer: the files that are named (a crash found
 * elsewhere, a corpus), or, with `--random N [SEED]`, N inputs that a generator makes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MOST = 1 << 16, RANDOM_MOST = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_MOST];

/* A copy of exactly that size, so that a sanitizer sees each octet beyond. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        exit(1);
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(input, 1, sizeof input, f);
    fclose(f);
    run(input, size);
    return 0;
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void run_random(unsigned long count, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;
    for (unsigned long n = 0; n < count; n++) {
        size_t size = (size_t)(next(&state) % RANDOM_MOST);
        for (size_t i = 0; i < size; i++)
            input[i] = (uint8_t)(next(&state) >> 24);
        run(input, size);
    }
    printf("%lu inputs\n", count);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--random") == 0) {
        run_random(strtoul(argv[2], NULL, 10), argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
        return 0;
    }
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= run_file(argv[i]);
    return bad;
}
