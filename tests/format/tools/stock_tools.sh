#!/bin/sh
# A trace opens with stock tools: zstd unpacks it, capnp prints every block with our schema, and the
# seek table does not disturb either.
#   stock_tools.sh PROGRAM_THAT_WRITES_A_TRACE SCHEMA
set -eu
make_trace=$1 schema=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$make_trace" > "$dir/t.tarry"
zstd -q -t "$dir/t.tarry"
zstd -q -dc "$dir/t.tarry" | capnp convert binary:json "$schema" Block > "$dir/blocks.json"
for kind in header strings stacks resources processes syscalls payloads switches wakes losses clocks trailer; do
  grep -q "\"$kind\":" "$dir/blocks.json" || { echo "no block of $kind" >&2; exit 1; }
done
grep -q '"signature": *1498567252' "$dir/blocks.json"
grep -q '"hostname": *"testhost"' "$dir/blocks.json"
