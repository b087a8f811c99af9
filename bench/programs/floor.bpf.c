// Programs that do nothing, on the tracepoints a recorder of calls or of switches must attach to: what
// the kernel itself charges every tool of this kind.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tp_btf/sys_enter")
int enter(void* context) {
  (void)context;
  return 0;
}

SEC("tp_btf/sys_exit")
int leave(void* context) {
  (void)context;
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
