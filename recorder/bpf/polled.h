/* Which objects a thread that blocks in poll or select waits for, read from its own memory: a wait
 * that never ends, or whose waker says nothing, has no result that could tell. Small sets only, and only
 * where all of it can be read. */
#ifndef TARRY_POLLED_H
#define TARRY_POLLED_H

#include "recorder/capture/parts.h"

enum { SELECT_BITS = 64, SELECT_SETS = 3 };

/* At the end of a scratch buffer, behind what the definition of an object needs of it. */
struct polled_area {
	struct user_pollfd entries[POLLED_MAX];
	u64 sets[SELECT_SETS];
	struct rec_polled found;
};

static __always_inline struct polled_area *get_polled_area(u32 slot)
{
	struct scratch *s = get_scratch(slot);

	return s ? (struct polled_area *)&s->bytes[SCRATCH_BYTES - sizeof(struct polled_area)] : NULL;
}

/* Verified on its own, so that the loop that calls it stays cheap to verify. */
__noinline u32 resource_in_table(u64 table, u32 fd, u32 slot)
{
	u64 file;

	if (!table || fd >= (u32)load_word(table + OFFSET(struct fdtable, max_fds)))
		return 0;
	file = load_word(load_word(table + OFFSET(struct fdtable, fd)) + (u64)fd * 8);
	return file ? file_resource(file, slot) : 0;
}

struct polled_walk {
	u64 table; /* struct fdtable */
	u32 count; /* of a poll's entries */
	u32 slot;
};

/* What the loops count stands in the area, not in registers: a verifier that follows every turn then
 * finds them alike. */
static __always_inline long add_polled(struct polled_walk *walk, struct polled_area *area, u32 fd)
{
	u32 used = area->found.count;

	area->found.count = used + 1;
	if (used >= POLLED_MAX)
		return 1;
	area->found.resources[used] = resource_in_table(walk->table, fd, walk->slot);
	return 0;
}

static long add_polled_entry(u32 turn, void *context)
{
	struct polled_walk *walk = context;
	struct polled_area *area = get_polled_area(walk->slot);

	if (!area || turn >= walk->count || turn >= POLLED_MAX)
		return 1;
	s32 fd = area->entries[turn].fd;

	/* Switched off: no fd, or an fd among others whose events nobody wants. */
	if (fd < 0 || (!area->entries[turn].events && walk->count > 1))
		return 0;
	return add_polled(walk, area, (u32)fd);
}

static long add_polled_bit(u32 turn, void *context)
{
	struct polled_walk *walk = context;
	struct polled_area *area = get_polled_area(walk->slot);

	if (!area)
		return 1;
	u64 bits = area->sets[0];

	if (!bits)
		return 1;
	area->sets[0] = bits >> 1;
	return bits & 1 ? add_polled(walk, area, turn) : 0;
}

/* Memory of `task`: of the current one, or (sleepable programs only) of any. */
static __always_inline long read_user(void *to, u32 size, u64 address, struct task_struct *other)
{
	if (!other)
		return bpf_probe_read_user(to, size, (const void *)address);
	return bpf_copy_from_user_task(to, size, (const void *)address, other, 0);
}

/* What the fds in the area are; on its own, so that no caller is verified for every way through. */
__noinline u32 find_objects(u32 sets, u32 count, u64 table, u32 slot)
{
	struct polled_area *area = get_polled_area(slot);
	struct polled_walk walk = { .table = table, .count = count, .slot = slot };

	if (!area)
		return 0;
	area->found.count = 0;
	if (sets == SETS_POLL) {
		LOOP(POLLED_MAX, add_polled_entry, &walk);
	} else {
		u64 bits = area->sets[0] | area->sets[1] | area->sets[2];

		if (count < SELECT_BITS)
			bits &= (1ULL << (count & (SELECT_BITS - 1))) - 1;
		area->sets[0] = bits;
		LOOP(SELECT_BITS, add_polled_bit, &walk);
	}
	area = get_polled_area(slot);
	return area && area->found.count <= POLLED_MAX ? area->found.count : 0;
}

/* Fills get_polled_area(slot)->found and returns its count. `other`: the task if it is not the
 * current one, else NULL. */
static __always_inline u32 find_polled(u8 sets, const struct rec_pending *pending, u64 table,
				       struct task_struct *other, u32 slot)
{
	struct polled_area *area = get_polled_area(slot);
	u64 count = (u32)pending->args[sets == SETS_POLL ? 1 : 0];

	if (!area)
		return 0;
	area->found.count = 0;
	asm volatile("" : "+r"(count));
	if (sets == SETS_POLL) {
		if (!count || count > POLLED_MAX)
			return 0;
		if (read_user(area->entries, (u32)count * sizeof(area->entries[0]), pending->args[0],
			      other))
			return 0;
	} else {
		if (!count || count > SELECT_BITS)
			return 0;
		for (int i = 0; i < SELECT_SETS; i++) {
			u64 address = pending->args[1 + i];

			area->sets[i] = 0;
			if (address && read_user(&area->sets[i], sizeof(u64), address, other))
				return 0;
		}
	}
	return find_objects(sets, (u32)count, table, slot);
}

#endif
