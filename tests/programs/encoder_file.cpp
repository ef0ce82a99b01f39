// A transformer encoder and its results, for other programs:
//   encoder_file save MODEL            saves a model as it starts (safetensors)
//   encoder_file run MODEL X LENGTHS Y loads model, input and lengths (npy), saves the result
#include <cstdio>
#include <plumb/plumb.hpp>
#include <string>

using namespace plumb;

namespace {

// torch.nn.TransformerEncoder of two layers, by its names.
class Encoder : public nn::Layer {
 public:
  explicit Encoder(Generator& generator) : layers_(add("layers", make_layers(generator))) {}
  Variable forward(const Variable& x) override { return layers_(x); }
  Variable forward_padded(const Variable& x, const Tensor& lengths) override {
    return layers_(x, lengths);
  }

 private:
  static nn::Sequential make_layers(Generator& generator) {
    nn::TransformerOptions options;
    options.feed_forward = 48;
    options.activation = nn::FeedForward::gelu;
    options.norm = nn::NormOrder::pre;
    return nn::Sequential{nn::TransformerEncoderLayer(24, 4, generator, options),
                          nn::TransformerEncoderLayer(24, 4, generator, options)};
  }

  nn::Sequential& layers_;
};

int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  Generator generator(11);
  Encoder model(generator);
  if (command == "save" && argc == 3) {
    save_safetensors(argv[2], model.state_dict());
    return 0;
  }
  if (command != "run" || argc != 6) return 2;
  model.load_state_dict(load_safetensors(argv[2]).state);
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  save_npy(argv[5], model(load_npy(argv[3]), load_npy(argv[4])).value());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "encoder_file: %s\n", error.what());
    return 1;
  }
}
