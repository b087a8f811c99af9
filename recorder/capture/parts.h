/* Code that the BPF programs and the ptrace backend share: it reads the memory of the current task by
 * bpf_probe_read_user(), which capture.c has for the latter.
 *
 * What a call's arguments point to: strings, buffers, structures, ready sets, as the capture plan
 * says. Parts are gathered in a scratch buffer behind the record's head; a part begins at a
 * multiple of 8 bytes. Functions of this and the headers beside it (buffers.h, structures.h,
 * ready_sets.h, items.h) return the new end of what is used. */
#ifndef TARRY_PARTS_H
#define TARRY_PARTS_H

enum {
	STRING_MAX = 4096,       /* PATH_MAX */
	ITEM_BYTES = 15 * 1024,  /* of one argument */
	PARTS_BYTES = 16 * 1024, /* a part begins before this offset */
	ARGV_MAX = 1024,
	ENVP_MAX = 4096,
	ITEM_FAILED = 1 << 20, /* added to the result: the memory could not be read */
	ITEM_RELATIVE = 1 << 21, /* added to the result: a path that does not begin with '/' */
	END_MASK = (1 << 16) - 1,
};

struct user_pollfd {
	s32 fd;
	s16 events, revents;
};

static __always_inline void put_head(struct scratch *s, u32 at, u8 kind, u8 arg, u8 flags, u16 index,
				     u32 len, u64 full_len)
{
	struct rec_part *part = (struct rec_part *)&s->bytes[at];

	part->kind = kind;
	part->arg = arg;
	part->flags = flags;
	part->pad = 0;
	part->index = index;
	part->len = (u16)len;
	part->full_len = full_len;
}

static __always_inline u32 round_up8(u32 n)
{
	return (n + 7) & ~7U;
}

/* `len` bytes at `address`, of which `full_len` exist. */
static __always_inline u32 put_bytes(struct scratch *s, u32 at, struct plan_item *item, u16 index,
				     u64 address, u64 len, u64 full_len)
{
	if (at > PARTS_BYTES)
		return at;
	asm volatile("" : "+r"(len));
	if (len > ITEM_BYTES)
		len = ITEM_BYTES;
	if (bpf_probe_read_user(&s->bytes[at + sizeof(struct rec_part)], (u32)len,
				(const void *)address))
		return at | ITEM_FAILED;
	put_head(s, at, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, index, (u32)len, full_len);
	return at + sizeof(struct rec_part) + round_up8((u32)len);
}

static __always_inline u64 at_most_snaplen(u64 len)
{
	return len < snaplen ? len : snaplen;
}

__noinline u32 put_string(struct plan_item *item, u64 address, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !item || at > PARTS_BYTES)
		return at;
	u8 *text = &s->bytes[at + sizeof(struct rec_part)];
	long len = bpf_probe_read_user_str(text, STRING_MAX, (const void *)address);
	if (len < 0)
		return at | ITEM_FAILED;
	u32 used = (u32)len & (2 * STRING_MAX - 1);
	u32 relative = item->size == STRING_IS_PATH && text[0] != '/' ? ITEM_RELATIVE : 0;

	put_head(s, at, PART_STRING, item->arg, used == STRING_MAX ? PART_TRUNCATED : 0, 0, used, used);
	return (at + sizeof(struct rec_part) + round_up8(used)) | relative;
}

struct argv_walk {
	u64 address;
	u32 step; /* of a pointer */
	u32 slot;
	u32 at, used;
	u32 count;
	bool complete, failed;
};

static long put_argument(u32 turn, void *context)
{
	struct argv_walk *walk = context;
	struct scratch *s = get_scratch(walk->slot);
	u32 at = walk->at, used = walk->used;
	u64 argument = 0;

	if (!s || at > PARTS_BYTES || used > ITEM_BYTES - STRING_MAX)
		return 1;
	walk->failed = bpf_probe_read_user(&argument, walk->step & 8 ? 8 : 4,
					   (const void *)(walk->address + (u64)turn * walk->step)) != 0;
	walk->complete = !argument;
	if (walk->failed || !argument)
		return 1;
	long len = bpf_probe_read_user_str(&s->bytes[at + sizeof(struct rec_part) + used], STRING_MAX,
					   (const void *)argument);
	walk->failed = len < 0;
	if (len < 0)
		return 1;
	walk->used = used + ((u32)len & (2 * STRING_MAX - 1));
	return 0;
}

/* The arguments of an execve, each with its NUL. */
__noinline u32 put_argv(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct argv_walk walk = { .address = address, .step = compat ? 4 : 8, .slot = slot, .at = at };

	if (!s || !item || at > PARTS_BYTES)
		return at;
	LOOP(ARGV_MAX, put_argument, &walk);
	if (walk.failed)
		return at | ITEM_FAILED;
	put_head(s, at, PART_STRING, item->arg, PART_LIST | (walk.complete ? 0 : PART_TRUNCATED), 0,
		 walk.used, walk.used);
	return at + sizeof(struct rec_part) + round_up8(walk.used);
}

static long count_pointer(u32 turn, void *context)
{
	struct argv_walk *walk = context;
	u64 entry = 0;

	walk->failed = bpf_probe_read_user(&entry, walk->step & 8 ? 8 : 4,
					   (const void *)(walk->address + (u64)turn * walk->step)) != 0;
	walk->count = turn; /* an entry more than it is here: NULL ends the list */
	walk->complete = !entry;
	return walk->failed || !entry;
}

__noinline u32 put_envp(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct argv_walk walk = { .address = address, .step = compat ? 4 : 8 };

	if (!s || !item || at > PARTS_BYTES)
		return at;
	LOOP(ENVP_MAX, count_pointer, &walk);
	if (walk.failed)
		return at | ITEM_FAILED;
	if (!walk.complete)
		return at;
	put_head(s, at, PART_PAYLOAD, item->arg, 0, 0, sizeof(walk.count), sizeof(walk.count));
	*(u64 *)&s->bytes[at + sizeof(struct rec_part)] = walk.count;
	return at + sizeof(struct rec_part) + 8;
}

#endif
