// What the programs of floor.bpf.c do at a call, each with what stands before it.
#ifndef TARRY_BENCH_FLOOR_H
#define TARRY_BENCH_FLOOR_H

enum { kFloorNothing, kFloorClock, kFloorState, kFloorRecord };

#endif
