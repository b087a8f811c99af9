#include <catch2/catch.hpp>
#include <random>

#include "analyzer/decode/render.h"
#include "format/syscall_table.h"

using namespace tarry;

// A trace may come from anywhere: whatever bytes stand behind an argument, a text comes out.
TEST_CASE("decoders survive arguments and structures made of noise") {
  std::mt19937_64 random(4711);
  constexpr size_t kSizes[] = {0, 1, 2, 4, 8, 12, 16, 24, 56, 64, 144, 256, 400};
  RenderOptions options;
  for (const Abi abi : {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64}) {
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      CAPTURE(abiName(abi), spec.name);
      for (int round = 0; round < 12; ++round) {
        SyscallEvent event;
        event.abi = abi;
        event.nr = spec.nr;
        event.arg_mask = static_cast<uint8_t>(random());
        event.flags.unfinished = random() % 8 == 0;
        event.ret = round % 3 == 0 ? -static_cast<int64_t>(random() % 600)
                                   : static_cast<int64_t>(random() >> random() % 64);
        for (int64_t& arg : event.args) arg = static_cast<int64_t>(random() >> random() % 64);
        std::vector<std::vector<uint8_t>> memory;
        std::vector<PayloadRef> payloads;
        for (uint8_t arg = 0; arg < spec.arg_count; ++arg) {
          // 9 to 13: those of the first of several messages
          for (const uint8_t part : std::initializer_list<uint8_t>{0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13}) {
            for (const auto direction : {PayloadDirection::in, PayloadDirection::out}) {
              std::vector<uint8_t> bytes(kSizes[random() % std::size(kSizes)]);
              // Small values are the likelier ones to be taken for lengths that fit.
              for (uint8_t& byte : bytes)
                byte = static_cast<uint8_t>(random() % 4 == 0 ? random() : random() % 3);
              memory.push_back(std::move(bytes));
              PayloadRef payload;
              payload.arg = arg;
              payload.part = part;
              payload.direction = direction;
              payload.length = random() >> random() % 64;
              payload.data = memory.back();
              payloads.push_back(payload);
            }
          }
        }
        event.payloads = payloads;
        options.abbreviate = round % 2 == 0;
        options.names = round % 5 == 0 ? NameStyle::both : NameStyle::names;
        const RenderedCall call = renderCall(
            event, [](StringId) { return "text"; }, [](ResourceId) { return "label"; }, options);
        CHECK(call.entered <= call.args.size());
        CHECK(call.args.size() < 100'000);
        CHECK_FALSE(call.result.empty());
      }
    }
  }
}
