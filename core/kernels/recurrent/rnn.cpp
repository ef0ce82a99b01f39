#include "sequence_loops.hpp"

namespace plumb::kernel::sequence {

template <class T>
Loops<T> rnn_tanh_loops() {
  return {forward<cells::RnnTanh, T>, backward<cells::RnnTanh, T>};
}

template <class T>
Loops<T> rnn_relu_loops() {
  return {forward<cells::RnnRelu, T>, backward<cells::RnnRelu, T>};
}

template Loops<float> rnn_tanh_loops();
template Loops<double> rnn_tanh_loops();
template Loops<float> rnn_relu_loops();
template Loops<double> rnn_relu_loops();

}  // namespace plumb::kernel::sequence
