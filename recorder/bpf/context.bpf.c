/* In what context this CPU is: which softirq, a timer that fires, a disk request that completes, the
 * socket that gets data. Kept per CPU by cheap tracepoints, read when somebody is woken. */

enum { SOFTIRQ_TIMER = 1, SOFTIRQ_NET_TX = 2, SOFTIRQ_NET_RX = 3, SOFTIRQ_BLOCK = 4,
       SOFTIRQ_IRQ_POLL = 5, SOFTIRQ_HRTIMER = 8 }; /* include/linux/interrupt.h */

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	struct cpu_context *context = cpu_context();

	if (context) {
		context->softirq = vector + 1;
		context->disk_softirq = 0;
		context->socket = 0;
	}
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int vector)
{
	struct cpu_context *context = cpu_context();

	if (context)
		context->softirq = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry)
{
	struct cpu_context *context = cpu_context();

	if (context) {
		context->irq = 1;
		context->disk_irq = 0;
	}
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit)
{
	struct cpu_context *context = cpu_context();

	if (context)
		context->irq = 0;
	return 0;
}

SEC("tp_btf/hrtimer_expire_entry")
int BPF_PROG(on_hrtimer_entry)
{
	struct cpu_context *context = cpu_context();

	if (context)
		context->timer = 1;
	return 0;
}

SEC("tp_btf/hrtimer_expire_exit")
int BPF_PROG(on_hrtimer_exit)
{
	struct cpu_context *context = cpu_context();

	if (context)
		context->timer = 0;
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_block_complete)
{
	struct cpu_context *context = cpu_context();

	if (context) {
		context->disk_irq = context->irq;
		context->disk_softirq = context->softirq;
	}
	return 0;
}

/* 6.3 (40e0b0908142): sk_data_ready */
SEC("tp_btf/sk_data_ready")
int BPF_PROG(on_data_ready, const struct sock *sk)
{
	struct cpu_context *context = cpu_context();

	if (context)
		*(volatile u64 *)&context->socket = (u64)sk;
	return 0;
}

/* WAKER_*. Being on a task's stack proves nothing: the preempt count tells. Where it cannot be had,
 * what the tracepoints saw. `task_addr`: the current task. */
static __always_inline u8 waker_context(u64 task_addr, struct cpu_context *context)
{
	u32 count = preempt_count(task_addr, &context->preempt_count);
	bool hard, soft;

	if (count != 0xffffffff) {
		hard = count & (HARDIRQ_MASK | NMI_MASK);
		soft = count & SOFTIRQ_SERVING;
	} else {
		hard = context->irq || context->timer;
		soft = context->softirq;
	}
	if (!hard && !soft)
		return GET(TYPED(struct task_struct, task_addr), pid) ? WAKER_THREAD : WAKER_UNKNOWN;
	if (hard) {
		if (context->timer)
			return WAKER_TIMER;
		return context->irq && context->disk_irq ? WAKER_DISK : WAKER_HARDIRQ;
	}
	switch ((int)context->softirq - 1) {
	case SOFTIRQ_TIMER:
	case SOFTIRQ_HRTIMER:
		return WAKER_TIMER;
	case SOFTIRQ_NET_TX:
	case SOFTIRQ_NET_RX:
		return WAKER_NETWORK;
	case SOFTIRQ_BLOCK:
	case SOFTIRQ_IRQ_POLL:
		return WAKER_DISK;
	default:
		return context->disk_softirq ? WAKER_DISK : WAKER_SOFTIRQ;
	}
}
