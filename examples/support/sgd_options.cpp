#include "sgd_options.hpp"

#include "arguments.hpp"

void add_options(CLI::App& app, plumb::optim::SGDOptions& options, const std::string& lr) {
  using arguments::High;
  using arguments::real_number;
  app.add_option("--lr", options.lr, lr)->check(real_number(0, 1e6));
  app.add_option("--momentum", options.momentum, "share of the average that stays each step")
      ->check(real_number(0, 1, High::excluded));
  app.add_option("--dampening", options.dampening,
                 "the gradient enters the average times 1 - this "
                 "(with --debias it equals the momentum unless set)")
      ->check(real_number(0, 1));
  app.add_flag("--debias", options.debias, "divide the average by the weights gathered so far");
  app.add_flag("--nesterov", options.nesterov, "look one step of the average ahead");
  app.add_option("--weight-decay", options.weight_decay, "added to the gradient, times parameter")
      ->check(real_number(0, 1e6));
}

void complete(const CLI::App& app, plumb::optim::SGDOptions& options) {
  if (options.debias && app.count("--dampening") == 0) options.dampening = options.momentum;
  plumb::optim::validate(options);
}
