/* soak.c - random networks, seed after seed, until so many segments were simulated, on all cores. A
 * seed that fails is printed as the command that runs it again. Called by main.c for --soak. */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/net.h"

enum { JOBS_MOST = 64 };
static const uint64_t SAY_EVERY = 50000000;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say(unsigned job, uint64_t seeds, uint64_t failed)
{
    printf("job %u: %llu million segments, %llu seeds, %llu failed, %.0f s of CPU\n", job,
           (unsigned long long)(net_segments / 1000000), (unsigned long long)seeds,
           (unsigned long long)failed, cpu_seconds());
    fflush(stdout);
}

/* Every `jobs`th seed. The number of those that failed. */
static uint64_t one_job(unsigned job, unsigned jobs, uint64_t segments, uint64_t seed)
{
    const struct sim_test *test = sim_find("random_network");
    uint64_t seeds = 0, failed = 0, said = 0;
    for (seed += job; net_segments < segments; seed += jobs, seeds++) {
        if (!sim_run(test, seed)) {
            printf("failed: %s\n", sim_again);
            failed++;
        }
        if (net_segments / SAY_EVERY > said) {
            said = net_segments / SAY_EVERY;
            say(job, seeds + 1, failed);
        }
    }
    say(job, seeds, failed);
    return failed;
}

int soak(uint64_t segments, uint64_t seed, unsigned jobs)
{
    unsigned failed = 0;
    jobs = jobs < JOBS_MOST ? jobs : JOBS_MOST;
    fflush(stdout);
    for (unsigned job = 0; job < jobs; job++) {
        pid_t child = fork();
        if (child == 0) {
            uint64_t bad = one_job(job, jobs, (segments + jobs - 1) / jobs, seed);
            fflush(stdout);
            _exit(bad > 0);
        }
        failed += child < 0;
    }
    for (int status; wait(&status) > 0;)
        failed += status != 0;
    printf("%s: %llu segments in %u jobs\n", failed == 0 ? "ok" : "FAIL",
           (unsigned long long)segments, jobs);
    return failed > 0;
}
