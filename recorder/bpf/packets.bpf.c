/* Packets of recorded sockets, their first bytes: as they are given to an interface, and as an interface gives
 * them to the protocols. Only loaded where they are asked for.
 *
 * Both programs run with softirqs off, so that on one CPU they never interrupt each other: they share their
 * buffers. */

/* 6.11 for tracepoints (by 6.4 for others): bytes of a packet wherever they lie. */
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym __weak;

/* include/uapi/linux/if_arp.h, if_ether.h */
enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772, ETHERNET_HEADER = 14 };

/* include/net/tcp_states.h: what stands for a socket and is shorter than one */
enum { TCP_TIME_WAIT = 6, TCP_NEW_SYN_RECV = 12 };

enum { PACKET_HEADERS = 64 }; /* of IP and the ports behind it */

struct packet_facts {
	u64 sk; /* 0: none */
	u32 thread;
	u32 resource;
	u32 sent;
	u32 pad;
	struct packet_ends ends; /* protocol 0: not known */
};

/* Whether the mark of a TCP socket, or the inode of another, says that it is recorded; its inode. */
static __always_inline bool is_marked(u64 sk_addr, bool tcp, u64 *inode)
{
	if (tcp) {
		struct socket_mark *mark = find_mark(sk_addr);

		if (!mark)
			return false;
		*inode = mark->inode ? mark->inode : socket_inode(sk_addr);
		return true;
	}
	u64 *known = bpf_map_lookup_elem(&datagram_marks, &sk_addr);

	*inode = socket_inode(sk_addr);
	return known && *known == *inode;
}

/* Where a socket takes packets for this address: its own is that one or none. */
static __always_inline bool takes(u64 sk_addr, struct packet_facts *facts)
{
	struct packet_ends own = {};
	u64 none[2];

	if (!ends_of_socket(sk_addr, facts->ends.protocol, &own))
		return false;
	map_address(none, 0);
	return (!own.local[0] && (!own.local[1] || own.local[1] == none[1])) ||
	       (own.local[0] == facts->ends.local[0] && own.local[1] == facts->ends.local[1]);
}

/* By the ends of the packet alone. */
static __noinline bool find_by_ends(struct packet_facts *facts)
{
	struct packet_owner *owner = bpf_map_lookup_elem(&packet_owners, &facts->ends);
	u64 inode = 0;

	if (owner) {
		u64 sk_addr = owner->sk;
		u32 mark_id = owner->mark;
		struct socket_mark *mark = mark_id ? find_mark(sk_addr) : NULL;

		if (mark_id ? mark && mark->id == mark_id : is_marked(sk_addr, false, &inode)) {
			if (mark)
				inode = mark->inode ? mark->inode : socket_inode(sk_addr);
			facts->resource = define_socket(sk_addr, inode, SLOT_PACKET_SOCKET);
			owner->resource = facts->resource;
			return true;
		}
		facts->resource = owner->resource;
		return mark_id != 0; /* TCP says goodbye when the socket is gone */
	}
	u64 *known;

	if (facts->ends.protocol == IPPROTO_TCP) {
		struct listener_key key = { .net = facts->ends.net, .port = facts->ends.local_port };

		known = bpf_map_lookup_elem(&recorded_listeners, &key);
	} else {
		struct packet_port port = {
			.net = facts->ends.net,
			.port = facts->ends.local_port,
			.protocol = facts->ends.protocol,
		};

		known = bpf_map_lookup_elem(&packet_ports, &port);
	}
	if (!known)
		return false;
	u64 sk_addr = *known;

	if (!is_marked(sk_addr, facts->ends.protocol == IPPROTO_TCP, &inode) || !takes(sk_addr, facts))
		return false;
	facts->resource = define_socket(sk_addr, inode, SLOT_PACKET_SOCKET);
	return true;
}

/* Of a packet that names its socket. False: the ends may tell. */
static __noinline bool find_by_socket(struct packet_facts *facts, bool *recorded)
{
	u64 sk_addr = facts->sk;
	u8 state = GET(TYPED(struct sock_common, sk_addr), skc_state);
	u64 inode = 0;

	*recorded = false;
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return false;
	bool tcp = is_tcp(sk_addr);
	bool marked = is_marked(sk_addr, tcp, &inode);

	/* at level waits a thread may use it first by sending */
	if (!marked && facts->thread && inode == 0)
		inode = socket_inode(sk_addr);
	if (!marked && facts->thread && inode && (tcp || GET(TYPED(struct sock, sk_addr), sk_type) == SOCK_DGRAM)) {
		mark_used(sk_addr, inode);
		marked = true;
	}
	if (marked) {
		facts->resource = define_socket(sk_addr, inode, SLOT_PACKET_SOCKET);
		struct packet_owner *known = bpf_map_lookup_elem(&packet_owners, &facts->ends);

		/* an update costs far more than to look */
		if (known && known->sk == sk_addr) {
			;
		} else if (tcp) {
			struct socket_mark *mark = find_mark(sk_addr);

			if (mark)
				remember_ends(sk_addr, IPPROTO_TCP, mark->id);
		} else {
			remember_ends(sk_addr, GET(TYPED(struct sock, sk_addr), sk_protocol), 0);
			remember_port(sk_addr);
		}
		*recorded = true;
		return true;
	}
	if (!tcp)
		return false; /* what the kernel answers with for all: resets, say */
	/* its ends may have been a recorded one's before */
	struct packet_owner *owner = bpf_map_lookup_elem(&packet_owners, &facts->ends);

	if (owner && owner->sk != sk_addr)
		bpf_map_delete_elem(&packet_owners, &facts->ends);
	*recorded = owner && owner->sk == sk_addr;
	if (*recorded)
		facts->resource = owner->resource;
	return true;
}

/* Where it came from and goes to; `headers` are PACKET_HEADERS bytes. */
static __noinline void read_ends(const u8 *headers, struct packet_facts *facts)
{
	struct packet_ends *ends = &facts->ends;
	u64 source[2], target[2];
	u32 protocol, at;

	if (headers[0] >> 4 == 4) {
		map_address(source, *(u32 *)(headers + 12));
		map_address(target, *(u32 *)(headers + 16));
		protocol = headers[9];
		at = (headers[0] & 15) * 4;
		if (headers[6] & 0x1f || headers[7] || at < 20) /* a later fragment */
			return;
	} else if (headers[0] >> 4 == 6) {
		source[0] = *(u64 *)(headers + 8);
		source[1] = *(u64 *)(headers + 16);
		target[0] = *(u64 *)(headers + 24);
		target[1] = *(u64 *)(headers + 32);
		protocol = headers[6];
		at = 40;
	} else {
		return;
	}
	at &= PACKET_HEADERS - 1;
	if (at > PACKET_HEADERS - 8)
		at = PACKET_HEADERS - 8;
	u16 from = headers[at] << 8 | headers[at + 1], to = headers[at + 2] << 8 | headers[at + 3];

	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) { /* of an echo: who asked */
		u16 id = headers[at + 4] << 8 | headers[at + 5];

		from = facts->sent ? id : 0;
		to = facts->sent ? 0 : id;
	} else if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) {
		from = to = 0;
	}
	ends->protocol = protocol;
	for (int i = 0; i < 2; i++) {
		ends->local[i] = facts->sent ? source[i] : target[i];
		ends->remote[i] = facts->sent ? target[i] : source[i];
	}
	ends->local_port = facts->sent ? from : to;
	ends->remote_port = facts->sent ? to : from;
}

static __always_inline int put_packet(struct sk_buff *skb, u32 sent)
{
	struct net_device *dev = skb->dev;
	struct scratch *scratch = get_scratch(SLOT_PACKET);
	struct packet_facts facts = { .sent = sent };
	struct bpf_dynptr bytes;
	u64 network = 0, prefix = 0, mac = 0;
	u64 length = skb->len;
	u16 type;

	if (!scratch || !dev || bpf_dynptr_from_skb((struct __sk_buff *)skb, 0, &bytes))
		return 0;
	u64 head = scalar_of(skb->head), data = scalar_of(skb->data);

	type = dev->type;
	bool ethernet = type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK;
	/* what is sent begins with the link's header, what was received is behind it */
	if (sent) {
		network = head + skb->network_header - data;
		if (network > 256)
			return 0;
		ethernet = ethernet && network >= ETHERNET_HEADER;
	} else {
		mac = head + skb->mac_header;
		ethernet = ethernet && skb->mac_header != 0xffff && data - mac == ETHERNET_HEADER;
		prefix = ethernet ? ETHERNET_HEADER : 0;
	}
	if (length <= network + 20)
		return 0;
	u64 some = length - network;

	asm volatile("" : "+r"(some));
	if (some > PACKET_HEADERS)
		some = PACKET_HEADERS;
	__builtin_memset(scratch->bytes, 0, PACKET_HEADERS);
	if (some < 20 || bpf_dynptr_read(scratch->bytes, some, &bytes, (u32)network, 0))
		return 0;
	read_ends(scratch->bytes, &facts);
	facts.ends.net = scalar_of(dev->nd_net.net);
	if (sent) {
		facts.sk = scalar_of(skb->sk);
		facts.thread = acting_thread();
	}
	bool recorded = false;

	if (!facts.sk || !find_by_socket(&facts, &recorded))
		recorded = facts.ends.protocol && find_by_ends(&facts);
	if (!recorded && mode != MODE_ALL)
		return 0;

	u32 skipped = sent && !ethernet ? (u32)network : 0;
	struct rec_packet *rec = (struct rec_packet *)scratch->bytes;

	rec->type = RT_PACKET;
	rec->sent = (u8)sent;
	rec->link = !ethernet ? PACKET_RAW_IP : type == ARPHRD_LOOPBACK ? PACKET_LOOPBACK : PACKET_ETHERNET;
	rec->pad = 0;
	rec->thread = facts.thread;
	rec->resource = facts.resource;
	rec->interface = dev->ifindex;
	rec->ts_ns = now_ns();
	bpf_probe_read_kernel(rec->name, sizeof(rec->name), &dev->name);
	rec->length = (u32)(length - skipped + prefix);
	if (prefix)
		bpf_probe_read_kernel(rec + 1, ETHERNET_HEADER, (const void *)mac);
	u64 kept = length - skipped;

	asm volatile("" : "+r"(kept));
	if (kept > packet_bytes - prefix)
		kept = packet_bytes - prefix;
	asm volatile("" : "+r"(kept));
	if (kept > PACKET_MOST)
		kept = PACKET_MOST;
	u8 *to = (u8 *)(rec + 1) + (prefix ? ETHERNET_HEADER : 0);

	if (!kept || bpf_dynptr_read(to, kept, &bytes, skipped, 0))
		kept = 0;
	u64 size = kept + prefix;

	rec->data_len = (u32)size;
	asm volatile("" : "+r"(size));
	if (size > PACKET_MOST + ETHERNET_HEADER)
		return 0;
	void *ring = event_ring();

	if (!ring || bpf_ringbuf_output(ring, rec, sizeof(*rec) + size, BPF_RB_NO_WAKEUP))
		lose_unattributed(LOSS_PACKETS);
	return 0;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(on_packet_sent, struct sk_buff *skb)
{
	return put_packet(skb, 1);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_packet_received, struct sk_buff *skb)
{
	return put_packet(skb, 0);
}
