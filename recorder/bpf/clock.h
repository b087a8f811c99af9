/* The time of the events: CLOCK_BOOTTIME, ns. The kernel computes it from CLOCK_MONOTONIC, which stands still
 * in a suspend, and takes some 10 ns longer for it: so the difference is kept here. */
#ifndef TARRY_CLOCK_H
#define TARRY_CLOCK_H

enum { CLOCK_ERROR_NS = 100 * 1000 };

__u64 suspended_ns = 0; /* how long this machine was suspended since it was started */

static __always_inline u64 now_ns(void)
{
	return bpf_ktime_get_ns() + *(volatile u64 *)&suspended_ns;
}

/* Three readings, as time passes between two; the middle of the outer ones is within some ns. */
static __always_inline void set_clock(void)
{
	u64 before = bpf_ktime_get_ns();
	u64 boot = bpf_ktime_get_boot_ns();
	u64 after = bpf_ktime_get_ns();
	u64 difference = boot - (before + (after - before) / 2);

	/* what is only the readings' own error would let time go back a little */
	if (difference - suspended_ns + CLOCK_ERROR_NS > 2 * CLOCK_ERROR_NS)
		*(volatile u64 *)&suspended_ns = difference;
}

/* kernel/power: told at every step into and out of a suspend, several times after the clocks go on and
 * before any thread does. */
SEC("tp_btf/suspend_resume")
int on_suspend(void *ctx)
{
	set_clock();
	return 0;
}

#endif
