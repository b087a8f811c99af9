// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* tarry's BPF programs, as one object: each source of events is a file. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "recorder/records.h"
#include "recorder/bpf/kernel_compat.h"
#include "recorder/bpf/clock.h"

#include "recorder/bpf/maps.h"
#include "recorder/bpf/lanes.h"
#include "recorder/bpf/packet_ends.h"
#include "recorder/bpf/socket_marks.h"
#include "recorder/bpf/resources.h"
#include "recorder/bpf/short_calls.h"
#include "recorder/bpf/threads.h"
#include "recorder/bpf/polled.h"
#include "recorder/bpf/mapped_code.h"
#include "recorder/bpf/epoll_sets.h"

#include "recorder/bpf/context.bpf.c"
#include "recorder/bpf/signals.bpf.c"
#include "recorder/bpf/sched.bpf.c"
#include "recorder/bpf/syscalls.bpf.c"
#include "recorder/bpf/lifecycle.bpf.c"
#include "recorder/bpf/snapshot.bpf.c"
#include "recorder/bpf/sockets.bpf.c"
#include "recorder/bpf/packets.bpf.c"
#include "recorder/bpf/tls.bpf.c"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
