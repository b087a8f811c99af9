/* The gathering of a call's parts, item by item of its plan, and what a plan says about its objects. */
#ifndef TARRY_GATHERING_H
#define TARRY_GATHERING_H

#include "recorder/capture/items.h"
#include "recorder/capture/messages.h"

#define AT_FDCWD -100

struct gathering {
	struct thread_state *st;
	struct call_plan *plan;
	s64 ret;
	u32 at;
	bool relative; /* a path does not begin with '/', or is not known yet */
	bool absolute; /* one does, or is not known yet */
};

static long gather_at_enter(u32 i, void *context)
{
	struct gathering *all = context;
	struct plan_item *item = &all->plan->item[i & (MAX_ITEMS - 1)];
	u32 end;

	if (i >= all->plan->items)
		return 1;
	if (item->out)
		return 0;
	if (item->what == ITEM_MMSGHDR) {
		all->st->messages = 0;
		end = put_messages(all->st, item, all->st->args[item->len_arg & 7], 0, SLOT_ENTER, all->at);
		all->at = end & END_MASK; /* of the messages before it, if one has failed */
	} else {
		end = put_item(all->st, item, 0, SLOT_ENTER, all->at);
	}
	bool is_path = item->what == ITEM_STRING && item->size == STRING_IS_PATH;

	if (end & ITEM_FAILED) { /* the page is not in memory: try again at the exit */
		all->st->retry |= 1U << i;
		all->relative = true;
		all->absolute = all->absolute || is_path;
		return 0;
	}
	if (end & ITEM_RELATIVE)
		all->relative = true;
	else if (is_path)
		all->absolute = true;
	all->at = end & END_MASK;
	return 0;
}

static __always_inline u32 put_root(struct scratch *s, u32 root, u32 at)
{
	if (at > PARTS_BYTES)
		return at;
	struct part_root *part = (struct part_root *)&s->bytes[at + sizeof(struct rec_part)];

	put_head(s, at, PART_ROOT, 0, 0, 0, sizeof(*part), sizeof(*part));
	part->resource = root;
	part->pad = 0;
	return at + sizeof(struct rec_part) + sizeof(*part);
}

/* include/linux/errno.h: a sleep that a signal ended has written what was left of it. */
enum { ERESTART_RESTARTBLOCK = 516 };

/* Those that were received; or those sent that could not be read at the enter. */
static __always_inline u32 put_messages_at_exit(struct gathering *all, struct plan_item *item)
{
	u64 done = all->ret > 0 ? (u64)all->ret : 0;

	if (item->out)
		return put_messages(all->st, item, done, 0, SLOT_EXIT, all->at);
	u64 count = all->st->args[item->len_arg & 7];

	if (!done) /* what it failed with */
		done = 1;
	return put_messages(all->st, item, count < done ? count : done, all->st->messages, SLOT_EXIT, all->at);
}

static long gather_at_exit(u32 i, void *context)
{
	struct gathering *all = context;
	struct plan_item *item = &all->plan->item[i & (MAX_ITEMS - 1)];
	u32 end;

	if (i >= all->plan->items)
		return 1;
	bool written = all->ret >= 0 || all->ret == -ERESTART_RESTARTBLOCK;
	if (item->out ? !written : !(all->st->retry & 1U << i))
		return 0;
	if (is_ready_item(item))
		end = put_ready_item(all->st, item, all->ret, SLOT_EXIT, all->at);
	else if (item->what == ITEM_MMSGHDR)
		end = put_messages_at_exit(all, item);
	else
		end = put_item(all->st, item, item->out ? all->ret : 0, SLOT_EXIT, all->at);
	if (!(end & ITEM_FAILED))
		all->at = end & END_MASK;
	return 0;
}

/* Does a path of the call start from the working directory? */
static __always_inline bool from_cwd(struct thread_state *st, struct call_plan *plan)
{
	u8 first = plan->fd_arg[0], second = plan->fd_arg[1];

	if (plan->flags & PLAN_CWD)
		return true;
	if (plan->fd_is_dir & 1 && first < MAX_ARGS && (s32)st->args[first] == AT_FDCWD)
		return true;
	return plan->fd_is_dir & 2 && second < MAX_ARGS && (s32)st->args[second] == AT_FDCWD;
}

enum { F_DUPFD = 0, F_DUPFD_CLOEXEC = 1030 };

static __always_inline bool returns_fd(struct thread_state *st, struct call_plan *plan, s64 ret)
{
	if (!(plan->flags & PLAN_RETURNS_FD) || ret < 0)
		return false;
	return !plan->returns_if_dup || (s32)st->args[1] == F_DUPFD || (s32)st->args[1] == F_DUPFD_CLOEXEC;
}

#endif
