// Programs that do nothing, on the tracepoints a recorder of calls or of switches must attach to: what
// the kernel itself charges every tool of this kind. And step by step what it charges for that without
// which no call can be recorded with its duration, each step done in the usual way.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "floor.h"

const volatile int steps = kFloorNothing;

struct call {
  __u64 enter_ns;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct call);
} calls SEC(".maps");

struct record {
  __u64 words[8];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 24);
} ring SEC(".maps");

static struct call* currentCall(void) {
  return bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

SEC("tp_btf/sys_enter")
int enter(void* context) {
  (void)context;
  if (steps < kFloorClock) return 0;
  __u64 now = bpf_ktime_get_boot_ns();
  struct call* call = steps < kFloorState ? 0 : currentCall();
  if (call) call->enter_ns = now;
  return 0;
}

SEC("tp_btf/sys_exit")
int leave(void* context) {
  (void)context;
  if (steps < kFloorClock) return 0;
  __u64 now = bpf_ktime_get_boot_ns();
  struct call* call = steps < kFloorState ? 0 : currentCall();
  struct record* record = steps < kFloorRecord ? 0 : bpf_ringbuf_reserve(&ring, sizeof(struct record), 0);
  if (record) {
    record->words[0] = call ? call->enter_ns : 0;
    record->words[1] = now;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  }
  return 0;
}

SEC("tp_btf/sched_switch")
int switched(void* context) {
  (void)context;
  return 0;
}

SEC("tp_btf/sched_waking")
int waking(void* context) {
  (void)context;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
