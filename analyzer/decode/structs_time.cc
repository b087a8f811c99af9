// Times, timers and clocks.
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;
constexpr int kErrorInterrupted = 4, kErrorRestart = 516;  // EINTR, ERESTART_RESTARTBLOCK

// Bytes of time_t in a timespec of this argument: 64 bits in the *64 types and on x32.
uint32_t timeWord(const Call& call, bool wide) {
  return wide || call.abi() != Abi::i386 ? 8 : 4;
}

void timespecIn(std::string& out, const Call& call, int arg, D direction, bool wide) {
  const uint32_t word = timeWord(call, wide);
  appendStruct(out, call, arg, direction, 2 * word,
               [&](const Bytes& bytes) { appendTimespec(out, bytes, 0, word); });
}

void timespecInput(std::string& out, const Call& call, int arg) {
  timespecIn(out, call, arg, D::in, false);
}
void timespec64Input(std::string& out, const Call& call, int arg) {
  timespecIn(out, call, arg, D::in, true);
}

// What was left of a sleep is written only when a signal ended it.
void timespecOutput(std::string& out, const Call& call, int arg, bool wide) {
  const std::string_view name = call.name();
  if (name != "nanosleep" && !name.starts_with("clock_nanosleep"))
    return timespecIn(out, call, arg, D::out, wide);
  const PayloadRef* payload = call.payload(arg, D::out);
  const uint32_t word = timeWord(call, wide);
  constexpr uint32_t kAbsolute = 1;  // TIMER_ABSTIME: nothing is left of a point in time
  const bool relative = name == "nanosleep" || (call.arg32(1) & kAbsolute) == 0;
  const bool interrupted = relative && (call.error() == kErrorInterrupted || call.error() == kErrorRestart);
  if (!interrupted || call.isNull(arg) || !payload || payload->data.size() < 2 * word) {
    return call.appendAddress(out, arg);
  }
  appendTimespec(out, call.bytes(*payload), 0, word);
}
void timespecOut(std::string& out, const Call& call, int arg) {
  timespecOutput(out, call, arg, false);
}
void timespec64Out(std::string& out, const Call& call, int arg) {
  timespecOutput(out, call, arg, true);
}

void timeval(std::string& out, const Call& call, int arg, D direction) {
  const uint32_t word = timeWord(call, false);
  appendStruct(out, call, arg, direction, 2 * word,
               [&](const Bytes& bytes) { appendTimeval(out, bytes, 0); });
}
void timevalIn(std::string& out, const Call& call, int arg) {
  timeval(out, call, arg, D::in);
}
void timevalOut(std::string& out, const Call& call, int arg) {
  timeval(out, call, arg, D::out);
}

void timeZone(std::string& out, const Call& call, int arg) {
  const D direction = call.name() == "settimeofday" ? D::in : D::out;
  appendStruct(out, call, arg, direction, 8, [&](const Bytes& bytes) {
    out += "{tz_minuteswest=";
    appendSigned(out, bytes.i32(0));
    out += ", tz_dsttime=";
    appendSigned(out, bytes.i32(4));
    out += '}';
  });
}

void itimerval(std::string& out, const Call& call, int arg, D direction) {
  const uint32_t word = timeWord(call, false);
  appendStruct(out, call, arg, direction, 4 * word, [&](const Bytes& bytes) {
    out += "{it_interval=";
    appendTimeval(out, bytes, 0);
    out += ", it_value=";
    appendTimeval(out, bytes, 2 * word);
    out += '}';
  });
}
void itimervalIn(std::string& out, const Call& call, int arg) {
  itimerval(out, call, arg, D::in);
}
void itimervalOut(std::string& out, const Call& call, int arg) {
  itimerval(out, call, arg, D::out);
}

void itimerspec(std::string& out, const Call& call, int arg, D direction, bool wide) {
  const uint32_t word = timeWord(call, wide);
  appendStruct(out, call, arg, direction, 4 * word, [&](const Bytes& bytes) {
    out += "{it_interval=";
    appendTimespec(out, bytes, 0, word);
    out += ", it_value=";
    appendTimespec(out, bytes, 2 * word, word);
    out += '}';
  });
}
void itimerspecIn(std::string& out, const Call& call, int arg) {
  itimerspec(out, call, arg, D::in, false);
}
void itimerspecOut(std::string& out, const Call& call, int arg) {
  itimerspec(out, call, arg, D::out, false);
}
void itimerspec64In(std::string& out, const Call& call, int arg) {
  itimerspec(out, call, arg, D::in, true);
}
void itimerspec64Out(std::string& out, const Call& call, int arg) {
  itimerspec(out, call, arg, D::out, true);
}

// The two times of utimensat, with the date they stand for.
void timespecPairWith(std::string& out, const Call& call, int arg, bool wide) {
  constexpr int64_t kNow = 0x3fffffff, kOmit = 0x3ffffffe;  // UTIME_NOW, UTIME_OMIT
  const uint32_t word = timeWord(call, wide);
  appendStruct(
      out, call, arg, D::in, 4 * word,
      [&](const Bytes& bytes) {
        out += '[';
        for (size_t i = 0; i < 2; ++i) {
          if (i > 0) out += ", ";
          const size_t at = i * 2 * word;
          const auto seconds = word == 8 ? bytes.i64(at) : bytes.i32(at);
          const auto nanoseconds = word == 8 ? bytes.i64(at + 8) : bytes.i32(at + 4);
          if (nanoseconds == kNow || nanoseconds == kOmit) {
            out += nanoseconds == kNow ? "UTIME_NOW" : "UTIME_OMIT";
            continue;
          }
          appendTimespec(out, bytes, at, word);
          appendTimeComment(out, seconds, nanoseconds);
        }
        out += ']';
      },
      "[...]");
}
void timespecPair(std::string& out, const Call& call, int arg) {
  timespecPairWith(out, call, arg, false);
}
void timespec64Pair(std::string& out, const Call& call, int arg) {
  timespecPairWith(out, call, arg, true);
}

void timevalPair(std::string& out, const Call& call, int arg) {
  const uint32_t word = timeWord(call, false);
  appendStruct(
      out, call, arg, D::in, 4 * word,
      [&](const Bytes& bytes) {
        out += '[';
        for (size_t i = 0; i < 2; ++i) {
          if (i > 0) out += ", ";
          appendTimeval(out, bytes, i * 2 * word);
          appendTimeComment(out, bytes.slong(i * 2 * word),
                            bytes.slong(i * 2 * word + word) % 1'000'000 * 1000, true);
        }
        out += ']';
      },
      "[...]");
}

void utimbuf(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 2 * call.word(), [&](const Bytes& bytes) {
    out += "{actime=";
    appendSigned(out, bytes.slong(0));
    appendTimeComment(out, bytes.slong(0), 0);
    out += ", modtime=";
    appendSigned(out, bytes.slong(call.word()));
    appendTimeComment(out, bytes.slong(call.word()), 0);
    out += '}';
  });
}

void timeIs(std::string& out, const Call& call, int arg, D direction) {
  appendStruct(
      out, call, arg, direction, call.word(),
      [&](const Bytes& bytes) {
        out += '[';
        appendSigned(out, bytes.slong(0));
        out += " /* ";
        appendTime(out, bytes.slong(0), 0);
        out += " */]";
      },
      "[...]");
}
void timeOut(std::string& out, const Call& call, int arg) {
  timeIs(out, call, arg, D::out);
}
void timeIn(std::string& out, const Call& call, int arg) {
  timeIs(out, call, arg, D::in);
}

// struct timex of 64-bit ABIs (include/uapi/linux/timex.h); the kernel fills all of it in.
void timex(std::string& out, const Call& call, int arg) {
  if (call.abi() == Abi::i386 && call.type(arg) == ArgType::timex_inout) {
    return appendMissing(out, call, arg, D::out);
  }
  static constexpr Name kModes[] = {{0xa001, "ADJ_OFFSET_SS_READ"},
                                    {0x8001, "ADJ_OFFSET_SINGLESHOT"},
                                    {0x1, "ADJ_OFFSET"},
                                    {0x2, "ADJ_FREQUENCY"},
                                    {0x4, "ADJ_MAXERROR"},
                                    {0x8, "ADJ_ESTERROR"},
                                    {0x10, "ADJ_STATUS"},
                                    {0x20, "ADJ_TIMECONST"},
                                    {0x80, "ADJ_TAI"},
                                    {0x100, "ADJ_SETOFFSET"},
                                    {0x1000, "ADJ_MICRO"},
                                    {0x2000, "ADJ_NANO"},
                                    {0x4000, "ADJ_TICK"}};
  static constexpr Name kStatus[] = {
      {0x1, "STA_PLL"},         {0x2, "STA_PPSFREQ"},     {0x4, "STA_PPSTIME"},     {0x8, "STA_FLL"},
      {0x10, "STA_INS"},        {0x20, "STA_DEL"},        {0x40, "STA_UNSYNC"},     {0x80, "STA_FREQHOLD"},
      {0x100, "STA_PPSSIGNAL"}, {0x200, "STA_PPSJITTER"}, {0x400, "STA_PPSWANDER"}, {0x800, "STA_PPSERROR"},
      {0x1000, "STA_CLOCKERR"}, {0x2000, "STA_NANO"},     {0x4000, "STA_MODE"},     {0x8000, "STA_CLK"}};
  struct Member {
    std::string_view name;
    size_t offset;
    size_t length;
  };
  static constexpr Member kBefore[] = {
      {"offset", 8, 8}, {"freq", 16, 8}, {"maxerror", 24, 8}, {"esterror", 32, 8}};
  static constexpr Member kMiddle[] = {{"constant", 48, 8}, {"precision", 56, 8}, {"tolerance", 64, 8}};
  static constexpr Member kAfter[] = {
      {"tick", 88, 8},    {"ppsfreq", 96, 8}, {"jitter", 104, 8}, {"shift", 112, 4},  {"stabil", 120, 8},
      {"jitcnt", 128, 8}, {"calcnt", 136, 8}, {"errcnt", 144, 8}, {"stbcnt", 152, 8}, {"tai", 160, 4}};
  appendStruct(out, call, arg, D::out, 208, [&](const Bytes& bytes) {
    const auto members = [&](std::span<const Member> list) {
      for (const Member& member : list) {
        out += ", ";
        out += member.name;
        out += '=';
        appendSigned(out, member.length == 8 ? bytes.i64(member.offset) : bytes.i32(member.offset));
      }
    };
    out += "{modes=";
    appendFlags(out, {NameTable::Kind::flags, "ADJ_???", kModes}, bytes.u32(0), call.style());
    members(kBefore);
    out += ", status=";
    appendFlags(out, {NameTable::Kind::flags, "STA_???", kStatus}, bytes.u32(40), call.style());
    members(kMiddle);
    out += ", time=";
    appendTimeval(out, bytes, 72);
    members(kAfter);
    out += '}';
  });
}

void tms(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::out, 4 * call.word(), [&](const Bytes& bytes) {
    static constexpr std::string_view kNames[] = {"tms_utime", "tms_stime", "tms_cutime", "tms_cstime"};
    for (size_t i = 0; i < 4; ++i) {
      out += i == 0 ? "{" : ", ";
      out += kNames[i];
      out += '=';
      appendTicks(out, bytes.ulong(i * call.word()));
    }
    out += '}';
  });
}

// futex's timeout, or a number where the operation has none (appendSpecialCall decides).
void futexTimeout(std::string& out, const Call& call, int arg) {
  timespecIn(out, call, arg, D::in, false);
}
void futexTimeout64(std::string& out, const Call& call, int arg) {
  timespecIn(out, call, arg, D::in, true);
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::timespec_in, Phase::enter, timespecInput},
    {ArgType::timespec_inout, Phase::enter, timespecInput},
    {ArgType::timespec_out, Phase::exit, timespecOut},
    {ArgType::timespec64_in, Phase::enter, timespec64Input},
    {ArgType::timespec64_inout, Phase::enter, timespec64Input},
    {ArgType::timespec64_out, Phase::exit, timespec64Out},
    {ArgType::timespec_pair_in, Phase::enter, timespecPair},
    {ArgType::timespec64_pair_in, Phase::enter, timespec64Pair},
    {ArgType::timeval_in, Phase::enter, timevalIn},
    {ArgType::timeval_inout, Phase::enter, timevalIn},
    {ArgType::timeval_out, Phase::exit, timevalOut},
    {ArgType::timeval_pair_in, Phase::enter, timevalPair},
    {ArgType::timezone, Phase::exit, timeZone},
    {ArgType::itimerval_in, Phase::enter, itimervalIn},
    {ArgType::itimerval_out, Phase::exit, itimervalOut},
    {ArgType::itimerspec_in, Phase::enter, itimerspecIn},
    {ArgType::itimerspec_out, Phase::exit, itimerspecOut},
    {ArgType::itimerspec64_in, Phase::enter, itimerspec64In},
    {ArgType::itimerspec64_out, Phase::exit, itimerspec64Out},
    {ArgType::timex_inout, Phase::exit, timex},
    {ArgType::timex64_inout, Phase::exit, timex},
    {ArgType::utimbuf_in, Phase::enter, utimbuf},
    {ArgType::time_out, Phase::exit, timeOut},
    {ArgType::time_in, Phase::enter, timeIn},
    {ArgType::tms_out, Phase::exit, tms},
    {ArgType::futex_val2, Phase::enter, futexTimeout},
    {ArgType::futex_val2_64, Phase::enter, futexTimeout64},
};

}  // namespace

void appendTimespec(std::string& out, const Bytes& bytes, size_t offset, uint32_t word) {
  out += "{tv_sec=";
  appendSigned(out, word == 8 ? bytes.i64(offset) : bytes.i32(offset));
  out += ", tv_nsec=";
  appendSigned(out, word == 8 ? bytes.i64(offset + 8) : bytes.i32(offset + 4));
  out += '}';
}

void appendTimeval(std::string& out, const Bytes& bytes, size_t offset) {
  out += "{tv_sec=";
  appendSigned(out, bytes.slong(offset));
  out += ", tv_usec=";
  appendSigned(out, bytes.slong(offset + bytes.word()));
  out += '}';
}

std::span<const ArgDecoder> timeDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
