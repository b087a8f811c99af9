// A network of one's own, in which every address is this machine: who connects anywhere comes to whom listens
// here, and to nobody else. network_namespaces(7), user_namespaces(7).
#pragma once

namespace tarry::replay {

// Moves the calling process, which must have one thread, and what it starts from now on into a new network
// namespace; without rights by way of a user namespace, in which it stays the same user. Throws Error
// with what the machine does not allow.
void enterPrivateNetwork();

}  // namespace tarry::replay
