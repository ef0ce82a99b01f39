// A convolutional model and its logits, for other programs:
//   model_file save MODEL INPUT LOGITS   trains a little, then saves the model (safetensors), an
//                                        input and its logits (npy)
//   model_file run MODEL INPUT LOGITS    loads model and input, saves the logits
#include <cstdio>
#include <plumb/plumb.hpp>
#include <string>

using namespace plumb;

namespace {

nn::Sequential make_model() {
  Generator generator(11);
  return nn::Sequential{nn::Conv2d(1, 4, 3, generator, {2, 1}),  // stride 2, padding 1
                        nn::BatchNorm2d(4),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(4 * 7 * 7, 32, generator),
                        nn::Tanh(),
                        nn::Linear(32, 10, generator)};
}

data::Batch digits(std::int64_t count) {
  data::DigitDelivery delivery;
  delivery.layout = data::ImageLayout::channels;
  data::LoaderOptions options;
  options.batch_size = count;
  data::DataLoader loader(
      std::make_shared<data::SyntheticDigits>(count, data::DigitOptions(), delivery), options);
  return *loader.begin();
}

void train(nn::Layer& model, const data::Batch& batch) {
  optim::SGD optimizer(model.parameters(), optim::SGD::debiased(0.1, 0.9));
  for (int step = 0; step < 20; ++step) {
    const Variable loss = nn::cross_entropy(model(batch.x), batch.y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

void save_logits(nn::Layer& model, const Tensor& x, const std::string& path) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  save_npy(path, model(x).value());
}

int run(const std::string& command, const std::string& model_path, const std::string& input,
        const std::string& logits) {
  nn::Sequential model = make_model();
  if (command == "save") {
    const data::Batch batch = digits(64);
    train(model, batch);
    save_safetensors(model_path, model.state_dict());
    save_npy(input, batch.x);
  } else {
    model.load_state_dict(load_safetensors(model_path).state);
  }
  save_logits(model, load_npy(input), logits);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  try {
    return run(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "model_file: %s\n", error.what());
    return 1;
  }
}
