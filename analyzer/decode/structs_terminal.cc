// Settings of terminals: struct termios, termios2 and termio of the kernel
// (include/uapi/asm-generic/termbits.h), window sizes, modem lines. ioctl_tty(2).
#include <array>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

constexpr Name kInput[] = {{0x1, "IGNBRK"},   {0x2, "BRKINT"},     {0x4, "IGNPAR"},  {0x8, "PARMRK"},
                           {0x10, "INPCK"},   {0x20, "ISTRIP"},    {0x40, "INLCR"},  {0x80, "IGNCR"},
                           {0x100, "ICRNL"},  {0x200, "IUCLC"},    {0x400, "IXON"},  {0x800, "IXANY"},
                           {0x1000, "IXOFF"}, {0x2000, "IMAXBEL"}, {0x4000, "IUTF8"}};
constexpr Name kOutput[] = {{0x1, "OPOST"},  {0x2, "OLCUC"},   {0x4, "ONLCR"},  {0x8, "OCRNL"},
                            {0x10, "ONOCR"}, {0x20, "ONLRET"}, {0x40, "OFILL"}, {0x80, "OFDEL"}};
constexpr Name kControl[] = {{0x40, "CSTOPB"},       {0x80, "CREAD"},        {0x100, "PARENB"},
                             {0x200, "PARODD"},      {0x400, "HUPCL"},       {0x800, "CLOCAL"},
                             {0x40000000, "CMSPAR"}, {0x80000000, "CRTSCTS"}};
// In strace's order.
constexpr Name kLocal[] = {{0x1, "ISIG"},      {0x2, "ICANON"},    {0x4, "XCASE"},     {0x8, "ECHO"},
                           {0x10, "ECHOE"},    {0x20, "ECHOK"},    {0x40, "ECHONL"},   {0x80, "NOFLSH"},
                           {0x8000, "IEXTEN"}, {0x200, "ECHOCTL"}, {0x400, "ECHOPRT"}, {0x800, "ECHOKE"},
                           {0x1000, "FLUSHO"}, {0x4000, "PENDIN"}, {0x100, "TOSTOP"},  {0x10000, "EXTPROC"}};

// c_oflag's delays: a field of some bits each, named by its value.
struct Delay {
  uint32_t mask;
  uint32_t unit;
  std::array<std::string_view, 4> names;
};
constexpr Delay kDelays[] = {
    {0x100, 0x100, {"NL0", "NL1"}},
    {0x600, 0x200, {"CR0", "CR1", "CR2", "CR3"}},
    {0x1800, 0x800, {"TAB0", "TAB1", "TAB2", "XTABS"}},
    {0x2000, 0x2000, {"BS0", "BS1"}},
    {0x4000, 0x4000, {"VT0", "VT1"}},
    {0x8000, 0x8000, {"FF0", "FF1"}},
};

constexpr Name kSpeeds[] = {{0, "B0"},
                            {1, "B50"},
                            {2, "B75"},
                            {3, "B110"},
                            {4, "B134"},
                            {5, "B150"},
                            {6, "B200"},
                            {7, "B300"},
                            {8, "B600"},
                            {9, "B1200"},
                            {10, "B1800"},
                            {11, "B2400"},
                            {12, "B4800"},
                            {13, "B9600"},
                            {14, "B19200"},
                            {15, "B38400"},
                            {0x1000, "BOTHER"},
                            {0x1001, "B57600"},
                            {0x1002, "B115200"},
                            {0x1003, "B230400"},
                            {0x1004, "B460800"},
                            {0x1005, "B500000"},
                            {0x1006, "B576000"},
                            {0x1007, "B921600"},
                            {0x1008, "B1000000"},
                            {0x1009, "B1152000"},
                            {0x100a, "B1500000"},
                            {0x100b, "B2000000"},
                            {0x100c, "B2500000"},
                            {0x100d, "B3000000"},
                            {0x100e, "B3500000"},
                            {0x100f, "B4000000"}};
constexpr NameTable kSpeedTable{NameTable::Kind::values, "B???", kSpeeds};
constexpr std::string_view kSizes[] = {"CS5", "CS6", "CS7", "CS8"};
constexpr Name kDisciplines[] = {{0, "N_TTY"}, {1, "N_SLIP"}, {2, "N_MOUSE"}, {3, "N_PPP"}, {4, "N_STRIP"}};
constexpr Name kModemLines[] = {{0x1, "TIOCM_LE"},      {0x2, "TIOCM_DTR"},     {0x4, "TIOCM_RTS"},
                                {0x8, "TIOCM_ST"},      {0x10, "TIOCM_SR"},     {0x20, "TIOCM_CTS"},
                                {0x40, "TIOCM_CAR"},    {0x80, "TIOCM_RNG"},    {0x100, "TIOCM_DSR"},
                                {0x2000, "TIOCM_OUT1"}, {0x4000, "TIOCM_OUT2"}, {0x8000, "TIOCM_LOOP"}};
constexpr std::string_view kCharacters[] = {"VINTR",    "VQUIT",    "VERASE",  "VKILL",  "VEOF",  "VTIME",
                                            "VMIN",     "VSWTC",    "VSTART",  "VSTOP",  "VSUSP", "VEOL",
                                            "VREPRINT", "VDISCARD", "VWERASE", "VLNEXT", "VEOL2"};

// Nothing at all where no bit is set, as strace.
void appendBitsOf(std::string& out, std::span<const Name> names, uint64_t value, NameStyle style) {
  if (value != 0) appendFlags(out, {NameTable::Kind::flags, "", names}, value, style);
}

void appendOutputFlags(std::string& out, uint32_t value) {
  for (const Delay& delay : kDelays) {
    out += delay.names[(value & delay.mask) / delay.unit];
    out += '|';
    value &= ~delay.mask;
  }
  appendBitsOf(out, kOutput, value, NameStyle::names);
}

void appendControlFlags(std::string& out, uint32_t value) {
  constexpr uint32_t kOutSpeed = 0x100f, kInSpeed = 0x100f0000, kSize = 0x30;
  appendConstant(out, kSpeedTable, value & kOutSpeed, NameStyle::names);
  out += '|';
  if (value & kInSpeed) {
    appendConstant(out, kSpeedTable, (value & kInSpeed) >> 16, NameStyle::names);
    out += "<<IBSHIFT|";
  }
  out += kSizes[(value & kSize) >> 4];
  out += '|';
  appendBitsOf(out, kControl, value & ~(kOutSpeed | kInSpeed | kSize), NameStyle::names);
}

void appendCharacters(std::string& out, const Bytes& bytes, size_t at, size_t count) {
  out += "c_cc=[";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    out += '[';
    if (i < std::size(kCharacters)) {
      out += kCharacters[i];
    } else {
      appendUnsigned(out, i);
    }
    out += "]=";
    appendHex(out, bytes.u8(at + i));
  }
  out += ']';
}

}  // namespace

void appendTermios(std::string& out, const Call& call, int arg, PayloadDirection direction) {
  constexpr size_t kLine = 16, kFirstCharacter = 17, kCharacterCount = 19, kSize = 36, kWithSpeeds = 44;
  appendStruct(out, call, arg, direction, kSize, [&](const Bytes& bytes) {
    const bool names = call.style() != NameStyle::raw;
    const auto field = [&](std::string_view name, size_t at, auto&& append) {
      out += name;
      if (names) {
        append(bytes.u32(at));
      } else {
        appendHex(out, bytes.u32(at));
      }
    };
    field("{c_iflag=", 0, [&](uint32_t value) { appendBitsOf(out, kInput, value, NameStyle::names); });
    field(", c_oflag=", 4, [&](uint32_t value) { appendOutputFlags(out, value); });
    field(", c_cflag=", 8, [&](uint32_t value) { appendControlFlags(out, value); });
    field(", c_lflag=", 12, [&](uint32_t value) { appendBitsOf(out, kLocal, value, NameStyle::names); });
    if (call.options().abbreviate) {
      out += ", ...}";
      return;
    }
    out += ", c_line=";
    appendConstant(out, {NameTable::Kind::values, "N_???", kDisciplines}, bytes.u8(kLine), call.style());
    out += ", ";
    appendCharacters(out, bytes, kFirstCharacter, kCharacterCount);
    if (bytes.has(0, kWithSpeeds)) {
      out += ", c_ispeed=";
      appendUnsigned(out, bytes.u32(kSize));
      out += ", c_ospeed=";
      appendUnsigned(out, bytes.u32(kSize + 4));
    }
    out += '}';
  });
}

void appendWindowSize(std::string& out, const Call& call, int arg, PayloadDirection direction) {
  appendStruct(out, call, arg, direction, 8, [&](const Bytes& bytes) {
    static constexpr std::string_view kNames[] = {"ws_row", "ws_col", "ws_xpixel", "ws_ypixel"};
    for (size_t i = 0; i < 4; ++i) {
      out += i == 0 ? "{" : ", ";
      out += kNames[i];
      out += '=';
      appendUnsigned(out, bytes.u16(i * 2));
    }
    out += '}';
  });
}

void appendModemLines(std::string& out, const Call& call, int arg, PayloadDirection direction) {
  appendStruct(
      out, call, arg, direction, 4,
      [&](const Bytes& bytes) {
        out += '[';
        appendFlags(out, {NameTable::Kind::flags, "TIOCM_???", kModemLines}, bytes.u32(0), call.style());
        out += ']';
      },
      "[...]");
}

}  // namespace tarry::decode
