/* Whose a packet is: what is received names no socket, and so do some of those that the kernel sends on its
 * own. So the ends of recorded sockets are kept, by which their packets are found. Only filled where packets
 * are recorded; all of it forgets what was not asked for longest. */
#ifndef TARRY_PACKET_ENDS_H
#define TARRY_PACKET_ENDS_H

const volatile __u32 packet_bytes = 0; /* that are kept of a packet; 0: packets are not recorded */

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58

/* Addresses as in IPv6, those of IPv4 mapped into it; ports in host order. */
struct packet_ends {
	u64 net; /* address of the network namespace */
	u64 local[2], remote[2];
	u16 local_port, remote_port;
	u32 protocol;
};

/* A connection's, as last seen. Its socket may be gone while its last packets are on their way. */
struct packet_owner {
	u64 sk;
	u32 mark;     /* socket_mark.id; 0: a datagram socket */
	u32 resource; /* 0: not asked for yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct packet_ends);
	__type(value, struct packet_owner);
} packet_owners SEC(".maps");

struct packet_port {
	u64 net;
	u32 port;
	u32 protocol;
};

/* Datagram sockets by their ports alone, for those that have said nothing yet. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct packet_port);
	__type(value, u64);
} packet_ports SEC(".maps");

/* Recorded sockets that are not TCP's, with their inodes: nothing tells of their end, so an address that is
 * used again shows by its inode alone. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
} datagram_marks SEC(".maps");

static __always_inline void map_address(u64 *to, u32 address)
{
	to[0] = 0;
	to[1] = (u64)address << 32 | 0xffff0000;
}

/* False: no internet socket. Ends that it has not got are 0 (an address of IPv4: mapped). */
static __always_inline bool ends_of_socket(u64 sk_addr, u32 protocol, struct packet_ends *ends)
{
	struct sock_common *sk = TYPED(struct sock_common, sk_addr);
	u16 family = GET(sk, skc_family);

	if (family == AF_INET) {
		map_address(ends->local, GET(sk, skc_rcv_saddr));
		map_address(ends->remote, GET(sk, skc_daddr));
	} else if (family == AF_INET6) {
		u64 local = sk_addr + bpf_core_field_offset(struct sock_common, skc_v6_rcv_saddr);
		u64 remote = sk_addr + bpf_core_field_offset(struct sock_common, skc_v6_daddr);

		ends->local[0] = load_word(local);
		ends->local[1] = load_word(local + 8);
		ends->remote[0] = load_word(remote);
		ends->remote[1] = load_word(remote + 8);
	} else {
		return false;
	}
	ends->net = load_word(sk_addr + bpf_core_field_offset(struct sock_common, skc_net));
	ends->local_port = GET(sk, skc_num);
	ends->remote_port = __builtin_bswap16(GET(sk, skc_dport));
	ends->protocol = protocol;
	return true;
}

/* Keeps the ends of a recorded socket that is connected, as it has them now. Takes much of the stack. */
static __noinline void remember_ends(u64 sk_addr, u32 protocol, u32 mark)
{
	struct packet_ends ends = {};
	struct packet_owner owner = { .sk = sk_addr, .mark = mark };

	if (!packet_bytes || !ends_of_socket(sk_addr, protocol, &ends) || !ends.local_port)
		return;
	if (ends.remote_port)
		bpf_map_update_elem(&packet_owners, &ends, &owner, BPF_ANY);
}

static __always_inline void remember_port(u64 sk_addr)
{
	struct sock_common *sk = TYPED(struct sock_common, sk_addr);
	struct packet_port port = {
		.net = load_word(sk_addr + bpf_core_field_offset(struct sock_common, skc_net)),
		.port = GET(sk, skc_num),
		.protocol = GET(TYPED(struct sock, sk_addr), sk_protocol),
	};

	u64 *known = bpf_map_lookup_elem(&packet_ports, &port);

	if (port.port && !(known && *known == sk_addr))
		bpf_map_update_elem(&packet_ports, &port, &sk_addr, BPF_ANY);
}

/* A recorded thread uses a socket that is not TCP's. */
static __always_inline void mark_datagrams(u64 sk_addr, u64 inode)
{
	if (!packet_bytes)
		return;
	struct sock *sk = TYPED(struct sock, sk_addr);
	u16 family = GET(TYPED(struct sock_common, sk_addr), skc_family);

	if (family != AF_INET && family != AF_INET6)
		return;
	bpf_map_update_elem(&datagram_marks, &sk_addr, &inode, BPF_ANY);
	if (GET(sk, sk_type) == SOCK_DGRAM)
		remember_port(sk_addr);
}

#endif
