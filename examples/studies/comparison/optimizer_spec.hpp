// Optimizers as one writes them on a command line: "sgd:momentum=0.9,debias=1".
#pragma once

#include <functional>
#include <memory>
#include <plumb/nn/module.hpp>
#include <plumb/optim.hpp>
#include <string>
#include <vector>

#include "space.hpp"

namespace comparison {

/// A point of an optimizer's space.
struct Configuration {
  double lr = 0;
  std::vector<double> others = {};  ///< Of each dimension but lr, in their order.
};

/// How the learning rate changes over a run.
struct Course {
  double warm_up = 0;  ///< Share of the steps over which it grows linearly, in [0, 1).
  std::string schedule =
      "constant";  ///< What follows: "constant", or "cosine" or "linear" to 0 at the end.
  bool is_constant() const { return warm_up == 0 && schedule == "constant"; }
  /// The curve for a run of so many steps.
  plumb::optim::Curve curve(std::int64_t steps) const;
};

/// What is searched besides what an optimizer's text says.
enum class Search : std::uint8_t {
  lr,    ///< The learning rate alone, where the text does not fix it.
  space  ///< What is usual for the rule as well, and the course of the learning rate.
};

/// A rule with its options, some of them searched for.
///
/// Written "[LABEL@]RULE[:NAME=VALUE,...]": the rules are those of optim by their names in small
/// letters (sgd, adamw, schedulefreesgd), the names those of their options (optim/sgd.hpp and so on), 0,
/// 1, false or true for switches; muon and soap are those of matrix_rules.hpp, with AdamW for what they
/// do not take. warm_up=SHARE and schedule=constant, cosine or linear are the course of the learning
/// rate. A number written LOW..HIGH is searched there, and so are schedules between bars,
/// schedule=constant|cosine.
///
/// Without lr that is searched over four decades about what is usual for the rule: 0.001 to 10 for
/// SGD that is plain or debiased, that times 1 - momentum for heavy ball, 0.1 to 1000 for LARS,
/// likewise, 0.0001 to 1 for Adagrad and Muon, 1e-6 to 0.01 for Lion, 0.001 to 10 for ScheduleFreeSGD,
/// 0.01 to 100 for Prodigy, and 1e-5 to 0.1 for Adam and all others. debias without dampening sets dampening = momentum,
/// as optim::SGD::debiased does. Search::space adds what is not written: beta1 in 0.8..0.98, beta2
/// in 0.95..0.999, RMSprop's alpha in 0.9..0.999, Muon's momentum in 0.8..0.98 and its adamw_ratio in
/// 0.01..1, weight_decay in 1e-4..0.1 for rules that have some unless
/// told otherwise, warm_up in 0..0.2 and schedule=constant|cosine, but for rules that want none.
class OptimizerSpec {
 public:
  /// Throws plumb::Error for what is none of this and for options that the rule refuses.
  static OptimizerSpec parse(const std::string& text, Search search = Search::lr);

  /// What it is called: the text itself where no label was given.
  const std::string& label() const { return label_; }
  /// Rule and all options but lr, and what is searched where: "SGD momentum=0.9, ...; lr in ...".
  std::string description() const;
  /// What is searched; lr is first, if it is.
  const std::vector<Dimension>& space() const& { return space_; }
  const std::vector<Dimension>& space() const&& = delete;
  bool searched() const { return !space_.empty(); }
  /// So many configurations that cover the space evenly, ascending in its first dimension; the one
  /// that there is where nothing is searched.
  std::vector<Configuration> trials(std::int64_t count, plumb::Generator& random) const;

  /// "lr=0.03, momentum=0.95": what is searched, with its values.
  std::string text(const Configuration& configuration) const;
  /// What lr comes to where the same gradient arrives at every step: lr (1 - dampening) /
  /// (1 - momentum) with SGD's momentum, lr / (1 - momentum) with RMSprop's and that of LARS,
  /// otherwise lr.
  double effective_lr(const Configuration& configuration) const;
  Course course(const Configuration& configuration) const;

  /// For all parameters of a model. Throws where the rule finds none to train.
  std::unique_ptr<plumb::optim::Optimizer> make(plumb::nn::Module& model,
                                                const Configuration& configuration) const;

 private:
  // The rule's options with changes, as one of two things.
  struct Rule {
    std::function<std::unique_ptr<plumb::optim::Optimizer>(plumb::nn::Module&,
                                                           const plumb::optim::Settings&)>
        make;
    std::function<double(const plumb::optim::Settings&)> growth;
  };
  OptimizerSpec() = default;
  template <class R>
  void read(const std::string& options, Search search);
  void read_lr(const std::string& value, double highest);
  void read_course(const std::string& name, const std::string& value);
  template <class F>
  void for_others(const Configuration& configuration, F f) const;
  plumb::optim::Settings settings(const Configuration& configuration) const;

  std::string label_, title_;
  plumb::optim::Settings settings_;  // all of them, lr left out
  std::vector<Dimension> space_;
  double lr_ = 0;  // where it is not searched
  Course course_;
  Rule rule_;
};

}  // namespace comparison
