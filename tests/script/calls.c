/* calls.c - the user of the connection: calls with their answers, and what a script may ask
 * about it. */
#include "tests/script/script.h"

#include <string.h>

static uint8_t buffer[1u << 20];

static void answered(int line, const char *name, ptrdiff_t answer)
{
    w.call_pending = true;
    w.call_answer = answer;
    w.call_line = line;
    snprintf(w.call_name, sizeof w.call_name, "%s", name);
    if (answer < 0)
        history_add(" = %s: %s", name, aksu_status_text((enum aksu_status)-answer));
    else
        history_add(" = %s: %td", name, answer);
}

void script_call(int line, const char *name, enum aksu_status status)
{
    answered(line, name, -(ptrdiff_t)status);
}

void script_open(int line, bool active)
{
    world_settle(line);
    struct tcp_tuple tuple = w.tuple;
    if (!active) {
        tuple.remote_ip = (struct aksu_ip){ { 0 } };
        tuple.remote_port = 0;
    }
    w.last_in_rst = false;
    enum aksu_status status = active ? tcp_open_active(&w.tcp, &tuple, w.now)
                                     : tcp_open_passive(&w.tcp, &tuple, w.now);
    script_call(line, active ? "OPEN active" : "OPEN passive", status);
}

void script_send(int line, uint32_t n, unsigned flags)
{
    world_settle(line);
    if (n > sizeof buffer)
        script_fail(line, "SEND of more than %zu octets", sizeof buffer);
    for (uint32_t i = 0; i < n; i++)
        buffer[i] = pattern(w.sent_text + i);
    w.last_in_rst = false;
    ptrdiff_t took = tcp_send(&w.tcp, buffer, n, flags, w.now);
    if (took > (ptrdiff_t)n)
        script_fail(line, "SEND took %td of %u octets", took, n);
    if (took > 0)
        w.sent_text += (uint32_t)took;
    answered(line, "SEND", took);
}

/* `room` for octets, of which n must come when the answer is a count. */
void script_receive(int line, uint32_t room, uint32_t n)
{
    world_settle(line);
    if (room > sizeof buffer)
        script_fail(line, "RECEIVE of more than %zu octets", sizeof buffer);
    memset(buffer, 0xee, room);
    ptrdiff_t got = tcp_receive(&w.tcp, buffer, room, w.now);
    answered(line, "RECEIVE", got);
    if (got > (ptrdiff_t)room || (got >= 0 && (uint32_t)got > n))
        script_fail(line, "RECEIVE gave %td octets, expected %u", got, n);
    for (ptrdiff_t i = 0; i < got; i++)
        if (buffer[i] != pattern(w.read_text + (uint32_t)i))
            script_fail(line, "octet %u of the peer's stream is %02x, not %02x",
                        w.read_text + (uint32_t)i, buffer[i], pattern(w.read_text + (uint32_t)i));
    if (got > 0)
        w.read_text += (uint32_t)got;
    if (got > 0 && (uint32_t)got < n)
        script_fail(line, "RECEIVE gave %td octets, expected %u", got, n);
}

void script_expect(int line, ptrdiff_t answer)
{
    if (!w.call_pending)
        script_fail(line, "no call to expect something of");
    w.call_pending = false;
    if (w.call_answer == answer)
        return;
    char want[80], got[80];
    snprintf(want, sizeof want, "%td", answer);
    snprintf(got, sizeof got, "%td", w.call_answer);
    script_fail(line, "%s answered \"%s\", expected \"%s\"", w.call_name,
                w.call_answer < 0 ? aksu_status_text((enum aksu_status)-w.call_answer) : got,
                answer < 0 ? aksu_status_text((enum aksu_status)-answer) : want);
}

void script_expect_either(int line, enum aksu_status a, enum aksu_status b)
{
    script_expect(line, w.call_answer == -(ptrdiff_t)b ? -(ptrdiff_t)b : -(ptrdiff_t)a);
}

struct aksu_info script_status(void)
{
    struct aksu_info info;
    memset(&info, 0, sizeof info);
    (void)tcp_status(&w.tcp, &info);
    return info;
}

void script_state(int line, uint32_t allowed)
{
    world_settle(line);
    char want[100] = "";
    for (unsigned i = 0; i < AKSU_TCP_STATE_COUNT; i++)
        if (allowed & 1u << i) {
            size_t n = strlen(want);
            snprintf(want + n, sizeof want - n, "%s%s", n ? " or " : "",
                     aksu_tcp_state_name((enum aksu_tcp_state)i));
        }
    if (!(allowed & 1u << w.tcp.state))
        script_fail(line, "the state is %s, expected %s",
                    aksu_tcp_state_name((enum aksu_tcp_state)w.tcp.state), want);
}

void script_dropped(int line, const char *rule)
{
    if (rule[0] ? !strstr(w.rule, rule) : w.rule[0] != 0)
        script_fail(line, "the last segment was %s%s, expected %s%s",
                    w.rule[0] ? "dropped by " : "accepted", w.rule,
                    rule[0] ? "a drop by " : "that it is accepted", rule);
}

void script_ready(int line, uint32_t bits, uint32_t mask)
{
    world_settle(line);
    uint32_t got = w.tcp.notify;
    w.tcp.notify = 0;
    if ((got & mask) != bits)
        script_fail(line, "ready are bits %u, expected %u of %u", got, bits, mask);
}

void script_reason(int line, enum aksu_status status)
{
    if (w.tcp.reason != status)
        script_fail(line, "the reason is \"%s\", expected \"%s\"",
                    aksu_status_text((enum aksu_status)w.tcp.reason), aksu_status_text(status));
}

uint64_t script_events(enum aksu_event_kind kind)
{
    return w.events.count[kind];
}

void script_check(int line, bool ok, const char *what)
{
    if (!ok)
        script_fail(line, "not true: %s", what);
}

void script_check_eq(int line, uint64_t a, uint64_t b, const char *what)
{
    if (a != b)
        script_fail(line, "not true: %s (%llu, %llu)", what, (unsigned long long)a,
                    (unsigned long long)b);
}
