// tarry http: HTTP requests and their responses.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"
#include "query/net/http_diff.h"
#include "query/net/http_list.h"
#include "query/net/http_message.h"
#include "query/render/units.h"

namespace tarry::cli {

namespace {

struct HttpFlags : QueryFlags {
  std::string number;
  std::vector<std::string> diff;
  bool raw = false;
  HttpListOptions list;
};

bool isNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int64_t parseRequest(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw UsageError(
        fmt::format("'{}' is no number of a request (tarry http FILE lists them)", printable(text)));
  return value;
}

// "3", or "other.tarry:3".
struct Side {
  std::string file;  // empty: that of the command line
  int64_t number = 0;
};

Side parseSide(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return {{}, parseRequest(text)};
  return {std::string(text.substr(0, colon)), parseRequest(text.substr(colon + 1))};
}

int diff(const HttpFlags& flags, const std::string& file) {
  const Side a = parseSide(flags.diff[0]);
  const Side b = parseSide(flags.diff[1]);
  if (!flags.number.empty()) throw UsageError("--diff takes two requests, and no other is shown with them");
  const std::string own = a.file.empty() || b.file.empty() ? traceFile(file) : std::string();
  const std::string file_a = a.file.empty() ? own : traceFile(a.file);
  const std::string file_b = b.file.empty() ? own : traceFile(b.file);
  const bool same = file_a == file_b;
  HttpDiffOptions options;
  options.format = flags.rowFormat();
  options.style = outputStyle();
  options.name_a =
      same ? fmt::format("request {}", a.number) : fmt::format("{}:{}", printable(file_a), a.number);
  options.name_b =
      same ? fmt::format("request {}", b.number) : fmt::format("{}:{}", printable(file_b), b.number);
  TraceDatabase trace_a = openTrace(file_a, Needs::everything);
  if (same) {
    httpDiffReport(trace_a.db(), a.number, trace_a.db(), b.number, options, std::cout);
  } else {
    TraceDatabase trace_b = openTrace(file_b, Needs::everything);
    httpDiffReport(trace_a.db(), a.number, trace_b.db(), b.number, options, std::cout);
  }
  return 0;
}

int http(HttpFlags& flags) {
  const RowFormat format = flags.rowFormat();
  std::string file = flags.file;
  if (!flags.diff.empty()) return diff(flags, file);
  // `tarry http 3`: the file was left out.
  if (flags.number.empty() && isNumber(file) && ::access(file.c_str(), F_OK) != 0) {
    flags.number = file;
    file.clear();
  }
  if (!flags.number.empty()) {
    const int64_t number = parseRequest(flags.number);
    TraceDatabase trace = openTrace(traceFile(file), Needs::everything);
    httpExchangeReport(trace.db(), number, {format, outputStyle(), flags.raw}, std::cout);
    return 0;
  }
  if (flags.raw) throw UsageError("--raw gives the body of one response: name its number");
  flags.list.format = format;
  flags.list.style = outputStyle();
  TraceDatabase trace = openTrace(traceFile(file), Needs::calls);
  httpReport(trace.db(), flags.list, std::cout);
  return 0;
}

}  // namespace

Action declareHttp(FlagSet& verb) {
  verb.description(
      "The HTTP requests of a trace with their responses, one line each; with a number, one of them whole: "
      "headers, "
      "decoded bodies, times. --diff says what two of them differ in. HTTP/1.x and HTTP/2 are found in what "
      "was "
      "sent and received, so the trace must have been recorded with --snaplen all, or as many bytes as "
      "headers take.");
  auto flags = std::make_shared<HttpFlags>();
  HttpListOptions& list = flags->list;
  declareFile(verb, flags->file);
  verb.addOption("N", flags->number, "number of a request in the list: show all of it");
  verb.addOption("--diff", flags->diff,
                 "two requests, and their responses, side by side; of another trace: FILE:N")
      .valueName("A B")
      .pair();
  verb.addFlag("--raw", flags->raw, "with a number: the response's body alone, decoded, as it is");
  verb.addOption("--host", list.host, "only requests to this host, or one below it").valueName("HOST");
  verb.addOption("--status", list.status, "only with this status: 404, 5xx, 4xx,5xx").valueName("STATUS");
  verb.addOption("--method", list.method, "only with this method").valueName("METHOD");
  verb.addOption("--process", list.process, "only of this process").valueName("PID|NAME");
  verb.addChoice("--side", list.side,
                 {{"auto", HttpSide::automatic},
                  {"client", HttpSide::client},
                  {"server", HttpSide::server},
                  {"all", HttpSide::all}},
                 "of requests that both ends were recorded of: auto (the client's), client, server, all")
      .valueName("SIDE");
  declareFormat(verb, flags->format);
  return [flags] { return http(*flags); };
}

}  // namespace tarry::cli
