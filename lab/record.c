/* record.c - a play as a record: lines of JSON (RFC 8259). The first is {"record":1,...}; then, for
 * each act, {"act":N,...}, {"hosts":[...]} as they come, {"show":[...]} where an act chooses whose
 * connections are drawn, the events as aksu_json_init writes them (times since it began),
 * {"tcb":{...}} where a TCB differs from what was last said of it, {"tcb":null} when it cannot be
 * asked any more (its user has closed), {"moment":N} behind what happened at once, {"look":...}
 * where the scenario looks at TCBs, and at the end tables and checks. Called by play.c, the hosts
 * by host.c. */
#include "lab/inner.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048 };

static bool is_on(const struct lab *lab)
{
    return lab->play->record.write != NULL;
}

static void put(struct lab *lab, const char *text)
{
    lab->play->record.write(lab->play->record.context, text, strlen(text));
}

static void put_format(struct lab *lab, const char *format, ...)
{
    char line[LINE];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    put(lab, line);
}

/* Our own words, and a command line: no control characters. */
static void put_inside(struct lab *lab, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put(lab, "\\");
        if ((unsigned char)*text >= ' ')
            lab->play->record.write(lab->play->record.context, text, 1);
    }
}

static void put_string(struct lab *lab, const char *text)
{
    put(lab, "\"");
    put_inside(lab, text);
    put(lab, "\"");
}

static void put_words(struct lab *lab, enum lab_words words)
{
    put_string(lab, lab_say(words, lab->play->lang));
}

void lab_record_head(struct lab *lab)
{
    const struct lab_play *p = lab->play;
    if (!is_on(lab))
        return;
    put_format(lab, "{\"record\":1,\"lang\":\"%s\",\"scenario\":\"%s\",\"id\":\"%s\",\"seed\":%"
               PRIu64 ",\"title\":", p->lang == LAB_KOREAN ? "ko" : "en", p->scenario->name,
               p->scenario->id, p->seed);
    put_words(lab, p->scenario->title);
    put(lab, ",\"text\":");
    put_words(lab, p->scenario->text);
    if (p->command != NULL) {
        put(lab, ",\"command\":");
        put_string(lab, p->command);
    }
    put(lab, "}\n");
}

void lab_record_act(struct lab *lab, const struct lab_act *act)
{
    if (!is_on(lab))
        return;
    char told[LAB_TOLD_TEXT];
    put_format(lab, "{\"act\":%u,\"title\":", lab->act);
    put_words(lab, act->title);
    put(lab, ",\"text\":\"");
    put_inside(lab, lab_words(lab, act->text));
    if (lab_told_values(lab->play, lab->act, told)) {
        put(lab, "\\n");
        put_inside(lab, told);
    }
    put(lab, "\"}\n");
}

/* Those that there are by now, in the order of their lifelines. */
void lab_record_hosts(struct lab *lab)
{
    if (!is_on(lab))
        return;
    put(lab, "{\"hosts\":[");
    for (unsigned i = 0; i < lab->hosts; i++) {
        put(lab, i > 0 ? "," : "");
        put_string(lab, lab->host[i]->host.name);
    }
    put(lab, "]}\n");
}

/* Whose connections the act draws; none: what came of them is in its tables. */
void lab_record_shown(struct lab *lab, const struct lab_host *left, const struct lab_host *right)
{
    if (!is_on(lab))
        return;
    put(lab, "{\"show\":[");
    if (left != NULL && right != NULL) {
        put_string(lab, left->name);
        put(lab, ",");
        put_string(lab, right->name);
    }
    put(lab, "]}\n");
}

/* --- TCBs --- */

int lab_tcb_text(const struct aksu_info *i, aksu_time start, char out[LAB_TCB_TEXT])
{
    char at[24] = "null";
    if (i->timer_at != AKSU_NEVER)
        (void)snprintf(at, sizeof at, "%" PRIu64, i->timer_at > start ? i->timer_at - start : 0);
    return snprintf(out, LAB_TCB_TEXT,
        "\"tcb\":{\"state\":\"%s\",\"snd_una\":%u,\"snd_nxt\":%u,\"snd_wnd\":%u,\"iss\":%u,"
        "\"rcv_nxt\":%u,\"rcv_wnd\":%u,\"irs\":%u,\"send_queued\":%u,\"send_unacked\":%u,"
        "\"send_room\":%u,\"receive_queued\":%u,\"snd_mss\":%u,\"rcv_mss\":%u,\"cwnd\":%u,"
        "\"ssthresh\":%u,\"srtt_us\":%u,\"rttvar_us\":%u,\"rto_us\":%u,\"snd_wscale\":%u,"
        "\"rcv_wscale\":%u,\"timestamps\":%s,\"sack\":%s,\"ecn\":%s,\"peer_closed\":%s,"
        "\"in_flight\":%u,\"sacked\":%u,\"lost\":%u,\"retransmits\":%u,\"backoff\":%u,"
        "\"recovery\":\"%s\",\"congestion_control\":\"%s\",\"reason\":\"%s\","
        "\"timer\":%s%s%s,\"timer_at\":%s}",
        aksu_tcp_state_name(i->state), i->snd_una, i->snd_nxt, i->snd_wnd, i->iss, i->rcv_nxt,
        i->rcv_wnd, i->irs, i->send_queued, i->send_unacked, i->send_room, i->receive_queued,
        i->snd_mss, i->rcv_mss, i->cwnd, i->ssthresh, i->srtt_us, i->rttvar_us, i->rto_us,
        i->snd_wscale, i->rcv_wscale, i->timestamps ? "true" : "false", i->sack ? "true" : "false",
        i->ecn ? "true" : "false", i->peer_closed ? "true" : "false", i->in_flight, i->sacked,
        i->lost, i->retransmits, i->backoff, i->recovery != NULL ? i->recovery : "",
        i->congestion_control != NULL ? i->congestion_control : "",
        i->reason != AKSU_OK ? aksu_status_text(i->reason) : "", i->timer != NULL ? "\"" : "",
        i->timer != NULL ? i->timer : "null", i->timer != NULL ? "\"" : "", at);
}

bool lab_is_news(struct lab *lab, char **said, const char *text)
{
    size_t length = strlen(text) + 1;
    if (*said != NULL && strcmp(*said, text) == 0)
        return false;
    char *kept = realloc(*said, length);
    if (kept == NULL) {
        lab_fail(lab, "no memory for a TCB");
        return false;
    }
    *said = memcpy(kept, text, length);
    return true;
}

bool lab_is_gone(char **said)
{
    bool was = *said != NULL;
    free(*said);
    *said = NULL;
    return was;
}

/* When it differs. */
static void put_tcb(struct lab *lab, struct inner_end *e)
{
    struct aksu_info info;
    char line[LAB_TCB_TEXT] = "\"tcb\":null";
    bool gone = !lab_status(&e->end, &info);
    if (!gone)
        (void)lab_tcb_text(&info, lab->start, line);
    if (gone ? !lab_is_gone(&e->said) : !lab_is_news(lab, &e->said, line))
        return;
    put_format(lab, "{\"at\":%" PRIu64 ",\"host\":\"%s\",\"conn\":%u,", lab_now(lab),
               e->end.host->name, e->end.conn.index);
    put(lab, line);
    put(lab, "}\n");
}

void lab_record_moment(struct lab *lab, const struct lab_host *of)
{
    unsigned watched = 0;
    if (!is_on(lab))
        return;
    for (struct inner_end *e = lab->ends; e != NULL && watched < INNER_WATCHED; e = e->next)
        if (watched++, of == NULL || e->end.host == of)
            put_tcb(lab, e);
    put_format(lab, "{\"at\":%" PRIu64 ",\"moment\":%u}\n", lab_now(lab), ++lab->moments);
}

void lab_record_look(struct lab *lab, const struct inner_look *look)
{
    if (!is_on(lab))
        return;
    put_format(lab, "{\"at\":%" PRIu64 ",\"look\":", look->at);
    put_words(lab, look->when);
    put(lab, ",\"ends\":[");
    for (unsigned i = 0; i < look->count; i++) {
        char tcb[LAB_TCB_TEXT] = "\"tcb\":null";
        if (look->known[i])
            (void)lab_tcb_text(&look->info[i], lab->start, tcb);
        put_format(lab, "%s{\"host\":\"%s\",", i > 0 ? "," : "", look->host[i]);
        put(lab, tcb);
        put(lab, "}");
    }
    put(lab, "]}\n");
}

/* --- the end of an act --- */

static void put_table(struct lab *lab, const struct inner_table *t)
{
    put(lab, "{\"table\":{\"title\":");
    put_words(lab, t->title);
    put(lab, ",\"columns\":[");
    for (unsigned i = 0; i < t->columns; i++) {
        put(lab, i > 0 ? "," : "");
        put_words(lab, t->head[i]);
    }
    put(lab, "],\"rows\":[");
    for (unsigned row = 0; row < t->rows; row++) {
        put(lab, row > 0 ? ",[" : "[");
        for (unsigned i = 0; i < t->columns; i++) {
            put(lab, i > 0 ? "," : "");
            put_string(lab, t->cell[row][i]);
        }
        put(lab, "]");
    }
    put(lab, "]}}\n");
}

static void put_facts(struct lab *lab)
{
    put(lab, "{\"table\":{\"title\":\"\",\"columns\":[\"\",\"\"],\"rows\":[");
    for (unsigned i = 0; i < lab->facts; i++) {
        put(lab, i > 0 ? ",[" : "[");
        put_words(lab, lab->fact[i].what);
        put(lab, ",");
        put_string(lab, lab->fact[i].value);
        put(lab, "]");
    }
    put(lab, "]}}\n");
}

void lab_record_end(struct lab *lab)
{
    if (!is_on(lab))
        return;
    for (unsigned i = 0; i < lab->tables; i++)
        put_table(lab, &lab->table[i]);
    if (lab->facts > 0)
        put_facts(lab);
    for (unsigned i = 0; i < lab->checks; i++) {
        put(lab, "{\"check\":");
        put_words(lab, lab->check[i].sentence);
        put(lab, lab->check[i].holds ? ",\"ok\":true}\n" : ",\"ok\":false}\n");
    }
}
