// Where all memory of tensors and graph nodes comes from: 64-byte aligned blocks, kept for reuse.
#pragma once

#include <cstddef>

namespace plumb::memory_pool {

/// A block of at least `bytes` bytes, aligned to 64. Blocks under 64 KiB are kept in a list of the
/// calling thread, larger ones in a list of the process, so that what a loader thread allocates and
/// the training thread frees comes round again. Blocks of 2 MiB and more are aligned to huge pages.
/// Throws "[allocate] ..." with the number of bytes when the system has no more.
void* allocate(std::size_t bytes);

/// Gives back a block of allocate(bytes); `bytes` must be the same number.
void deallocate(void* block, std::size_t bytes) noexcept;

/// Bytes that the process-wide list may keep (default 2 GiB). 0 switches pooling off, for large and
/// small blocks alike; so do the address and thread sanitizers.
void set_limit(std::size_t bytes);

/// Returns all kept blocks of the process and of the calling thread to the system.
void trim();

}  // namespace plumb::memory_pool
