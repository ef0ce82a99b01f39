#include "node.hpp"

#include "../core/runtime/pool.hpp"

namespace plumb::detail {
namespace {

// Destroying a node drops its edges, which may make further nodes unreachable. They wait here until
// the loop below takes them, so a chain of any length needs no stack.
thread_local Node* unreachable = nullptr;
thread_local bool destroying = false;

void destroy_alone(Node* node) noexcept {
  const std::size_t bytes = node->block_bytes;
  for (std::uint32_t i = 0; i < node->edge_count; ++i) node->edges[i].~Edge();
  node->~Node();
  memory_pool::deallocate(node, bytes);
}

}  // namespace

void destroy(NodeHead* head) noexcept {
  Node* node = static_cast<Node*>(head);
  node->next_ready = unreachable;
  unreachable = node;
  if (destroying) return;
  destroying = true;
  while (unreachable != nullptr) {
    Node* next = unreachable;
    unreachable = next->next_ready;
    destroy_alone(next);
  }
  destroying = false;
}

}  // namespace plumb::detail
