// How a resource is shown: the words of the columns of table `resource`, and one readable name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/events.h"

namespace tarry::analysis {

// As in the column `kind`.
std::string_view resourceKindName(ResourceKind kind);

// "TCP", "UDP", "ICMP", "UNIX-STREAM", ...; "" where there is none.
std::string_view protocolName(const Resource& resource);

// "127.0.0.1", "::1"; IPv4 mapped into IPv6 is shown as IPv4. "" where the resource has no address.
std::string addressText(uint16_t family, const std::array<uint8_t, 16>& address);

// "127.0.0.1:80", "[::1]:80"
std::string endpointText(std::string_view address, uint16_t port);

// Path with an abstract socket's leading NUL shown as @ (as ss does).
std::string displayPath(std::string_view path);

// One readable label. `peer_path`: of the Unix socket at the other end, "" if it has none.
//   /etc/hosts · TCP 127.0.0.1:43210 → 127.0.0.1:5000 · TCP 0.0.0.0:80 (listening) · pipe:[1234]
//   unix:/run/dbus · unix → /run/dbus · unix:[12 ↔ 34] · eventfd
std::string resourceName(const Resource& resource, std::string_view path, std::string_view peer_path);

}  // namespace tarry::analysis
