// Networks for images of digits, 28x28 in ten classes: of train_digits, the studies, tests and
// benchmarks.
#pragma once

#include <plumb/nn.hpp>

namespace digit_nets {

using plumb::Generator;
namespace nn = plumb::nn;

/// 784-256-128-10, for images as rows: [n, 784] -> [n, 10], as lstm. All others take [n, 1, 28, 28].
inline nn::Sequential mlp(Generator& generator) {
  return nn::Sequential{nn::Linear(784, 256, generator), nn::ReLU(),
                        nn::Linear(256, 128, generator), nn::ReLU(),
                        nn::Linear(128, 10, generator)};
}

/// An LSTM that reads the 28 rows of an image from top to bottom, for images as rows.
inline nn::Sequential lstm(Generator& generator) {
  return nn::Sequential{nn::Unflatten({28, 28}), nn::LSTM(28, 128, generator), nn::LastStep(),
                        nn::Linear(128, 10, generator)};
}

/// LeNet-5 (LeCun et al. 1998), with ReLU and max pooling as is usual today.
inline nn::Sequential lenet(Generator& generator) {
  return nn::Sequential{nn::Conv2d(1, 6, 5, generator, {1, 2}),  // stride 1, padding 2
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(6, 16, 5, generator),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(400, 120, generator),
                        nn::ReLU(),
                        nn::Linear(120, 84, generator),
                        nn::ReLU(),
                        nn::Linear(84, 10, generator)};
}

/// Two convolutions without padding, two layers behind them.
inline nn::Sequential cnn(Generator& generator) {
  return nn::Sequential{nn::Conv2d(1, 32, 3, generator),
                        nn::ReLU(),
                        nn::Conv2d(32, 64, 3, generator),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(9216, 128, generator),
                        nn::ReLU(),
                        nn::Linear(128, 10, generator)};
}

/// A small network with batch normalization (Ioffe & Szegedy 2015).
inline nn::Sequential cnn_bn(Generator& generator) {
  return nn::Sequential{nn::Conv2d(1, 32, 3, generator, {1, 1}),  // stride 1, padding 1
                        nn::BatchNorm2d(32),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(32, 64, 3, generator, {1, 1}),
                        nn::BatchNorm2d(64),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(3136, 10, generator)};
}

}  // namespace digit_nets
