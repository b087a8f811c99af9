// tarry(1), written in the macros of man(7) from the command table.
#include <string>

#include "cli/help.h"

namespace tarry::cli {
namespace {

// Text for roff: backslashes and hyphens escaped, no line that starts a request by accident.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

void printArgument(const ArgumentHelp& argument, std::ostream& out) {
  out << ".TP\n";
  std::string separator;
  for (const std::string& name : argument.names) {
    out << separator << "\\fB" << roff(name) << "\\fR";
    separator = ", ";
  }
  if (!argument.value.empty()) out << " \\fI" << roff(argument.value) << "\\fR";
  out << '\n' << roff(argument.description) << '\n';
}

void printVerb(const VerbHelp& verb, std::ostream& out) {
  out << ".SS \"tarry " << roff(verb.name) << "\"\n" << roff(verb.description) << '\n';
  if (!verb.example.empty()) out << ".PP\n.EX\n    " << roff(verb.example) << "\n.EE\n";
  for (const ArgumentHelp& argument : verb.positionals) printArgument(argument, out);
  for (const ArgumentGroup& group : verb.groups) {
    for (const ArgumentHelp& argument : group.arguments) {
      if (argument.names.back() != "--help") printArgument(argument, out);
    }
  }
  if (!verb.footer.empty()) out << ".PP\n" << roff(verb.footer) << '\n';
}

}  // namespace

void printManualPage(std::span<const Command> commands, std::ostream& out) {
  out << ".TH TARRY 1 \"\" \"tarry " << TARRY_VERSION << "\" \"User Commands\"\n"
      << ".SH NAME\ntarry \\- record what a program asks of Linux, and say what it was waiting for\n"
      << ".SH SYNOPSIS\n.B tarry\n.I VERB\n[options] [arguments]\n.br\n.B tarry\n.I VERB\n.B \\-\\-help\n"
      << ".SH DESCRIPTION\n"
      << "tarry records system calls, scheduling and wake\\-ups of a command, of running processes, of a "
         "container, a service or a whole machine in one compact trace file, explains from it where the "
         "time went, and gives everything recorded to plain SQL.\n"
      << ".PP\nWhere a trace is left out, the newest \\fI*.tarry\\fR of the current directory is taken, and "
         "said.\n"
      << ".SH VERBS\n";
  for (const Command& command : commands) printVerb(describe(command), out);
  out << ".SH EXIT STATUS\n"
      << "\\fBtarry run\\fR and \\fBtarry record\\fR pass on the exit status of the command; their own "
         "failures are 125, a command that cannot be executed 126, one not found 127.\n"
      << "The other verbs exit with 0, with 2 for wrong usage, and with 1 for any other failure.\n"
      << ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nIf set and not empty, no colours are printed.\n"
      << ".SH SECURITY\n"
      << "A trace can hold secrets (paths, arguments, what was read and written): it is created readable "
         "by its owner only.\n"
      << "To record by eBPF needs root or the capabilities CAP_BPF, CAP_PERFMON and, for the names of kernel "
         "functions, CAP_SYSLOG; \\fBtarry doctor\\fR says what is missing. Recording your own programs by "
         "ptrace and "
         "reading a trace need no rights.\n"
      << ".SH SEE ALSO\n.BR strace (1),\n.BR perf (1),\n.BR time (1),\n.BR ps (1),\n.BR sqlite3 (1)\n";
}

}  // namespace tarry::cli
