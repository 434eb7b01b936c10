/* list.h - an intrusive ring of links: a member leaves in O(1), whichever list it is on. */
#ifndef GATEWAY_LIST_H
#define GATEWAY_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct gateway_link {
    struct gateway_link *next, *prev;   /* itself: on no list, or an empty head */
};

/* The object that holds this link. */
#define GATEWAY_HOLDER(type, member, link) \
    ((type *)(void *)((char *)(link) - offsetof(type, member)))

static inline void gateway_link_init(struct gateway_link *link)
{
    link->next = link;
    link->prev = link;
}

static inline bool gateway_link_alone(const struct gateway_link *link)
{
    return link->next == link;
}

static inline void gateway_link_remove(struct gateway_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    gateway_link_init(link);
}

/* Nothing happens when it is on a list already. */
static inline void gateway_link_append(struct gateway_link *head, struct gateway_link *link)
{
    if (!gateway_link_alone(link))
        return;
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

/* Takes all members of `from` over; `to` must be empty. */
static inline void gateway_list_move(struct gateway_link *to, struct gateway_link *from)
{
    if (gateway_link_alone(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    gateway_link_init(from);
}

#endif
