#include "sequence_loops.hpp"

namespace plumb::kernel::sequence {

template <class T>
Loops<T> gru_loops() {
  return {forward<cells::Gru, T>, backward<cells::Gru, T>};
}

template Loops<float> gru_loops();
template Loops<double> gru_loops();

}  // namespace plumb::kernel::sequence
