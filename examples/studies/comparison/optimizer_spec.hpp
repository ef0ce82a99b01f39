// Optimizers as one writes them on a command line: "sgd:momentum=0.9,debias=1".
#pragma once

#include <functional>
#include <memory>
#include <plumb/optim.hpp>
#include <string>

namespace comparison {

/// A rule with its options, but for the learning rate, which is searched for in [lr_low, lr_high].
///
/// Written "[LABEL@]RULE[:NAME=VALUE,...]": the rules are those of optim by their names in
/// small letters (sgd, adamw, schedulefreesgd; not those for matrices alone), the names those of
/// their options (optim/sgd.hpp and so on), 0, 1, false or true for switches.
/// "lr=0.1" fixes the learning rate, "lr=0.001..10" searches there. Without it the range is four
/// decades about what is usual for the rule: 0.001 to 10 for SGD that is plain or debiased, that
/// times 1 - momentum for heavy ball, 0.1 to 1000 for LARS, likewise, 0.0001 to 1 for Adagrad, 1e-6
/// to 0.01 for Lion, 0.001 to 10 for ScheduleFreeSGD, 0.01 to 100 for Prodigy, and 1e-5 to 0.1 for
/// Adam and all others. debias without dampening sets dampening = momentum, as optim::SGD::debiased does.
class OptimizerSpec {
 public:
  /// Throws plumb::Error for what is none of this and for options that the rule refuses.
  static OptimizerSpec parse(const std::string& text);

  /// What it is called: the text itself where no label was given.
  const std::string& label() const { return label_; }
  /// Rule and all options but lr: "SGD momentum=0.9, dampening=0, ...".
  std::string description() const;
  double lr_low() const { return lr_low_; }
  double lr_high() const { return lr_high_; }
  bool searched() const { return lr_low_ < lr_high_; }
  /// What lr comes to where the same gradient arrives at every step: lr (1 - dampening) /
  /// (1 - momentum) with SGD's momentum, lr / (1 - momentum) with RMSprop's and that of LARS,
  /// otherwise lr.
  double effective_lr(double lr) const;

  std::unique_ptr<plumb::optim::Optimizer> make(const plumb::Parameters& parameters,
                                                double lr) const;

 private:
  using Make = std::function<std::unique_ptr<plumb::optim::Optimizer>(
      const plumb::Parameters&, const plumb::optim::Settings&)>;
  OptimizerSpec() = default;
  template <class Rule>
  void read(const std::string& rule, const std::string& options);
  void read_lr(const std::string& value);

  std::string label_, rule_;
  plumb::optim::Settings settings_;  // all of them, lr left out
  double lr_low_ = 0, lr_high_ = 0;
  double factor_ = 1;  // of the effective lr
  Make make_;
};

}  // namespace comparison
