#include "confusion.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <plumb/plumb.hpp>
#include <utility>

#include "training.hpp"

using namespace plumb;

Confusion::Confusion(std::vector<std::string> names)
    : names_(std::move(names)), counts_(names_.size() * names_.size()) {}

std::size_t Confusion::place(std::int64_t truth, std::int64_t guess) const {
  return static_cast<std::size_t>(truth) * names_.size() + static_cast<std::size_t>(guess);
}

void Confusion::add(const Tensor& classes, const Tensor& guesses) {
  for (std::int64_t i = 0; i < classes.numel(); ++i)
    ++counts_.at(place(classes.data<std::int64_t>()[i], guesses.data<std::int64_t>()[i]));
}

std::int64_t Confusion::samples() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

std::int64_t Confusion::right() const {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(names_.size()); ++i) sum += count(i, i);
  return sum;
}

double Confusion::accuracy() const {
  return static_cast<double>(right()) / static_cast<double>(samples());
}

void Confusion::print() const {
  const auto classes = static_cast<std::int64_t>(names_.size());
  std::size_t longest = 1;
  for (const std::string& name : names_) longest = std::max(longest, name.size());
  const int first = static_cast<int>(longest);
  const int width = std::max(6, first + 2);

  std::puts("\nrows: the true class, columns: what it was taken for");
  std::printf("%*s", first, "");
  for (const std::string& name : names_) std::printf("%*s", width, name.c_str());
  std::puts("   right");
  for (std::int64_t truth = 0; truth < classes; ++truth) {
    std::int64_t row = 0;
    std::printf("%-*s", first, names_[static_cast<std::size_t>(truth)].c_str());
    for (std::int64_t guess = 0; guess < classes; ++guess) {
      std::printf("%*lld", width, static_cast<long long>(count(truth, guess)));
      row += count(truth, guess);
    }
    const double share =
        row == 0 ? 0 : static_cast<double>(count(truth, truth)) / static_cast<double>(row);
    std::printf("  %5.1f %%\n", 100 * share);
  }
}

std::vector<std::string> digit_names() {
  std::vector<std::string> names;
  for (int digit = 0; digit < 10; ++digit) names.push_back(std::to_string(digit));
  return names;
}

Confusion test_classes(nn::Layer& model, const std::shared_ptr<const data::Dataset>& dataset,
                       const std::vector<std::string>& names) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  data::DataLoader loader = test_loader(dataset);
  Confusion confusion(names);
  for (const data::Batch& batch : loader)
    confusion.add(batch.y, argmax(model(batch.x, batch.lengths).value(), 1));
  return confusion;
}
