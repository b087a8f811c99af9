/* What happens to TCP sockets: changes of state, what is sent again, resets, and what the kernel counted of
 * a connection when it ends. */

/* include/net/tcp_states.h */
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_SYN_RECV = 3, TCP_CLOSE = 7 };

#define SOCK_DONE (1 << 1) /* enum sock_flags: the peer will send nothing more */

/* enum tcp_chrono of include/linux/tcp.h; chrono_stat has what comes after CHRONO_UNSPEC */
enum { CHRONO_BUSY = 1, CHRONO_RWND_LIMITED = 2, CHRONO_SNDBUF_LIMITED = 3 };

/* A pointer as a plain number, which can be a key and be NULL. On the stack, for one of these programs can
 * interrupt another. */
static __always_inline u64 scalar_of(const void *pointer)
{
	const void *volatile copy = pointer;
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (const void *)&copy);
	return value;
}

/* The recorded thread that runs here, 0: an interrupt, or another. */
static __always_inline u32 acting_thread(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_context *context = cpu_context();

	if (!context || has_no_storage(task))
		return 0;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);
	if (!st || !st->recorded || waker_context(bpf_get_current_task(), context) != WAKER_THREAD)
		return 0;
	return st->id;
}

static __always_inline u64 chrono_us(u64 tp_addr, u32 which, u32 running, u32 since, u32 now)
{
	u64 stats = tp_addr + OFFSET(struct tcp_sock, chrono_stat) + (which - CHRONO_BUSY) * sizeof(u32);
	u64 jiffies = (u32)load_word(stats);

	if (which == running)
		jiffies += now - since;
	return jiffies * tick_us;
}

static __always_inline void fill_facts(u64 *facts, u64 tp_addr)
{
	struct tcp_sock *tp = TYPED(struct tcp_sock, tp_addr);
	u32 min_rtt = (u32)load_word(tp_addr + OFFSET(struct tcp_sock, rtt_min.s[0].v));
	u32 running = BPF_CORE_READ_BITFIELD_PROBED((struct tcp_sock *)tp_addr, chrono_type);
	u32 since = GET(tp, chrono_start);
	u32 now = (u32)bpf_jiffies64();

	facts[FACT_SRTT_US] = GET(tp, srtt_us) >> 3;
	facts[FACT_MIN_RTT_US] = min_rtt == ~0U ? 0 : min_rtt;
	facts[FACT_RTT_VAR_US] = GET(tp, srtt_us) ? GET(tp, mdev_us) >> 2 : 0; /* else a first guess */
	facts[FACT_BYTES_SENT] = GET(tp, bytes_sent);
	facts[FACT_BYTES_ACKED] = GET(tp, bytes_acked);
	facts[FACT_BYTES_RECEIVED] = GET(tp, bytes_received);
	/* the kernel counts the peer's FIN as a byte */
	if (facts[FACT_BYTES_RECEIVED] && GET(TYPED(struct sock_common, tp_addr), skc_flags) & SOCK_DONE)
		facts[FACT_BYTES_RECEIVED]--;
	facts[FACT_BYTES_RETRANS] = GET(tp, bytes_retrans);
	facts[FACT_SEGS_OUT] = GET(tp, segs_out);
	facts[FACT_SEGS_IN] = GET(tp, segs_in);
	facts[FACT_DATA_SEGS_OUT] = GET(tp, data_segs_out);
	facts[FACT_DATA_SEGS_IN] = GET(tp, data_segs_in);
	facts[FACT_RETRANSMITS] = GET(tp, total_retrans);
	u64 busy = chrono_us(tp_addr, CHRONO_BUSY, running, since, now);
	facts[FACT_RWND_LIMITED_US] = chrono_us(tp_addr, CHRONO_RWND_LIMITED, running, since, now);
	facts[FACT_SNDBUF_LIMITED_US] = chrono_us(tp_addr, CHRONO_SNDBUF_LIMITED, running, since, now);
	facts[FACT_BUSY_US] = busy + facts[FACT_RWND_LIMITED_US] + facts[FACT_SNDBUF_LIMITED_US];
	facts[FACT_SEND_QUEUE] = (u32)(GET(tp, write_seq) - GET(tp, snd_una));
	facts[FACT_RECEIVE_QUEUE] = (u32)(GET(tp, rcv_nxt) - GET(tp, copied_seq));
	facts[FACT_CWND] = GET(tp, snd_cwnd);
	facts[FACT_MSS] = GET(tp, mss_cache);
}

/* The addresses of a socket that may have given its port back already, in the order of the network. */
static __always_inline void fill_ends(struct rec_socket *to, u64 sk_addr)
{
	fill_inet(to, sk_addr);
	if (!to->local_port)
		to->local_port = __builtin_bswap16(GET(TYPED(struct inet_sock, sk_addr), inet_sport));
}

static __always_inline void fill_socket_event(struct rec_socket_event *rec, u64 sk_addr, u32 id, u64 inode,
					      u8 kind, u8 state)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_SOCKET;
	rec->kind = kind;
	rec->state = state;
	rec->socket = id;
	rec->inode = inode ? inode : socket_inode(sk_addr);
	rec->ts_ns = now_ns();
	fill_ends(&rec->ends, sk_addr);
	if (state == TCP_LISTEN) /* told before it is so */
		rec->ends.listening = 1;
}

static __always_inline struct rec_socket_event *reserve_socket_event(void *ring)
{
	struct rec_socket_event *rec = ring ? bpf_ringbuf_reserve(ring, sizeof(*rec), 0) : NULL;

	if (!rec)
		lose_unattributed(LOSS_SOCKETS);
	return rec;
}

static __noinline void put_socket_event(u64 sk_addr, struct socket_mark *mark, u8 kind, u8 state,
				       bool with_facts)
{
	struct rec_socket_event *rec = reserve_socket_event(event_ring());

	if (!rec)
		return;
	fill_socket_event(rec, sk_addr, mark->id, mark->inode, kind, state);
	mark->inode = rec->inode;
	rec->thread = acting_thread();
	if (kind == SOCKET_FAILED || kind == SOCKET_CLOSED)
		rec->error = GET(TYPED(struct sock, sk_addr), sk_err);
	if (with_facts) {
		rec->has_facts = 1;
		fill_facts(rec->facts, sk_addr);
	}
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

static __always_inline u8 kind_of_change(u64 sk_addr, int old, int state)
{
	switch (state) {
	case TCP_SYN_SENT:
		return SOCKET_CONNECTING;
	case TCP_LISTEN:
		return SOCKET_LISTENING;
	case TCP_ESTABLISHED:
		return old == TCP_SYN_SENT ? SOCKET_ESTABLISHED : SOCKET_ACCEPTED;
	case TCP_CLOSE:
		return old == TCP_SYN_SENT && GET(TYPED(struct sock, sk_addr), sk_err) ? SOCKET_FAILED :
											    SOCKET_CLOSED;
	default:
		return SOCKET_STATE;
	}
}

static __always_inline bool comes_to_listener(u64 sk_addr)
{
	struct listener_key key = listener_key(sk_addr);

	return bpf_map_lookup_elem(&recorded_listeners, &key) != NULL;
}

static __always_inline void forget_listener(u64 sk_addr)
{
	struct listener_key key = listener_key(sk_addr);
	u64 *known;

	if (!key.port) /* given back already */
		key.port = __builtin_bswap16(GET(TYPED(struct inet_sock, sk_addr), inet_sport));
	known = bpf_map_lookup_elem(&recorded_listeners, &key);
	if (known && *known == sk_addr)
		bpf_map_delete_elem(&recorded_listeners, &key);
}

/* 4.16 (563e0bb0dc74) */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket_state, const struct sock *sk, const int old, const int state)
{
	u64 sk_addr = scalar_of(sk);

	if (!is_tcp(sk_addr))
		return 0;
	struct socket_mark *mark = find_mark(sk_addr);

	if (state == TCP_SYN_SENT || state == TCP_LISTEN) { /* of a thread's call */
		if (recorded_thread(bpf_get_current_task_btf(), SLOT_SOCKET))
			mark = mark_socket(sk_addr, socket_inode(sk_addr));
		if (mark && state == TCP_LISTEN)
			mark_listener(sk_addr);
	} else if (!mark && state == TCP_ESTABLISHED && old == TCP_SYN_RECV && comes_to_listener(sk_addr)) {
		mark = mark_socket(sk_addr, 0);
	}
	if (!mark)
		return 0;
	if (state == TCP_ESTABLISHED)
		remember_ends(sk_addr, IPPROTO_TCP, mark->id);
	put_socket_event(sk_addr, mark, kind_of_change(sk_addr, old, state), (u8)state,
			 state == TCP_ESTABLISHED || (state == TCP_CLOSE && old != TCP_LISTEN));
	if (old == TCP_LISTEN && state == TCP_CLOSE)
		forget_listener(sk_addr);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_socket_destroyed, struct sock *sk)
{
	u64 sk_addr = scalar_of(sk);

	bpf_map_delete_elem(&socket_marks, &sk_addr);
	return 0;
}

static __always_inline void put_where_marked(u64 sk_addr, u8 kind)
{
	struct socket_mark *mark = sk_addr ? find_mark(sk_addr) : NULL;

	if (mark)
		put_socket_event(sk_addr, mark, kind, GET(TYPED(struct sock_common, sk_addr), skc_state),
				 false);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk)
{
	put_where_marked(scalar_of(sk), SOCKET_RETRANSMIT);
	return 0;
}

/* The socket is none where a segment came for nobody. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_send_reset, const struct sock *sk)
{
	put_where_marked(scalar_of(sk), SOCKET_RESET_SENT);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_receive_reset, struct sock *sk)
{
	put_where_marked(scalar_of(sk), SOCKET_RESET_RECEIVED);
	return 0;
}

/* Of a connection that is no socket yet: its listener's event, with the addresses of the request. */
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_retransmit_synack, const struct sock *sk, const struct request_sock *request)
{
	struct socket_mark *mark;
	struct rec_socket_event *rec;
	u64 sk_addr = scalar_of(sk);

	mark = sk_addr ? find_mark(sk_addr) : NULL;
	rec = mark ? reserve_socket_event(event_ring()) : NULL;
	if (!rec)
		return 0;
	fill_socket_event(rec, sk_addr, mark->id, mark->inode, SOCKET_SYNACK_RETRANSMIT, TCP_LISTEN);
	rec->inode = 0;
	__builtin_memset(&rec->ends, 0, sizeof(rec->ends));
	fill_inet(&rec->ends, scalar_of(request));
	rec->ends.type = SOCK_STREAM;
	rec->ends.protocol = IPPROTO_TCP;
	rec->ends.listening = 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* ---- at the end of the recording: the sockets that live ---- */

SEC("iter/bpf_map_elem")
int on_socket_mark(struct bpf_iter__bpf_map_elem *ctx)
{
	u64 *key = ctx->key;
	struct socket_mark *mark = ctx->value;

	if (!key || !mark)
		return 0;
	u64 sk_addr = *key;
	u8 state = GET(TYPED(struct sock_common, sk_addr), skc_state);
	u64 inode = mark->inode;

	if (state == TCP_CLOSE)
		return 0;
	struct rec_socket_event *rec = reserve_socket_event(&definitions);
	if (!rec)
		return 0;
	fill_socket_event(rec, sk_addr, mark->id, inode, SOCKET_FACTS, state);
	if (state != TCP_LISTEN) {
		rec->has_facts = 1;
		fill_facts(rec->facts, sk_addr);
	}
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	yield_to_reader(ctx->meta);
	return 0;
}
