#include "recorder/kernel_symbols.h"

#include <catch2/catch.hpp>

using namespace tarry;

TEST_CASE("KernelSymbols names the function an address lies in") {
  const KernelSymbols symbols(
      "ffffffff81000100 T second\n"
      "ffffffff81000000 t first\n"
      "ffffffff81000180 D data_is_no_code\n"
      "ffffffffc0000000 t of_module\t[ext4]\n");
  const auto inside = symbols.find(0xffffffff81000042);
  CHECK(inside.name == "first");
  CHECK(inside.module == "kernel");
  CHECK(inside.offset == 0x42);
  CHECK(symbols.find(0xffffffff81000100).name == "second");
  CHECK(symbols.find(0xffffffff81000190).name == "second");
  CHECK(symbols.find(0xffffffffc0000010).name == "of_module");
  CHECK(symbols.find(0xffffffffc0000010).module == "ext4");
  CHECK(symbols.find(0x1000).name.empty());
}

TEST_CASE("KernelSymbols finds nothing where the kernel hides addresses") {
  const KernelSymbols symbols("0000000000000000 T first\n0000000000000000 T second\n");
  CHECK(symbols.find(0xffffffff81000042).name.empty());
  CHECK(KernelSymbols("not a line\n\nffff").find(1).name.empty());
}
