#include "sequence_loops.hpp"

namespace plumb::kernel::sequence {

template <class T>
Loops<T> lstm_loops() {
  return {forward<cells::Lstm, T>, backward<cells::Lstm, T>};
}

template Loops<float> lstm_loops();
template Loops<double> lstm_loops();

}  // namespace plumb::kernel::sequence
