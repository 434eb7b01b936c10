/* soak.c - random networks, seed after seed, until so many segments were simulated, on all cores. A
 * seed that fails is printed as the command that runs it again, also when the job died of it: each
 * job says in shared memory what it is about to run. Called by main.c for --soak. */
#include <stdio.h>
#include <sys/mman.h>
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

struct job {
    pid_t pid;
    bool running;               /* `seed`; at the end of the job no more */
    uint64_t seed;
};

/* Every `jobs`th seed. The number of those that failed. */
static uint64_t one_job(struct job *self, unsigned job, unsigned jobs, uint64_t segments,
                        uint64_t seed)
{
    const struct sim_test *test = sim_find("random_network");
    uint64_t seeds = 0, failed = 0, said = 0;
    for (seed += job; net_segments < segments; seed += jobs, seeds++) {
        self->seed = seed;
        self->running = true;
        if (!sim_run(test, seed)) {
            printf("failed: %s\n", sim_again);
            fflush(stdout);
            failed++;
        }
        if (net_segments / SAY_EVERY > said) {
            said = net_segments / SAY_EVERY;
            say(job, seeds + 1, failed);
        }
    }
    self->running = false;
    say(job, seeds, failed);
    return failed;
}

static void say_death(const struct job *all, unsigned jobs, pid_t pid, int status)
{
    for (unsigned job = 0; job < jobs; job++) {
        if (all[job].pid != pid || !all[job].running)
            continue;
        sim_name_run(sim_find("random_network"), all[job].seed);
        printf("failed: job %u died of %s %d: %s\n", job,
               WIFSIGNALED(status) ? "signal" : "exit status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), sim_again);
    }
}

int soak(uint64_t segments, uint64_t seed, unsigned jobs)
{
    unsigned failed = 0;
    struct job *all = mmap(NULL, JOBS_MOST * sizeof *all, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        perror("soak: no shared memory");
        return 1;
    }
    jobs = jobs < JOBS_MOST ? jobs : JOBS_MOST;
    fflush(stdout);
    for (unsigned job = 0; job < jobs; job++) {
        pid_t child = fork();
        if (child == 0) {
            uint64_t bad = one_job(&all[job], job, jobs, (segments + jobs - 1) / jobs, seed);
            fflush(stdout);
            _exit(bad > 0);
        }
        all[job].pid = child;
        failed += child < 0;
    }
    int status;
    for (pid_t pid; (pid = wait(&status)) > 0;) {
        failed += status != 0;
        say_death(all, jobs, pid, status);
    }
    printf("%s: %llu segments in %u jobs\n", failed == 0 ? "ok" : "FAIL",
           (unsigned long long)segments, jobs);
    return failed > 0;
}
