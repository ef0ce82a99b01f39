// at_exit KIND FILE: trains and saves after main has returned, in a destructor of static or thread
// storage or in an atexit handler. What the library keeps in such storage was made later than the
// destructor's object, so that it would be gone by then. Prints "saved".
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <plumb/plumb.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace plumb;

namespace {

std::string file;

// Every rule, drawn digits, loader threads.
struct Training {
  Training() {
    checkpoint.add("model", model);
    checkpoint.add("loader", loader);
    add<optim::SGD>("sgd", optim::SGD::debiased(0.05, 0.9));
    add<optim::Adam>("adam", optim::AdamOptions());
    add<optim::AdamW>("adamw", optim::AdamWOptions());
    add<optim::RMSprop>("rmsprop", optim::RMSpropOptions());
    add<optim::Adagrad>("adagrad", optim::AdagradOptions());
    add<optim::Lion>("lion", optim::LionOptions());
    add<optim::Prodigy>("prodigy", optim::ProdigyOptions());
    checkpoint.add("plateau", plateau);
  }
  template <class Rule, class Options>
  void add(const char* name, const Options& options) {
    rules.push_back(std::make_unique<Rule>(model.parameters(), options));
    checkpoint.add(name, *rules.back());
  }
  static data::LoaderOptions loading() {
    data::LoaderOptions options;
    options.threads = 2;
    return options;
  }

  void train() {
    for (const data::Batch& batch : loader)
      for (auto& rule : rules) {
        const Variable loss = nn::cross_entropy(model(batch.x), batch.y);
        rule->zero_grad();
        loss.backward();
        rule->step();
        plateau.step(loss.item());
      }
  }
  void train_and_save() {
    train();
    checkpoint.save(file);
    checkpoint.load(file);
    std::puts("saved");
  }

  Generator generator{1};
  nn::Sequential model{nn::Linear(784, 32, generator), nn::ReLU(), nn::Linear(32, 10, generator)};
  data::DataLoader loader{std::make_shared<data::SyntheticDigits>(256), loading()};
  std::vector<std::unique_ptr<optim::Optimizer>> rules;
  optim::SGD last{model.parameters(), optim::SGD::plain(0.1)};
  optim::ReduceOnPlateau plateau{last};
  Checkpoint checkpoint;
};

// What is destroyed late trains once more, whether or not it has trained before.
struct Late {
  std::unique_ptr<Training> training;
  bool wanted = false;

  void start() {
    training = std::make_unique<Training>();
    training->train();
  }
  ~Late() {
    if (!wanted) return;
    if (!training) training = std::make_unique<Training>();
    training->train_and_save();
  }
};

Late global;
thread_local Late of_thread;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view kind = argv[1];
  file = argv[2];
  set_num_threads(2);
  if (kind == "global") {
    global.wanted = true;
    global.start();
  } else if (kind == "first") {  // nothing was used before
    global.wanted = true;
  } else if (kind == "handler") {
    std::atexit([] { Training().train_and_save(); });
    Training().train();
  } else if (kind == "main thread") {
    of_thread.wanted = true;
    of_thread.start();
  } else if (kind == "other thread") {
    std::thread([] {
      of_thread.wanted = true;
      of_thread.start();
    }).join();
  } else {
    return 2;
  }
}
