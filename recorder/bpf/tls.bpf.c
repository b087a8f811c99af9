/* What TLS libraries are given to encrypt and what they have decrypted, at uprobes in their functions (where,
 * is chosen by recorder/tls/probe_sites.cc).
 *
 * These programs may be preempted by a task whose probe runs the same program on the same CPU: so nothing
 * is kept by CPU here, and data are copied into the ring at once. A thread that is not known yet to the
 * programs of the system is not made known by these. */

#if defined(__TARGET_ARCH_x86)

/* The registers are read one by one: the verifier wants the offset of each to be constant. */
#define REGISTER(name) (*(volatile u64 *)&regs->name)

static __always_inline u64 tls_argument(struct pt_regs *regs, u64 cookie, u32 shift)
{
	u64 ax = REGISTER(ax), cx = REGISTER(cx), dx = REGISTER(dx), si = REGISTER(si), di = REGISTER(di);
	u64 r8 = REGISTER(r8), r9 = REGISTER(r9);

	switch (cookie >> shift & 15) {
	case 0: return ax;
	case 1: return cx;
	case 2: return dx;
	case 6: return si;
	case 7: return di;
	case 8: return r8;
	case 9: return r9;
	default: return 0;
	}
}

static __always_inline struct thread_state *tls_thread(struct task_struct *task)
{
	if (has_no_storage(task))
		return NULL;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	return st && st->recorded && st->id ? st : NULL;
}

/* How many calls of the system the thread has made, and the object of the last one. */
static __always_inline u32 system_calls(struct task_struct *task, struct thread_state *st, u32 *resource)
{
	struct short_call *place = place_of(saved_regs_address(task));

	if (!place || place->nr == IN_STATE || place->rec.call_seq == st->call_seq) {
		*resource = st->res[RES_FIRST];
		return st->call_seq;
	}
	*resource = place->rec.resource;
	return place->rec.call_seq;
}

/* Forgets the calls whose frames lie at or below `sp`: they have returned, or never will. The outermost of
 * them is the answer, TLS_NESTED: none. */
static __always_inline u32 tls_unwind(struct tls_state *state, u64 sp)
{
	u32 found = TLS_NESTED;

	for (int i = TLS_NESTED - 1; i >= 0; i--) {
		if (state->depth != (u32)i + 1 || state->calls[i].sp > sp)
			continue;
		state->depth = (u32)i;
		found = (u32)i;
	}
	return found;
}

SEC("uprobe")
int on_tls_enter(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = tls_thread(task);

	if (!st)
		return 0;
	struct tls_state *state = &st->tls;
	u64 cookie = bpf_get_attach_cookie(regs);
	u64 session = tls_argument(regs, cookie, TLS_COOKIE_SESSION);
	u64 sp = REGISTER(sp);
	u64 now = now_ns();
	u32 resource;

	tls_unwind(state, sp);
	u32 depth = state->depth;
	if (depth >= TLS_NESTED) {
		lose(st, LOSS_PLAINTEXT, now);
		return 0;
	}
	if (depth > 0) { /* one form of a function that is made of another: told once */
		struct tls_call *outer = &state->calls[depth - 1];

		if (outer->session == session && !((outer->cookie ^ cookie) & TLS_COOKIE_SENDS))
			return 0;
	}
	struct tls_call *call = &state->calls[depth];
	call->sp = sp;
	call->cookie = cookie;
	call->enter_ns = now;
	call->session = session;
	call->buffer = tls_argument(regs, cookie, TLS_COOKIE_BUFFER);
	call->moved = cookie & TLS_COOKIE_HAS_MOVED ? tls_argument(regs, cookie, TLS_COOKIE_MOVED) : 0;
	call->calls = system_calls(task, st, &resource);
	state->depth = depth + 1;
	return 0;
}

struct tls_result {
	s64 result;
	u64 length;
	u64 now;
	u32 resource;
};

/* A piece of at most `room` bytes, of the `kept` bytes that begin at `offset`. */
static __always_inline bool put_plaintext(struct thread_state *st, struct tls_call *call, struct tls_result *done,
					  u64 offset, u64 kept, const u32 room)
{
	void *ring = event_ring();
	struct rec_plaintext *rec = ring ? bpf_ringbuf_reserve(ring, sizeof(*rec) + room, 0) : NULL;

	if (!rec) {
		lose(st, LOSS_PLAINTEXT, done->now);
		return false;
	}
	rec->type = RT_PLAINTEXT;
	rec->library = (u8)(call->cookie >> TLS_COOKIE_LIBRARY & 15);
	rec->what = call->cookie & TLS_COOKIE_HANDSHAKE ? TLS_HANDSHAKE :
		    call->cookie & TLS_COOKIE_SENDS	? TLS_SENT :
							  TLS_RECEIVED;
	rec->more = kept > room;
	rec->thread = st->id;
	rec->leader = st->leader;
	rec->resource = done->resource;
	rec->ts_ns = call->enter_ns;
	rec->dur_ns = done->now - call->enter_ns;
	rec->session = call->session;
	rec->result = done->result;
	rec->length = done->length;
	rec->offset = (u32)offset;
	asm volatile("" : "+r"(kept));
	if (kept > room)
		kept = room;
	if (kept && bpf_probe_read_user((void *)(rec + 1), (u32)kept, (const void *)(call->buffer + offset)))
		kept = 0;
	rec->data_len = (u32)kept;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return true;
}

struct tls_walk {
	struct thread_state *st;
	struct tls_call *call;
	struct tls_result done;
	u64 kept;
};

static long put_piece(u32 turn, void *context)
{
	struct tls_walk *walk = context;
	u64 offset = (u64)turn * PLAINTEXT_PIECE;

	if (offset >= walk->kept)
		return 1;
	return !put_plaintext(walk->st, walk->call, &walk->done, offset, walk->kept - offset, PLAINTEXT_PIECE);
}

SEC("uprobe")
int on_tls_exit(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = tls_thread(task);

	if (!st)
		return 0;
	u32 index = tls_unwind(&st->tls, REGISTER(sp));
	if (index >= TLS_NESTED)
		return 0;
	struct tls_call *call = &st->tls.calls[index];
	struct tls_result done = { .result = (s64)REGISTER(ax), .now = now_ns() };

	if (call->cookie & TLS_COOKIE_INT)
		done.result = (s32)done.result;
	if (done.result > 0)
		done.length = (u64)done.result;
	if (call->moved && done.result > 0) { /* 1: done */
		if (bpf_probe_read_user(&done.length, sizeof(done.length), (const void *)call->moved))
			done.length = 0;
		done.result = (s64)done.length;
	}
	if (!call->buffer) /* GnuTLS reads alerts by the same function, without one */
		return 0;
	if (system_calls(task, st, &done.resource) == call->calls)
		done.resource = 0;
	if (call->cookie & TLS_COOKIE_HANDSHAKE) {
		done.length = 0;
		if (done.resource)
			put_plaintext(st, call, &done, 0, 0, 192);
		return 0;
	}
	u64 kept = done.length < rest_snaplen ? done.length : rest_snaplen;
	const u64 most = (u64)PLAINTEXT_PIECE * PLAINTEXT_PIECES;

	if (kept > most)
		kept = most;
	if (kept <= 192) {
		put_plaintext(st, call, &done, 0, kept, 192);
	} else if (kept <= 1024) {
		put_plaintext(st, call, &done, 0, kept, 1024);
	} else if (kept <= 4096) {
		put_plaintext(st, call, &done, 0, kept, 4096);
	} else {
		struct tls_walk walk = { .st = st, .call = call, .done = done, .kept = kept };

		LOOP(PLAINTEXT_PIECES, put_piece, &walk);
	}
	return 0;
}

#endif
