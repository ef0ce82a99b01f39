// Layers of sequences and their results, for other programs. KIND is encoder, attention, lstm or gru:
//   sequence_file save KIND MODEL            saves a model as it starts (safetensors)
//   sequence_file run KIND MODEL X LENGTHS Y loads model, input and lengths (npy), saves the result
#include <cstdio>
#include <memory>
#include <plumb/plumb.hpp>
#include <string>

using namespace plumb;

namespace {

constexpr std::int64_t size = 24, heads = 4;

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
    return nn::Sequential{nn::TransformerEncoderLayer(size, heads, generator, options),
                          nn::TransformerEncoderLayer(size, heads, generator, options)};
  }

  nn::Sequential& layers_;
};

// Null for a kind that there is not.
std::unique_ptr<nn::Layer> make_model(const std::string& kind) {
  Generator generator(11);
  nn::RecurrentOptions deep;
  deep.layers = 2;
  deep.directions = nn::Directions::both;
  if (kind == "encoder") return std::make_unique<Encoder>(generator);
  if (kind == "attention") return std::make_unique<nn::MultiheadAttention>(size, heads, generator);
  if (kind == "lstm") return std::make_unique<nn::LSTM>(size, 16, generator, deep);
  if (kind == "gru") return std::make_unique<nn::GRU>(size, 16, generator, deep);
  return nullptr;
}

int run(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[1] : "";
  const std::unique_ptr<nn::Layer> model = argc > 2 ? make_model(argv[2]) : nullptr;
  if (model == nullptr) return 2;
  if (command == "save" && argc == 4) {
    save_safetensors(argv[3], model->state_dict());
    return 0;
  }
  if (command != "run" || argc != 7) return 2;
  model->load_state_dict(load_safetensors(argv[3]).state);
  const NoGrad no_grad;
  const nn::EvalMode evaluating(*model);
  save_npy(argv[6], (*model)(load_npy(argv[4]), load_npy(argv[5])).value());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sequence_file: %s\n", error.what());
    return 1;
  }
}
