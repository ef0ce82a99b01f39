#include "leave_one_out.hpp"

#include <algorithm>
#include <cstdio>
#include <plumb/autograd.hpp>
#include <plumb/core.hpp>
#include <utility>

#include "progress.hpp"

using namespace plumb;

namespace {

std::int64_t likeliest(const Tensor& shares) { return argmax(shares, 1).item<std::int64_t>(); }

}  // namespace

LeaveOneOut::LeaveOneOut(Data samples) : samples_(std::move(samples)) {
  for (std::int64_t i = 0; i < samples_->size(); ++i)
    classes_.push_back(samples_->gather({i}).y.item<std::int64_t>());
  shares_.resize(classes_.size());
}

void LeaveOneOut::run(const Train& train) {
  const std::string title = errors::text("run ", errors_.size() + 1);
  Progress progress(samples_->size(), 0, "errors");
  progress.begin(title, samples_->size(), 0);
  std::int64_t errors = 0;
  for (const data::Fold& fold : data::leave_one_out(samples_->size())) {
    const auto i = static_cast<std::size_t>(fold.test[0]);
    const std::unique_ptr<nn::Layer> model =
        train(std::make_shared<data::Subset>(samples_, fold.train));
    const NoGrad no_grad;
    const nn::EvalMode evaluating(*model);
    const data::Batch batch = samples_->gather(fold.test);
    const Tensor shares = softmax((*model)(batch.x, batch.lengths), 1).value();
    errors += likeliest(shares) != classes_[i] ? 1 : 0;
    shares_[i] = shares_[i].defined() ? shares_[i] + shares : shares;
    progress.step(1, [&] { return static_cast<double>(errors); });
  }
  progress.clear();
  errors_.push_back(errors);
  std::printf("%s: %lld errors\n", title.c_str(), static_cast<long long>(errors));
  std::fflush(stdout);
}

void LeaveOneOut::print() const {
  std::vector<std::int64_t> sorted = errors_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  const double median = static_cast<double>(sorted[half] + sorted[(sorted.size() - 1) / 2]) / 2;
  std::int64_t together = 0;
  for (std::size_t i = 0; i < classes_.size(); ++i)
    together += likeliest(shares_[i]) != classes_[i] ? 1 : 0;
  const auto all = static_cast<long long>(classes_.size());
  std::printf("\nleave one out   %g errors of %lld (median of %zu runs)\n", median, all,
              errors_.size());
  std::printf("ensemble        %lld errors of %lld\n", static_cast<long long>(together), all);
  // Two classifiers differ on at least as many samples as their numbers of errors do. With 5 all in
  // favour of one, McNemar's exact test gives p = 2 / 2^5 = 0.06.
  std::puts("A difference of fewer than 6 errors, 4 against 8 say, is not significant (McNemar's");
  std::puts("exact test at 0.05, whichever samples they are).");
}
