// Names of flags and constants of sockets, waiting, time and IPC: see names.h. Values are those of the kernel
// ABI, in the order in which strace tests and prints them.
#include "analyzer/decode/names.h"

namespace tarry::decode {
namespace {

// clang-format off
constexpr Name kSocketDomainNames[] = {
    {0, "AF_UNSPEC"}, {1, "AF_UNIX"}, {2, "AF_INET"}, {3, "AF_AX25"}, {4, "AF_IPX"}, {5, "AF_APPLETALK"},
    {6, "AF_NETROM"}, {7, "AF_BRIDGE"}, {8, "AF_ATMPVC"}, {9, "AF_X25"}, {0xa, "AF_INET6"},
    {0xb, "AF_ROSE"}, {0xc, "AF_DECnet"}, {0xd, "AF_NETBEUI"}, {0xe, "AF_SECURITY"}, {0xf, "AF_KEY"},
    {0x10, "AF_NETLINK"}, {0x11, "AF_PACKET"}, {0x12, "AF_ASH"}, {0x13, "AF_ECONET"}, {0x14, "AF_ATMSVC"},
    {0x15, "AF_RDS"}, {0x16, "AF_SNA"}, {0x17, "AF_IRDA"}, {0x18, "AF_PPPOX"}, {0x19, "AF_WANPIPE"},
    {0x1a, "AF_LLC"}, {0x1b, "AF_IB"}, {0x1c, "AF_MPLS"}, {0x1d, "AF_CAN"}, {0x1e, "AF_TIPC"},
    {0x1f, "AF_BLUETOOTH"}, {0x20, "AF_IUCV"}, {0x21, "AF_RXRPC"}, {0x22, "AF_ISDN"}, {0x23, "AF_PHONET"},
    {0x24, "AF_IEEE802154"}, {0x25, "AF_CAIF"}, {0x26, "AF_ALG"}, {0x27, "AF_NFC"}, {0x28, "AF_VSOCK"},
    {0x29, "AF_KCM"}, {0x2a, "AF_QIPCRTR"}, {0x2b, "AF_SMC"}, {0x2c, "AF_XDP"}, {0x2d, "AF_MCTP"},
};
constexpr Name kSocketTypesNames[] = {
    {1, "SOCK_STREAM"}, {2, "SOCK_DGRAM"}, {3, "SOCK_RAW"}, {4, "SOCK_RDM"}, {5, "SOCK_SEQPACKET"},
    {6, "SOCK_DCCP"}, {0xa, "SOCK_PACKET"},
};
constexpr Name kAcceptFlagsNames[] = {
    {0x80000, "SOCK_CLOEXEC"}, {0x800, "SOCK_NONBLOCK"},
};
constexpr Name kInetProtocolsNames[] = {
    {0, "IPPROTO_IP"}, {1, "IPPROTO_ICMP"}, {2, "IPPROTO_IGMP"}, {4, "IPPROTO_IPIP"}, {6, "IPPROTO_TCP"},
    {8, "IPPROTO_EGP"}, {0xc, "IPPROTO_PUP"}, {0x11, "IPPROTO_UDP"}, {0x16, "IPPROTO_IDP"},
    {0x1d, "IPPROTO_TP"}, {0x21, "IPPROTO_DCCP"}, {0x29, "IPPROTO_IPV6"}, {0x2b, "IPPROTO_ROUTING"},
    {0x2c, "IPPROTO_FRAGMENT"}, {0x2e, "IPPROTO_RSVP"}, {0x2f, "IPPROTO_GRE"}, {0x32, "IPPROTO_ESP"},
    {0x33, "IPPROTO_AH"}, {0x3a, "IPPROTO_ICMPV6"}, {0x3b, "IPPROTO_NONE"}, {0x3c, "IPPROTO_DSTOPTS"},
    {0x5c, "IPPROTO_MTP"}, {0x5e, "IPPROTO_BEETPH"}, {0x62, "IPPROTO_ENCAP"}, {0x67, "IPPROTO_PIM"},
    {0x6c, "IPPROTO_COMP"}, {0x73, "IPPROTO_L2TP"}, {0x84, "IPPROTO_SCTP"}, {0x87, "IPPROTO_MH"},
    {0x88, "IPPROTO_UDPLITE"}, {0x89, "IPPROTO_MPLS"}, {0x8f, "IPPROTO_ETHERNET"}, {0xff, "IPPROTO_RAW"},
    {0x106, "IPPROTO_MPTCP"},
};
constexpr Name kNetlinkProtocolsNames[] = {
    {0, "NETLINK_ROUTE"}, {1, "NETLINK_UNUSED"}, {2, "NETLINK_USERSOCK"}, {3, "NETLINK_FIREWALL"},
    {4, "NETLINK_SOCK_DIAG"}, {5, "NETLINK_NFLOG"}, {6, "NETLINK_XFRM"}, {7, "NETLINK_SELINUX"},
    {8, "NETLINK_ISCSI"}, {9, "NETLINK_AUDIT"}, {0xa, "NETLINK_FIB_LOOKUP"}, {0xb, "NETLINK_CONNECTOR"},
    {0xc, "NETLINK_NETFILTER"}, {0xd, "NETLINK_IP6_FW"}, {0xe, "NETLINK_DNRTMSG"},
    {0xf, "NETLINK_KOBJECT_UEVENT"}, {0x10, "NETLINK_GENERIC"}, {0x12, "NETLINK_SCSITRANSPORT"},
    {0x13, "NETLINK_ECRYPTFS"}, {0x14, "NETLINK_RDMA"}, {0x15, "NETLINK_CRYPTO"}, {0x16, "NETLINK_SMC"},
};
constexpr Name kEtherTypesNames[] = {
    {3, "ETH_P_ALL"}, {0x60, "ETH_P_LOOP"}, {0x800, "ETH_P_IP"}, {0x806, "ETH_P_ARP"},
    {0x8100, "ETH_P_8021Q"}, {0x86dd, "ETH_P_IPV6"},
};
constexpr Name kMsgFlagsNames[] = {
    {1, "MSG_OOB"}, {2, "MSG_PEEK"}, {4, "MSG_DONTROUTE"}, {8, "MSG_CTRUNC"}, {0x10, "MSG_PROBE"},
    {0x20, "MSG_TRUNC"}, {0x40, "MSG_DONTWAIT"}, {0x80, "MSG_EOR"}, {0x100, "MSG_WAITALL"},
    {0x200, "MSG_FIN"}, {0x400, "MSG_SYN"}, {0x800, "MSG_CONFIRM"}, {0x1000, "MSG_RST"},
    {0x2000, "MSG_ERRQUEUE"}, {0x4000, "MSG_NOSIGNAL"}, {0x8000, "MSG_MORE"}, {0x10000, "MSG_WAITFORONE"},
    {0x20000, "MSG_SENDPAGE_NOTLAST"}, {0x40000, "MSG_BATCH"}, {0x80000, "MSG_NO_SHARED_FRAGS"},
    {0x4000000, "MSG_ZEROCOPY"}, {0x20000000, "MSG_FASTOPEN"}, {0x40000000, "MSG_CMSG_CLOEXEC"},
    {0x80000000, "MSG_CMSG_COMPAT"},
};
constexpr Name kShutdownHowNames[] = {
    {0, "SHUT_RD"}, {1, "SHUT_WR"}, {2, "SHUT_RDWR"},
};
constexpr Name kSockoptLevelNames[] = {
    {0, "SOL_IP"}, {1, "SOL_SOCKET"}, {6, "SOL_TCP"}, {0x11, "SOL_UDP"}, {0x29, "SOL_IPV6"},
    {0x3a, "SOL_ICMPV6"}, {0x84, "SOL_SCTP"}, {0xff, "SOL_RAW"}, {0x105, "SOL_DECNET"}, {0x106, "SOL_X25"},
    {0x107, "SOL_PACKET"}, {0x108, "SOL_ATM"}, {0x109, "SOL_AAL"}, {0x10a, "SOL_IRDA"},
    {0x10b, "SOL_NETBEUI"}, {0x10c, "SOL_LLC"}, {0x10d, "SOL_DCCP"}, {0x10e, "SOL_NETLINK"},
    {0x10f, "SOL_TIPC"}, {0x110, "SOL_RXRPC"}, {0x111, "SOL_PPPOL2TP"}, {0x112, "SOL_BLUETOOTH"},
    {0x113, "SOL_PNPIPE"}, {0x114, "SOL_RDS"}, {0x115, "SOL_IUCV"}, {0x116, "SOL_CAIF"}, {0x117, "SOL_ALG"},
    {0x118, "SOL_NFC"}, {0x119, "SOL_KCM"}, {0x11a, "SOL_TLS"}, {0x11b, "SOL_XDP"}, {0x11c, "SOL_MPTCP"},
    {0x11d, "SOL_MCTP"}, {0x11e, "SOL_SMC"}, {0x11f, "SOL_VSOCK"},
};
constexpr Name kSocketOptionsNames[] = {
    {1, "SO_DEBUG"}, {2, "SO_REUSEADDR"}, {3, "SO_TYPE"}, {4, "SO_ERROR"}, {5, "SO_DONTROUTE"},
    {6, "SO_BROADCAST"}, {7, "SO_SNDBUF"}, {8, "SO_RCVBUF"}, {9, "SO_KEEPALIVE"}, {0xa, "SO_OOBINLINE"},
    {0xb, "SO_NO_CHECK"}, {0xc, "SO_PRIORITY"}, {0xd, "SO_LINGER"}, {0xe, "SO_BSDCOMPAT"},
    {0xf, "SO_REUSEPORT"}, {0x10, "SO_PASSCRED"}, {0x11, "SO_PEERCRED"}, {0x12, "SO_RCVLOWAT"},
    {0x13, "SO_SNDLOWAT"}, {0x14, "SO_RCVTIMEO_OLD"}, {0x15, "SO_SNDTIMEO_OLD"}, {0x19, "SO_BINDTODEVICE"},
    {0x1a, "SO_ATTACH_FILTER"}, {0x1b, "SO_DETACH_FILTER"}, {0x1c, "SO_PEERNAME"},
    {0x1d, "SO_TIMESTAMP_OLD"}, {0x1e, "SO_ACCEPTCONN"}, {0x1f, "SO_PEERSEC"}, {0x20, "SO_SNDBUFFORCE"},
    {0x21, "SO_RCVBUFFORCE"}, {0x22, "SO_PASSSEC"}, {0x23, "SO_TIMESTAMPNS_OLD"}, {0x24, "SO_MARK"},
    {0x25, "SO_TIMESTAMPING_OLD"}, {0x26, "SO_PROTOCOL"}, {0x27, "SO_DOMAIN"}, {0x28, "SO_RXQ_OVFL"},
    {0x29, "SO_WIFI_STATUS"}, {0x2a, "SO_PEEK_OFF"}, {0x2b, "SO_NOFCS"}, {0x2c, "SO_LOCK_FILTER"},
    {0x2d, "SO_SELECT_ERR_QUEUE"}, {0x2e, "SO_BUSY_POLL"}, {0x2f, "SO_MAX_PACING_RATE"},
    {0x30, "SO_BPF_EXTENSIONS"}, {0x31, "SO_INCOMING_CPU"}, {0x32, "SO_ATTACH_BPF"},
    {0x33, "SO_ATTACH_REUSEPORT_CBPF"}, {0x34, "SO_ATTACH_REUSEPORT_EBPF"}, {0x35, "SO_CNX_ADVICE"},
    {0x37, "SO_MEMINFO"}, {0x38, "SO_INCOMING_NAPI_ID"}, {0x39, "SO_COOKIE"}, {0x3b, "SO_PEERGROUPS"},
    {0x3c, "SO_ZEROCOPY"}, {0x3d, "SO_TXTIME"}, {0x3e, "SO_BINDTOIFINDEX"}, {0x3f, "SO_TIMESTAMP_NEW"},
    {0x40, "SO_TIMESTAMPNS_NEW"}, {0x41, "SO_TIMESTAMPING_NEW"}, {0x42, "SO_RCVTIMEO_NEW"},
    {0x43, "SO_SNDTIMEO_NEW"}, {0x44, "SO_DETACH_REUSEPORT_BPF"}, {0x45, "SO_PREFER_BUSY_POLL"},
    {0x46, "SO_BUSY_POLL_BUDGET"}, {0x47, "SO_NETNS_COOKIE"}, {0x48, "SO_BUF_LOCK"},
    {0x49, "SO_RESERVE_MEM"}, {0x4a, "SO_TXREHASH"}, {0x4b, "SO_RCVMARK"}, {0x4c, "SO_PASSPIDFD"},
    {0x4d, "SO_PEERPIDFD"},
};
constexpr Name kTcpOptionsNames[] = {
    {1, "TCP_NODELAY"}, {2, "TCP_MAXSEG"}, {3, "TCP_CORK"}, {4, "TCP_KEEPIDLE"}, {5, "TCP_KEEPINTVL"},
    {6, "TCP_KEEPCNT"}, {7, "TCP_SYNCNT"}, {8, "TCP_LINGER2"}, {9, "TCP_DEFER_ACCEPT"},
    {0xa, "TCP_WINDOW_CLAMP"}, {0xb, "TCP_INFO"}, {0xc, "TCP_QUICKACK"}, {0xd, "TCP_CONGESTION"},
    {0xe, "TCP_MD5SIG"}, {0xf, "TCP_COOKIE_TRANSACTIONS"}, {0x10, "TCP_THIN_LINEAR_TIMEOUTS"},
    {0x11, "TCP_THIN_DUPACK"}, {0x12, "TCP_USER_TIMEOUT"}, {0x13, "TCP_REPAIR"}, {0x14, "TCP_REPAIR_QUEUE"},
    {0x15, "TCP_QUEUE_SEQ"}, {0x16, "TCP_REPAIR_OPTIONS"}, {0x17, "TCP_FASTOPEN"}, {0x18, "TCP_TIMESTAMP"},
    {0x19, "TCP_NOTSENT_LOWAT"}, {0x1a, "TCP_CC_INFO"}, {0x1b, "TCP_SAVE_SYN"}, {0x1c, "TCP_SAVED_SYN"},
    {0x1d, "TCP_REPAIR_WINDOW"}, {0x1e, "TCP_FASTOPEN_CONNECT"}, {0x1f, "TCP_ULP"},
    {0x20, "TCP_MD5SIG_EXT"}, {0x21, "TCP_FASTOPEN_KEY"}, {0x22, "TCP_FASTOPEN_NO_COOKIE"},
    {0x23, "TCP_ZEROCOPY_RECEIVE"}, {0x24, "TCP_INQ"}, {0x25, "TCP_TX_DELAY"},
};
constexpr Name kIpOptionsNames[] = {
    {1, "IP_TOS"}, {2, "IP_TTL"}, {3, "IP_HDRINCL"}, {4, "IP_OPTIONS"}, {5, "IP_ROUTER_ALERT"},
    {6, "IP_RECVOPTS"}, {7, "IP_RETOPTS"}, {8, "IP_PKTINFO"}, {9, "IP_PKTOPTIONS"},
    {0xa, "IP_MTU_DISCOVER"}, {0xb, "IP_RECVERR"}, {0xc, "IP_RECVTTL"}, {0xd, "IP_RECVTOS"},
    {0xe, "IP_MTU"}, {0xf, "IP_FREEBIND"}, {0x10, "IP_IPSEC_POLICY"}, {0x11, "IP_XFRM_POLICY"},
    {0x12, "IP_PASSSEC"}, {0x13, "IP_TRANSPARENT"}, {0x14, "IP_ORIGDSTADDR"}, {0x15, "IP_MINTTL"},
    {0x16, "IP_NODEFRAG"}, {0x17, "IP_CHECKSUM"}, {0x18, "IP_BIND_ADDRESS_NO_PORT"},
    {0x19, "IP_RECVFRAGSIZE"}, {0x1a, "IP_RECVERR_RFC4884"}, {0x20, "IP_MULTICAST_IF"},
    {0x21, "IP_MULTICAST_TTL"}, {0x22, "IP_MULTICAST_LOOP"}, {0x23, "IP_ADD_MEMBERSHIP"},
    {0x24, "IP_DROP_MEMBERSHIP"}, {0x25, "IP_UNBLOCK_SOURCE"}, {0x26, "IP_BLOCK_SOURCE"},
    {0x27, "IP_ADD_SOURCE_MEMBERSHIP"}, {0x28, "IP_DROP_SOURCE_MEMBERSHIP"}, {0x29, "IP_MSFILTER"},
    {0x31, "IP_MULTICAST_ALL"}, {0x32, "IP_UNICAST_IF"}, {0x33, "IP_LOCAL_PORT_RANGE"},
    {0x34, "IP_PROTOCOL"},
};
constexpr Name kNetlinkOptionsNames[] = {
    {1, "NETLINK_ADD_MEMBERSHIP"}, {2, "NETLINK_DROP_MEMBERSHIP"}, {3, "NETLINK_PKTINFO"},
    {4, "NETLINK_BROADCAST_ERROR"}, {5, "NETLINK_NO_ENOBUFS"}, {6, "NETLINK_RX_RING"},
    {7, "NETLINK_TX_RING"}, {8, "NETLINK_LISTEN_ALL_NSID"}, {9, "NETLINK_LIST_MEMBERSHIPS"},
    {10, "NETLINK_CAP_ACK"}, {11, "NETLINK_EXT_ACK"}, {12, "NETLINK_GET_STRICT_CHK"},
};
constexpr Name kIpv6OptionsNames[] = {
    {1, "IPV6_ADDRFORM"}, {2, "IPV6_2292PKTINFO"}, {3, "IPV6_2292HOPOPTS"}, {4, "IPV6_2292DSTOPTS"},
    {5, "IPV6_2292RTHDR"}, {6, "IPV6_2292PKTOPTIONS"}, {7, "IPV6_CHECKSUM"}, {8, "IPV6_2292HOPLIMIT"},
    {0xb, "IPV6_FLOWINFO"}, {0x10, "IPV6_UNICAST_HOPS"}, {0x11, "IPV6_MULTICAST_IF"},
    {0x12, "IPV6_MULTICAST_HOPS"}, {0x13, "IPV6_MULTICAST_LOOP"}, {0x14, "IPV6_ADD_MEMBERSHIP"},
    {0x15, "IPV6_DROP_MEMBERSHIP"}, {0x16, "IPV6_ROUTER_ALERT"}, {0x17, "IPV6_MTU_DISCOVER"},
    {0x18, "IPV6_MTU"}, {0x19, "IPV6_RECVERR"}, {0x1a, "IPV6_V6ONLY"}, {0x1b, "IPV6_JOIN_ANYCAST"},
    {0x1c, "IPV6_LEAVE_ANYCAST"}, {0x1d, "IPV6_MULTICAST_ALL"}, {0x31, "IPV6_RECVPKTINFO"},
    {0x32, "IPV6_PKTINFO"}, {0x33, "IPV6_RECVHOPLIMIT"}, {0x34, "IPV6_HOPLIMIT"},
    {0x35, "IPV6_RECVHOPOPTS"}, {0x36, "IPV6_HOPOPTS"}, {0x38, "IPV6_RECVRTHDR"}, {0x39, "IPV6_RTHDR"},
    {0x3a, "IPV6_RECVDSTOPTS"}, {0x3b, "IPV6_DSTOPTS"}, {0x3c, "IPV6_RECVPATHMTU"}, {0x3d, "IPV6_PATHMTU"},
    {0x3e, "IPV6_DONTFRAG"}, {0x42, "IPV6_RECVTCLASS"}, {0x43, "IPV6_TCLASS"}, {0x46, "IPV6_AUTOFLOWLABEL"},
    {0x48, "IPV6_ADDR_PREFERENCES"}, {0x49, "IPV6_MINHOPCOUNT"}, {0x4a, "IPV6_ORIGDSTADDR"},
    {0x4b, "IPV6_TRANSPARENT"}, {0x4c, "IPV6_UNICAST_IF"}, {0x4d, "IPV6_RECVFRAGSIZE"},
    {0x4e, "IPV6_FREEBIND"},
};
constexpr Name kScmTypesNames[] = {
    {1, "SCM_RIGHTS"}, {2, "SCM_CREDENTIALS"}, {3, "SCM_SECURITY"}, {4, "SCM_PIDFD"},
};
constexpr Name kPollEventsNames[] = {
    {1, "POLLIN"}, {2, "POLLPRI"}, {4, "POLLOUT"}, {8, "POLLERR"}, {0x10, "POLLHUP"}, {0x20, "POLLNVAL"},
    {0x40, "POLLRDNORM"}, {0x80, "POLLRDBAND"}, {0x100, "POLLWRNORM"}, {0x200, "POLLWRBAND"},
    {0x400, "POLLMSG"}, {0x1000, "POLLREMOVE"}, {0x2000, "POLLRDHUP"}, {0x8000, "POLL_BUSY_LOOP"},
};
constexpr Name kEpollEventsNames[] = {
    {1, "EPOLLIN"}, {2, "EPOLLPRI"}, {4, "EPOLLOUT"}, {8, "EPOLLERR"}, {0x10, "EPOLLHUP"},
    {0x20, "EPOLLNVAL"}, {0x40, "EPOLLRDNORM"}, {0x80, "EPOLLRDBAND"}, {0x100, "EPOLLWRNORM"},
    {0x200, "EPOLLWRBAND"}, {0x400, "EPOLLMSG"}, {0x2000, "EPOLLRDHUP"}, {0x10000000, "EPOLLEXCLUSIVE"},
    {0x20000000, "EPOLLWAKEUP"}, {0x40000000, "EPOLLONESHOT"}, {0x80000000, "EPOLLET"},
};
constexpr Name kEpollOpNames[] = {
    {1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"},
};
constexpr Name kEpollCreateFlagsNames[] = {
    {0x80000, "EPOLL_CLOEXEC"},
};
constexpr Name kEventfdFlagsNames[] = {
    {1, "EFD_SEMAPHORE"}, {0x80000, "EFD_CLOEXEC"}, {0x800, "EFD_NONBLOCK"},
};
constexpr Name kTimerfdFlagsNames[] = {
    {0x80000, "TFD_CLOEXEC"}, {0x800, "TFD_NONBLOCK"},
};
constexpr Name kTimerfdSettimeFlagsNames[] = {
    {1, "TFD_TIMER_ABSTIME"}, {2, "TFD_TIMER_CANCEL_ON_SET"},
};
constexpr Name kTimerFlagsNames[] = {
    {1, "TIMER_ABSTIME"},
};
constexpr Name kSignalfdFlagsNames[] = {
    {0x80000, "SFD_CLOEXEC"}, {0x800, "SFD_NONBLOCK"},
};
constexpr Name kItimerWhichNames[] = {
    {0, "ITIMER_REAL"}, {1, "ITIMER_VIRTUAL"}, {2, "ITIMER_PROF"},
};
constexpr Name kClockIdNames[] = {
    {0, "CLOCK_REALTIME"}, {1, "CLOCK_MONOTONIC"}, {2, "CLOCK_PROCESS_CPUTIME_ID"},
    {3, "CLOCK_THREAD_CPUTIME_ID"}, {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"},
    {6, "CLOCK_MONOTONIC_COARSE"}, {7, "CLOCK_BOOTTIME"}, {8, "CLOCK_REALTIME_ALARM"},
    {9, "CLOCK_BOOTTIME_ALARM"}, {0xa, "CLOCK_SGI_CYCLE"}, {0xb, "CLOCK_TAI"},
};
constexpr Name kFutexOpsNames[] = {
    {0, "FUTEX_WAIT"}, {1, "FUTEX_WAKE"}, {2, "FUTEX_FD"}, {3, "FUTEX_REQUEUE"}, {4, "FUTEX_CMP_REQUEUE"},
    {5, "FUTEX_WAKE_OP"}, {6, "FUTEX_LOCK_PI"}, {7, "FUTEX_UNLOCK_PI"}, {8, "FUTEX_TRYLOCK_PI"},
    {9, "FUTEX_WAIT_BITSET"}, {0xa, "FUTEX_WAKE_BITSET"}, {0xb, "FUTEX_WAIT_REQUEUE_PI"},
    {0xc, "FUTEX_CMP_REQUEUE_PI"}, {0xd, "FUTEX_LOCK_PI2"},
};
constexpr Name kFutexWaitvFlagsNames[] = {
    {2, "FUTEX_32"}, {0x80, "FUTEX_PRIVATE_FLAG"},
};
constexpr Name kFutexWakeOpsNames[] = {
    {0, "FUTEX_OP_SET"}, {1, "FUTEX_OP_ADD"}, {2, "FUTEX_OP_OR"}, {3, "FUTEX_OP_ANDN"}, {4, "FUTEX_OP_XOR"},
};
constexpr Name kFutexWakeCmpsNames[] = {
    {0, "FUTEX_OP_CMP_EQ"}, {1, "FUTEX_OP_CMP_NE"}, {2, "FUTEX_OP_CMP_LT"}, {3, "FUTEX_OP_CMP_LE"},
    {4, "FUTEX_OP_CMP_GT"}, {5, "FUTEX_OP_CMP_GE"},
};
constexpr Name kIoUringEnterFlagsNames[] = {
    {1, "IORING_ENTER_GETEVENTS"}, {2, "IORING_ENTER_SQ_WAKEUP"}, {4, "IORING_ENTER_SQ_WAIT"},
    {8, "IORING_ENTER_EXT_ARG"}, {0x10, "IORING_ENTER_REGISTERED_RING"},
};
constexpr Name kIoUringRegisterOpNames[] = {
    {0, "IORING_REGISTER_BUFFERS"}, {1, "IORING_UNREGISTER_BUFFERS"}, {2, "IORING_REGISTER_FILES"},
    {3, "IORING_UNREGISTER_FILES"}, {4, "IORING_REGISTER_EVENTFD"}, {5, "IORING_UNREGISTER_EVENTFD"},
    {6, "IORING_REGISTER_FILES_UPDATE"}, {7, "IORING_REGISTER_EVENTFD_ASYNC"}, {8, "IORING_REGISTER_PROBE"},
    {9, "IORING_REGISTER_PERSONALITY"}, {0xa, "IORING_UNREGISTER_PERSONALITY"},
    {0xb, "IORING_REGISTER_RESTRICTIONS"}, {0xc, "IORING_REGISTER_ENABLE_RINGS"},
    {0xd, "IORING_REGISTER_FILES2"}, {0xe, "IORING_REGISTER_FILES_UPDATE2"},
    {0xf, "IORING_REGISTER_BUFFERS2"}, {0x10, "IORING_REGISTER_BUFFERS_UPDATE"},
    {0x11, "IORING_REGISTER_IOWQ_AFF"}, {0x12, "IORING_UNREGISTER_IOWQ_AFF"},
    {0x13, "IORING_REGISTER_IOWQ_MAX_WORKERS"}, {0x14, "IORING_REGISTER_RING_FDS"},
    {0x15, "IORING_UNREGISTER_RING_FDS"}, {0x16, "IORING_REGISTER_PBUF_RING"},
    {0x17, "IORING_UNREGISTER_PBUF_RING"}, {0x18, "IORING_REGISTER_SYNC_CANCEL"},
    {0x19, "IORING_REGISTER_FILE_ALLOC_RANGE"},
};
constexpr Name kIoUringSetupNames[] = {
    {1, "IORING_SETUP_IOPOLL"}, {2, "IORING_SETUP_SQPOLL"}, {4, "IORING_SETUP_SQ_AFF"},
    {8, "IORING_SETUP_CQSIZE"}, {0x10, "IORING_SETUP_CLAMP"}, {0x20, "IORING_SETUP_ATTACH_WQ"},
    {0x40, "IORING_SETUP_R_DISABLED"}, {0x80, "IORING_SETUP_SUBMIT_ALL"},
    {0x100, "IORING_SETUP_COOP_TASKRUN"}, {0x200, "IORING_SETUP_TASKRUN_FLAG"},
    {0x400, "IORING_SETUP_SQE128"}, {0x800, "IORING_SETUP_CQE32"}, {0x1000, "IORING_SETUP_SINGLE_ISSUER"},
    {0x2000, "IORING_SETUP_DEFER_TASKRUN"},
};
constexpr Name kIoUringFeaturesNames[] = {
    {1, "IORING_FEAT_SINGLE_MMAP"}, {2, "IORING_FEAT_NODROP"}, {4, "IORING_FEAT_SUBMIT_STABLE"},
    {8, "IORING_FEAT_RW_CUR_POS"}, {0x10, "IORING_FEAT_CUR_PERSONALITY"}, {0x20, "IORING_FEAT_FAST_POLL"},
    {0x40, "IORING_FEAT_POLL_32BITS"}, {0x80, "IORING_FEAT_SQPOLL_NONFIXED"},
    {0x100, "IORING_FEAT_EXT_ARG"}, {0x200, "IORING_FEAT_NATIVE_WORKERS"}, {0x400, "IORING_FEAT_RSRC_TAGS"},
    {0x800, "IORING_FEAT_CQE_SKIP"}, {0x1000, "IORING_FEAT_LINKED_FILE"},
    {0x2000, "IORING_FEAT_REG_REG_RING"},
};
constexpr Name kIpcFlagsNames[] = {
    {0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "IPC_NOWAIT"},
};
constexpr Name kShmFlagsNames[] = {
    {0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "SHM_HUGETLB"}, {0x1000, "SHM_NORESERVE"},
};
constexpr Name kMsgQueueFlagsNames[] = {
    {0x1000, "MSG_NOERROR"}, {0x2000, "MSG_EXCEPT"}, {0x4000, "MSG_COPY"}, {0x800, "IPC_NOWAIT"},
};
constexpr Name kSemFlagsNames[] = {
    {0x1000, "SEM_UNDO"}, {0x800, "IPC_NOWAIT"},
};
constexpr Name kIpcCommandsNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"},
};
constexpr Name kSemCommandsNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "GETPID"}, {0xc, "GETVAL"},
    {0xd, "GETALL"}, {0xe, "GETNCNT"}, {0xf, "GETZCNT"}, {0x10, "SETVAL"}, {0x11, "SETALL"},
    {0x12, "SEM_STAT"}, {0x13, "SEM_INFO"}, {0x14, "SEM_STAT_ANY"},
};
constexpr Name kShmCommandsNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "SHM_LOCK"},
    {0xc, "SHM_UNLOCK"}, {0xd, "SHM_STAT"}, {0xe, "SHM_INFO"}, {0xf, "SHM_STAT_ANY"},
};
constexpr Name kMsgCommandsNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "MSG_STAT"}, {0xc, "MSG_INFO"},
    {0xd, "MSG_STAT_ANY"},
};
constexpr Name kSocketcallNrNames[] = {
    {1, "SYS_SOCKET"}, {2, "SYS_BIND"}, {3, "SYS_CONNECT"}, {4, "SYS_LISTEN"}, {5, "SYS_ACCEPT"},
    {6, "SYS_GETSOCKNAME"}, {7, "SYS_GETPEERNAME"}, {8, "SYS_SOCKETPAIR"}, {9, "SYS_SEND"},
    {0xa, "SYS_RECV"}, {0xb, "SYS_SENDTO"}, {0xc, "SYS_RECVFROM"}, {0xd, "SYS_SHUTDOWN"},
    {0xe, "SYS_SETSOCKOPT"}, {0xf, "SYS_GETSOCKOPT"}, {0x10, "SYS_SENDMSG"}, {0x11, "SYS_RECVMSG"},
    {0x12, "SYS_ACCEPT4"}, {0x13, "SYS_RECVMMSG"}, {0x14, "SYS_SENDMMSG"},
};
constexpr Name kIpcCallNrNames[] = {
    {1, "SEMOP"}, {2, "SEMGET"}, {3, "SEMCTL"}, {4, "SEMTIMEDOP"}, {0xb, "MSGSND"}, {0xc, "MSGRCV"},
    {0xd, "MSGGET"}, {0xe, "MSGCTL"}, {0x15, "SHMAT"}, {0x16, "SHMDT"}, {0x17, "SHMGET"}, {0x18, "SHMCTL"},
};
// clang-format on

}  // namespace

const NameTable kSocketDomain = {NameTable::Kind::values, "AF_???", kSocketDomainNames};
const NameTable kSocketTypes = {NameTable::Kind::values, "SOCK_???", kSocketTypesNames};
const NameTable kAcceptFlags = {NameTable::Kind::flags, "SOCK_???", kAcceptFlagsNames};
const NameTable kInetProtocols = {NameTable::Kind::values, "IPPROTO_???", kInetProtocolsNames};
const NameTable kNetlinkProtocols = {NameTable::Kind::values, "NETLINK_???", kNetlinkProtocolsNames};
const NameTable kEtherTypes = {NameTable::Kind::values, "ETH_P_???", kEtherTypesNames};
const NameTable kMsgFlags = {NameTable::Kind::flags, "MSG_???", kMsgFlagsNames};
const NameTable kShutdownHow = {NameTable::Kind::values, "SHUT_???", kShutdownHowNames};
const NameTable kSockoptLevel = {NameTable::Kind::values, "SOL_??", kSockoptLevelNames};
const NameTable kSocketOptions = {NameTable::Kind::values, "SO_???", kSocketOptionsNames};
const NameTable kTcpOptions = {NameTable::Kind::values, "TCP_???", kTcpOptionsNames};
const NameTable kIpOptions = {NameTable::Kind::values, "IP_???", kIpOptionsNames};
const NameTable kIpv6Options = {NameTable::Kind::values, "IPV6_???", kIpv6OptionsNames};
const NameTable kNetlinkOptions = {NameTable::Kind::values, "NETLINK_???", kNetlinkOptionsNames};
const NameTable kScmTypes = {NameTable::Kind::values, "SCM_???", kScmTypesNames};
const NameTable kPollEvents = {NameTable::Kind::flags, "POLL???", kPollEventsNames};
const NameTable kEpollEvents = {NameTable::Kind::flags, "EPOLL???", kEpollEventsNames};
const NameTable kEpollOp = {NameTable::Kind::values, "EPOLL_CTL_???", kEpollOpNames};
const NameTable kEpollCreateFlags = {NameTable::Kind::flags, "EPOLL_???", kEpollCreateFlagsNames};
const NameTable kEventfdFlags = {NameTable::Kind::flags, "EFD_???", kEventfdFlagsNames};
const NameTable kTimerfdFlags = {NameTable::Kind::flags, "TFD_???", kTimerfdFlagsNames};
const NameTable kTimerfdSettimeFlags = {NameTable::Kind::flags, "TFD_???", kTimerfdSettimeFlagsNames};
const NameTable kTimerFlags = {NameTable::Kind::flags, "TIMER_???", kTimerFlagsNames};
const NameTable kClockNanosleepFlags = {NameTable::Kind::flags, "TIMER_???", kTimerFlagsNames};
const NameTable kSignalfdFlags = {NameTable::Kind::flags, "SFD_???", kSignalfdFlagsNames};
const NameTable kItimerWhich = {NameTable::Kind::values, "ITIMER_???", kItimerWhichNames};
const NameTable kClockId = {NameTable::Kind::values, "CLOCK_???", kClockIdNames};
const NameTable kFutexOps = {NameTable::Kind::values, "FUTEX_???", kFutexOpsNames};
const NameTable kFutexWaitvFlags = {NameTable::Kind::flags, "FUTEX_???", kFutexWaitvFlagsNames};
const NameTable kFutexWakeOps = {NameTable::Kind::values, "FUTEX_OP_???", kFutexWakeOpsNames};
const NameTable kFutexWakeCmps = {NameTable::Kind::values, "FUTEX_OP_CMP_???", kFutexWakeCmpsNames};
const NameTable kIoUringEnterFlags = {NameTable::Kind::flags, "IORING_ENTER_???", kIoUringEnterFlagsNames};
const NameTable kIoUringRegisterOp = {NameTable::Kind::values, "IORING_REGISTER_???",
                                      kIoUringRegisterOpNames};
const NameTable kIoUringSetup = {NameTable::Kind::flags, "IORING_SETUP_???", kIoUringSetupNames};
const NameTable kIoUringFeatures = {NameTable::Kind::flags, "IORING_FEAT_???", kIoUringFeaturesNames};
const NameTable kIpcFlags = {NameTable::Kind::flags, "IPC_???", kIpcFlagsNames};
const NameTable kShmFlags = {NameTable::Kind::flags, "SHM_???", kShmFlagsNames};
const NameTable kMsgQueueFlags = {NameTable::Kind::flags, "MSG_???", kMsgQueueFlagsNames};
const NameTable kSemFlags = {NameTable::Kind::flags, "SEM_???", kSemFlagsNames};
const NameTable kIpcCommands = {NameTable::Kind::values, "IPC_???", kIpcCommandsNames};
const NameTable kSemCommands = {NameTable::Kind::values, "SEM_???", kSemCommandsNames};
const NameTable kShmCommands = {NameTable::Kind::values, "SHM_???", kShmCommandsNames};
const NameTable kMsgCommands = {NameTable::Kind::values, "MSG_???", kMsgCommandsNames};
const NameTable kSocketcallNr = {NameTable::Kind::values, "SYS_???", kSocketcallNrNames};
const NameTable kIpcCallNr = {NameTable::Kind::values, "IPC_???", kIpcCallNrNames};

}  // namespace tarry::decode
