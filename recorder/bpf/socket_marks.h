/* Which TCP sockets are recorded: those that a recorded thread uses, connects or listens on, and what comes
 * to a recorded listener. Most of a connection's life happens in interrupts, where no thread tells whose it
 * is, and before or after the time in which it has an inode; the mark knows both.
 *
 * By the address of the socket, which is compared, never followed; taken off when the kernel destroys it. */
#ifndef TARRY_SOCKET_MARKS_H
#define TARRY_SOCKET_MARKS_H

#define TCP_LISTEN 10 /* also of Unix stream sockets */

struct socket_mark {
	u32 id; /* rec_socket_event.socket */
	u32 pad;
	u64 inode; /* 0: not accepted yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct socket_mark);
} socket_marks SEC(".maps");

/* Where connections come in for a recorded listener; the value is the listener's address. */
struct listener_key {
	u64 net;
	u64 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct listener_key);
	__type(value, u64);
} recorded_listeners SEC(".maps");

__u32 last_socket_id = 0;

static __always_inline struct socket_mark *find_mark(u64 sk_addr)
{
	return bpf_map_lookup_elem(&socket_marks, &sk_addr);
}

static __always_inline struct listener_key listener_key(u64 sk_addr)
{
	struct sock_common *sk = TYPED(struct sock_common, sk_addr);
	struct listener_key key = {
		.net = load_word(sk_addr + bpf_core_field_offset(struct sock_common, skc_net)),
		.port = GET(sk, skc_num),
	};

	return key;
}

static __always_inline void mark_listener(u64 sk_addr)
{
	struct listener_key key = listener_key(sk_addr);

	if (bpf_map_update_elem(&recorded_listeners, &key, &sk_addr, BPF_ANY))
		lose_unattributed(LOSS_SOCKETS);
}

/* The mark of a TCP socket, made if need be. `inode` 0: it has none yet. NULL: no room for one. */
static __noinline struct socket_mark *mark_socket(u64 sk_addr, u64 inode)
{
	struct socket_mark *mark = find_mark(sk_addr);

	/* the end of a socket whose address is used again may have been missed */
	if (mark && (!inode || !mark->inode || mark->inode == inode)) {
		if (inode)
			mark->inode = inode;
		return mark;
	}
	struct socket_mark fresh = {
		.id = __sync_fetch_and_add(&last_socket_id, 1) + 1,
		.inode = inode,
	};
	if (bpf_map_update_elem(&socket_marks, &sk_addr, &fresh, BPF_ANY)) {
		lose_unattributed(LOSS_SOCKETS);
		return NULL;
	}
	if (GET(TYPED(struct sock_common, sk_addr), skc_state) == TCP_LISTEN)
		mark_listener(sk_addr);
	return find_mark(sk_addr);
}

static __always_inline bool is_tcp(u64 sk_addr)
{
	struct sock *sk = TYPED(struct sock, sk_addr);

	return GET(sk, sk_protocol) == IPPROTO_TCP && GET(sk, sk_type) == SOCK_STREAM;
}

/* A recorded thread uses the socket. */
static __always_inline void mark_used(u64 sk_addr, u64 inode)
{
	if (is_tcp(sk_addr))
		mark_socket(sk_addr, inode);
	else
		mark_datagrams(sk_addr, inode);
}

#endif
