// A model whose steps are cut into shards, and ranks that are threads.
#pragma once

#include <condition_variable>
#include <limits>
#include <mutex>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "../support/random.hpp"

namespace plumb::test {

inline data::Batch shard_batch(std::int64_t n, DType dtype = DType::float64) {
  Tensor y = Tensor::empty({n}, DType::int64);
  for (std::int64_t i = 0; i < n; ++i) y.mutable_data<std::int64_t>()[i] = i % 3;
  return {normal({n, 4}, dtype), y};
}

// With dropout, batch norm and a parameter that takes no part.
struct ShardedModel : nn::Layer {
  explicit ShardedModel(DType dtype = DType::float64, std::int64_t width = 6) {
    Generator generator(3), noise(3, plumb::Stream::dropout);
    body = &add("body",
                nn::Sequential{nn::Linear(4, width, generator), nn::BatchNorm1d(width), nn::ReLU(),
                               nn::Dropout(0.3, noise.fork()), nn::Linear(width, 3, generator)});
    add_parameter("idle", Tensor::ones({2}));
    constant = add_buffer("constant", Tensor::full({2}, std::numeric_limits<double>::infinity()));
    to(dtype);
  }
  Variable forward(const Variable& x) override { return (*body)(x); }
  nn::Sequential* body = nullptr;
  Variable constant;
};

// Where ranks that are threads meet.
class ThreadMeeting {
 public:
  explicit ThreadMeeting(std::size_t ranks) : ranks_(ranks) {}
  void wait() {
    std::unique_lock lock(lock_);
    const std::size_t round = arrived_++ / ranks_;
    all_.notify_all();
    all_.wait(lock, [&] { return arrived_ / ranks_ > round; });
  }

 private:
  const std::size_t ranks_;
  std::size_t arrived_ = 0;
  std::mutex lock_;
  std::condition_variable all_;
};

// One of several ranks, each a thread with a model of its own.
class ThreadRank : public nn::ShardedGradient {
 public:
  // What they share.
  struct Company {
    explicit Company(std::size_t ranks) : meeting(ranks), sums(ranks), states(ranks) {}
    ThreadMeeting meeting;
    std::vector<Sums> sums;
    std::vector<StateDict> states;
  };

  ThreadRank(nn::Module& model, std::int64_t shards, std::size_t rank, Company& company)
      : ShardedGradient(model, shards,
                        even_part(shards, static_cast<std::int64_t>(company.sums.size()),
                                  static_cast<std::int64_t>(rank))),
        rank_(rank),
        company_(company) {}

  void gather_state() {
    company_.states[rank_] = part_of_state(mine());
    company_.meeting.wait();
    load_parts(company_.states);
    company_.meeting.wait();
  }

 private:
  Sums combine(Sums sums) override {
    company_.sums[rank_] = sums;
    company_.meeting.wait();
    Sums all;
    all.marks.resize(sums.marks.size());
    for (const Sums& one : company_.sums) {
      for (ShardSum::Node node : one.nodes) {
        for (Tensor& x : node.sums)
          if (x.defined()) x = x.clone();
        all.nodes.push_back(std::move(node));
      }
      for (const Report& report : one.reports) all.reports.push_back(report);
      for (std::size_t i = 0; i < all.marks.size(); ++i) all.marks[i] |= one.marks[i];
    }
    company_.meeting.wait();
    return ShardedGradient::combine(std::move(all));
  }

  std::size_t rank_;
  Company& company_;
};

// Calls work(rank) on a thread for each of so many ranks.
template <class Work>
void on_threads(std::size_t ranks, const Work& work) {
  std::vector<std::thread> running;
  for (std::size_t rank = 0; rank < ranks; ++rank) running.emplace_back(work, rank);
  for (std::thread& thread : running) thread.join();
}

template <class Sharded>
double sharded_step(ShardedModel& model, Sharded& sharded, const data::Batch& batch) {
  return sharded.backward(
      batch, [&](const data::Batch& part) { return nn::cross_entropy(model(part.x), part.y); });
}

inline std::uint64_t gradient_bits(const nn::Module& model) {
  std::uint64_t state = 0;
  for (const Parameter& p : model.parameters())
    if (p.variable.grad().defined()) state = hash(p.variable.grad(), state);
  return state;
}

}  // namespace plumb::test
