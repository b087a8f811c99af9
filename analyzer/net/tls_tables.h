// Table of TLS sessions.
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct TlsRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger resource_id;
  int64_t upid = 0;
  int64_t utid = 0;
  Label side;
  std::string_view server_name;
  std::string_view alpn;
  std::string_view alpn_offered;
  std::string_view version;
  std::string_view version_offered;
  std::string_view cipher;
  NullableInteger ciphers_offered;
  NullableInteger hello_ns;
  NullableInteger handshake_ns;
  std::string_view alert;
  NullableInteger sent_bytes;
  NullableInteger received_bytes;
  NullableInteger plaintext;
};
inline constexpr Table<TlsRow, 19> kTls{
    "tls",
    "TLS sessions, as far as the payload shows them without their keys: what the hellos say, times and "
    "sizes.",
    {{{"id", &TlsRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &TlsRow::ts, "of the ClientHello, or of the ServerHello where that is all there is"},
      {"resource_id", &TlsRow::resource_id, "socket"},
      {"upid", &TlsRow::upid, "process.upid"},
      {"utid", &TlsRow::utid, "thread.utid of the first hello"},
      {"side", &TlsRow::side, "client, server"},
      {"server_name", &TlsRow::server_name, "that the client asked for (SNI)"},
      {"alpn", &TlsRow::alpn, "protocol that the server chose; from TLS 1.3 on it is encrypted: NULL"},
      {"alpn_offered", &TlsRow::alpn_offered, "protocols that the client offered, h2,http/1.1"},
      {"version", &TlsRow::version, "that the server chose: TLS 1.3"},
      {"version_offered", &TlsRow::version_offered, "the highest that the client offered"},
      {"cipher", &TlsRow::cipher, "that the server chose, its IANA name"},
      {"ciphers_offered", &TlsRow::ciphers_offered, "how many the client offered"},
      {"hello_ns", &TlsRow::hello_ns, "from the ClientHello to the ServerHello"},
      {"handshake_ns", &TlsRow::handshake_ns,
       "from the ClientHello to the last message of the handshake; NULL: it did not come, or is not in the "
       "trace"},
      {"alert", &TlsRow::alert, "the first in clear, but for close_notify: received fatal unknown_ca"},
      {"sent_bytes", &TlsRow::sent_bytes,
       "in records of application data, encrypted; from TLS 1.3 on the end of the handshake is among them; "
       "NULL: not all of them were seen"},
      {"received_bytes", &TlsRow::received_bytes, "the same, received"},
      {"plaintext", &TlsRow::plaintext, "1: what was said is in table plaintext; NULL: not known"}}},
    {"resource_id"}};

}  // namespace tarry::tables
