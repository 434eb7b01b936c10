/* trace_read.c - a capture, packet by packet, by libpcap. See trace.h. */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/trace.h"

static const char *name_of(const struct trace_options *o)
{
    return strcmp(o->file, "-") == 0 ? "stdin" : o->file;
}

static int fail(const struct trace_options *o, const char *why)
{
    fprintf(stderr, "aksu trace: %s: %s\n", name_of(o), why);
    return CLI_USAGE;
}

/* libpcap's words for a file that it does not know say nothing about what to do. */
static int fail_format(const struct trace_options *o, FILE *file, const char *words)
{
    unsigned char magic[4] = { 0 };
    size_t got = 0;

    if (ferror(file))
        return fail(o, words);
    if (fseek(file, 0, SEEK_SET) == 0)
        got = fread(magic, 1, sizeof magic, file);
    if (got == 0 && feof(file))
        return fail(o, "there is nothing in it; tcpdump -w FILE writes a capture");
    if ((magic[0] == 0x1f && magic[1] == 0x8b) || memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
        return fail(o, magic[0] == 0x1f ? "it is compressed; try: gzip -dc FILE | aksu trace -"
                                        : "it is compressed; try: zstd -dc FILE | aksu trace -");
    fprintf(stderr, "aksu trace: %s: it is not a capture in pcap or pcapng format (%s); "
            "tcpdump -w FILE and aksu run --capture FILE write one\n", name_of(o), words);
    return CLI_USAGE;
}

static int fail_link(const struct trace_options *o, int link)
{
    const char *name = pcap_datalink_val_to_name(link);

    fprintf(stderr, "aksu trace: %s: its link type is %d (%s); only Ethernet, Linux cooked, raw IP "
            "and loopback captures are understood\n", name_of(o), link, name ? name : "unknown");
    return CLI_USAGE;
}

/* False: a sentence was written. */
static bool set_filter(const struct trace_options *o, pcap_t *p)
{
    struct bpf_program program;

    if (o->filter == NULL)
        return true;
    if (pcap_compile(p, &program, o->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        fprintf(stderr, "aksu trace: --filter '%s': %s (man pcap-filter)\n", o->filter,
                pcap_geterr(p));
        return false;
    }
    int status = pcap_setfilter(p, &program);
    pcap_freecode(&program);
    if (status != 0)
        fprintf(stderr, "aksu trace: --filter '%s': %s\n", o->filter, pcap_geterr(p));
    return status == 0;
}

/* Time since the first packet. A clock that was set back stands still here. */
static aksu_time since(const struct pcap_pkthdr *first, const struct pcap_pkthdr *h,
                       aksu_time last)
{
    int64_t seconds = (int64_t)((uint64_t)h->ts.tv_sec - (uint64_t)first->ts.tv_sec);
    int64_t ns = (int64_t)h->ts.tv_usec - (int64_t)first->ts.tv_usec;

    if (seconds < 0 || seconds > INT32_MAX)
        return last;
    int64_t at = seconds * 1000000000 + ns;
    return at > 0 && (aksu_time)at > last ? (aksu_time)at : last;
}

/* The status of the last pcap_next_ex(). */
static int read_packets(pcap_t *p, struct tracker *t, struct trace_show *show)
{
    struct trace_packet packet = { .link = pcap_datalink(p) };
    struct pcap_pkthdr *h, first;
    const u_char *data;
    int status = pcap_next_ex(p, &h, &data);

    if (status != 1)
        return status;
    first = *h;
    trace_show_start(show, (uint64_t)first.ts.tv_sec, (uint32_t)first.ts.tv_usec);
    do {
        packet.at = since(&first, h, packet.at);
        packet.data = data;
        packet.captured = h->caplen;
        packet.length = h->len;
        tracker_packet(t, &packet);
    } while ((status = pcap_next_ex(p, &h, &data)) == 1);
    return status;
}

/* Nothing to show is no failure, but rarely what was wanted. */
static void say_empty(const struct trace_options *o, const struct tracker *t, bool ethernet)
{
    const char *name = name_of(o);

    if (t->packets == 0 && o->filter != NULL) {
        fprintf(stderr, "aksu trace: %s: no packet matches --filter '%s'", name, o->filter);
        if (ethernet && strstr(o->filter, "vlan") == NULL)   /* pcap-filter(7): say so */
            fprintf(stderr, "; if its frames have VLAN tags: 'vlan and (%s)'", o->filter);
        putc('\n', stderr);
    } else if (t->packets == 0)
        fprintf(stderr, "aksu trace: %s: there are no packets in it\n", name);
    else if (t->begun == 0 && t->count[TRACE_CUT] > 0)
        fprintf(stderr, "aksu trace: %s: each packet was cut before the end of its TCP header; "
                "tcpdump -s 128 captures more of it\n", name);
    else if (t->begun == 0)
        fprintf(stderr, "aksu trace: %s: there are packets, but no TCP segments\n", name);
}

static int read_all(const struct trace_options *o, pcap_t *p, struct tracker *t,
                    struct trace_show *show)
{
    if (!trace_link_known(pcap_datalink(p)))
        return fail_link(o, pcap_datalink(p));
    if (!set_filter(o, p) || !trace_show_open(show))
        return CLI_USAGE;
    int status = read_packets(p, t, show);
    tracker_finish(t);
    trace_show_finish(show, t);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("aksu trace: stdout");
        return CLI_USAGE;
    }
    if (status != PCAP_ERROR) {
        say_empty(o, t, pcap_datalink(p) == DLT_EN10MB);
        return 0;
    }
    fprintf(stderr, "aksu trace: %s: after %" PRIu64 " packet%s it cannot be read on: %s\n",
            name_of(o), t->packets, t->packets == 1 ? "" : "s", pcap_geterr(p));
    if (strstr(pcap_geterr(p), "different from the type of the first interface") != NULL)
        fputs("aksu trace: libpcap reads one link type only; capture such interfaces into a file "
              "each\n", stderr);
    return TRACE_INCOMPLETE;
}

int trace_read(const struct trace_options *o, struct tracker *t, struct trace_show *show)
{
    bool is_stdin = strcmp(o->file, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(o->file, "rbe");
    char words[PCAP_ERRBUF_SIZE] = "";

    if (file == NULL)
        return fail(o, strerror(errno));
    pcap_t *p = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, words);
    if (p == NULL) {
        int status = fail_format(o, file, words);
        if (!is_stdin)
            fclose(file);
        return status;
    }
    int status = read_all(o, p, t, show);
    pcap_close(p);                                  /* closes the file */
    return status;
}
