// Sockets that never block: what Watch connects the ranks with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plumb::distributed::detail {

/// Milliseconds of a clock that is never set. `until` is a time of it.
std::int64_t milliseconds_now();

/// A socket of TCP, or a negative number.
int make_socket();
/// Waits for `what` of poll(); whether it came in time.
bool ready(int socket, short what, std::int64_t until);
/// Whether all bytes went, or came, in time.
bool send_all(int socket, const void* bytes, std::size_t size, std::int64_t until);
bool receive_all(int socket, void* bytes, std::size_t size, std::int64_t until);
/// Whether what connect() began came to a connection: one that was refused is ready to write as well.
bool is_connected(int socket);
/// IPv4 addresses of this host, as on the wire, the loopback last.
std::vector<std::uint32_t> own_addresses();

}  // namespace plumb::distributed::detail
