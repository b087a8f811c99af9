/* The lane of a CPU: a ring for the short records of what happens most, in the memory of an array map,
 * which the reader has mapped (recorder/bpf_lane.h). By bpf_ringbuf_reserve() and bpf_ringbuf_submit() a
 * record of 64 bytes costs some 35 ns: two calls, a lock and a page to be looked up, none of which a ring of
 * one writer needs.
 *
 * Only this CPU writes it. A program that interrupts another one in the middle of that finds `busy` and
 * takes the CPU's ordinary ring, as does everybody while the lane is full. */
#ifndef TARRY_LANES_H
#define TARRY_LANES_H

const volatile __u64 lane_bytes = LANE_LEAST; /* a power of two */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* one per possible CPU */
	__uint(key_size, sizeof(u32));
	__uint(value_size, LANE_DATA + LANE_LEAST); /* LANE_DATA + lane_bytes */
} lanes SEC(".maps");

#define barrier() asm volatile("" ::: "memory")

/* What was written before is seen by whoever sees the new position. */
static __always_inline void publish(u64 *position, u64 value)
{
#if defined(__TARGET_ARCH_x86)
	barrier(); /* stores stay in order */
	*(volatile u64 *)position = value;
#else
	__sync_lock_test_and_set(position, value);
#endif
}

/* Where a record goes. Nothing of this CPU's can take the place until it is submitted. */
struct lane_place {
	struct lane *lane;
	u64 end;
};

/* Room for a record, NULL: there is none. `size`: a constant, a multiple of 8, at most some hundred bytes. */
static __always_inline void *lane_reserve(struct lane_place *place, const u64 size)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = bpf_map_lookup_elem(&lanes, &cpu);
	const u64 whole = size + sizeof(u64);

	if (!lane || *(volatile u32 *)&lane->busy)
		return NULL;
	*(volatile u32 *)&lane->busy = 1;
	barrier();
	u8 *data = (u8 *)lane + LANE_DATA;
	u64 at = lane->written;
	u64 end = at + whole;
	u64 offset = at & (lane_bytes - 8);
	bool wraps = offset > lane_bytes - whole;

	if (wraps)
		end += lane_bytes - offset;
	if (end - *(volatile u64 *)&lane->read > lane_bytes) {
		*(volatile u32 *)&lane->busy = 0;
		return NULL;
	}
	if (wraps) {
		*(u64 *)(data + offset) = (lane_bytes - offset - sizeof(u64)) | LANE_SKIP;
		offset = 0;
	}
	*(u64 *)(data + offset) = size;
	place->lane = lane;
	place->end = end;
	return data + offset + sizeof(u64);
}

static __always_inline void lane_submit(struct lane_place *place)
{
	publish(&place->lane->written, place->end);
	barrier();
	*(volatile u32 *)&place->lane->busy = 0;
}

/* Of the `size` bytes that were reserved only the first `used` are the record; a multiple of 8. */
static __always_inline void lane_shorten(struct lane_place *place, void *record, const u64 size, u64 used)
{
	*(u64 *)(record - sizeof(u64)) = used;
	place->end -= size - used;
}

static __always_inline void lane_cancel(struct lane_place *place)
{
	barrier();
	*(volatile u32 *)&place->lane->busy = 0;
}

static __always_inline bool put_in_lane(const void *record, const u64 size)
{
	struct lane_place place;
	void *room = lane_reserve(&place, size);

	if (!room)
		return false;
	__builtin_memcpy(room, record, size);
	lane_submit(&place);
	return true;
}

static __noinline void put_in_ring(struct thread_state *st, const void *record, u32 size, u32 source, u64 now)
{
	void *ring = event_ring();

	if (!ring || bpf_ringbuf_output(ring, (void *)record, size, BPF_RB_NO_WAKEUP))
		lose(st, source, now);
}

#define PUT(st, record, source, now)                                                                \
	do {                                                                                        \
		if (!put_in_lane(record, sizeof(*(record))))                                        \
			put_in_ring(st, record, sizeof(*(record)), source, now);                    \
	} while (0)

#endif
