/* out.h - what comes out of an act while it is played: record, tape, text. inner.h includes it. */
#ifndef LAB_OUT_H
#define LAB_OUT_H

#include "aksu/sink.h"
#include "aksu/socket.h"

struct lab;
struct lab_act;
struct lab_host;
struct inner_look;

/* record.c. Members of a JSON object; the length. Two TCBs with one text show the same. */
enum { LAB_TCB_TEXT = 2048 };
int lab_tcb_text(const struct aksu_info *info, aksu_time start, char out[LAB_TCB_TEXT]);
/* Keeps a copy of what was said; false: it is what was said before, or there is no memory. */
bool lab_is_news(struct lab *lab, char **said, const char *text);
bool lab_is_gone(char **said);          /* something was said, and holds no more */
void lab_record_head(struct lab *lab);
void lab_record_act(struct lab *lab, const struct lab_act *act);
void lab_record_hosts(struct lab *lab);                 /* there is one more */
void lab_record_shown(struct lab *lab, const struct lab_host *left, const struct lab_host *right);
void lab_record_moment(struct lab *lab, const struct lab_host *of);
void lab_record_look(struct lab *lab, const struct inner_look *look);
void lab_record_end(struct lab *lab);                   /* tables and checks of the act */
/* tape.c */
void lab_tape_act(struct lab *lab, const struct lab_act *act);
void lab_tape_moment(struct lab *lab, const struct lab_host *of);
void lab_tape_look(struct lab *lab, const struct inner_look *look);
void lab_tape_end(struct lab *lab);
/* text.c. Those with `to` write there, whether the play is printed or not. */
void lab_text_head(struct lab *lab);
void lab_text_act(struct lab *lab, const struct lab_act *act);
void lab_text_end(struct lab *lab);
void lab_text_look(struct lab *lab, const struct inner_look *look, struct aksu_writer to);
void lab_text_tables(struct lab *lab, struct aksu_writer to);   /* and facts */
void lab_text_checks(struct lab *lab, struct aksu_writer to);
struct aksu_writer lab_text_writer(struct lab *lab);

#endif
