#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/optim.hpp>

#include "../support/bits.hpp"
#include "../support/errors.hpp"
#include "sharded_steps.hpp"

using namespace plumb;
using test::contains;
using test::error_of;
using test::gradient_bits;
using test::on_threads;
using test::shard_batch;
using test::sharded_step;
using test::ShardedModel;
using test::ThreadRank;

TEST_CASE("ShardedGradient: shards of unlike sizes give the gradient of the mean over the batch") {
  Generator generator(1);
  nn::Linear whole(4, 3, generator), parts(4, 3, generator);
  whole.to(DType::float64);
  parts.to(DType::float64);
  parts.load_state_dict(whole.state_dict());
  for (const std::int64_t samples : {1, 3, 8, 13}) {
    const data::Batch batch = shard_batch(samples);
    whole.zero_grad();
    const Variable loss = nn::cross_entropy(whole(batch.x), batch.y);
    loss.backward();
    for (const std::int64_t shards : {1, 2, 5, 8}) {
      nn::ShardedGradient sharded(parts, shards);
      int calls = 0;
      const double mean = sharded.backward(batch, [&](const data::Batch& part) {
        ++calls;
        return nn::cross_entropy(parts(part.x), part.y);
      });
      CHECK(calls == std::min(samples, shards));
      CHECK(mean == doctest::Approx(loss.item()).epsilon(1e-13));
      const Tensor one = parts.parameters()[0].variable.grad();
      const Tensor other = whole.parameters()[0].variable.grad();
      for (std::int64_t i = 0; i < one.numel(); ++i)
        CHECK(one.data<double>()[i] == doctest::Approx(other.data<double>()[i]).epsilon(1e-12));
    }
  }
}

TEST_CASE("ShardedGradient: a loss that asks for it is told which samples a part has") {
  Generator generator(1);
  nn::Linear model(4, 3, generator);
  model.to(DType::float64);
  const data::Batch batch = shard_batch(7);
  std::vector<ShardRange> told;
  nn::ShardedGradient(model, 3).backward(batch, [&](const data::Batch& part, ShardRange samples) {
    told.push_back(samples);
    CHECK(part.x.to_vector<double>() ==
          batch.x.rows(samples.begin, samples.end).to_vector<double>());
    return nn::cross_entropy(model(part.x), part.y);
  });
  CHECK(told == std::vector<ShardRange>{{0, 2}, {2, 4}, {4, 7}});
}

TEST_CASE(
    "ShardedGradient: a step begins with the batch's size and fingerprint, where it has one") {
  struct Noting : nn::ShardedGradient {
    using ShardedGradient::ShardedGradient;
    void begin_step(std::int64_t samples, std::uint64_t fingerprint) override {
      noted.emplace_back(samples, fingerprint);
    }
    std::vector<std::pair<std::int64_t, std::uint64_t>> noted;
  };
  struct Rows {
    std::int64_t samples() const { return x.dim(0); }
    Tensor part(std::int64_t begin, std::int64_t end) const { return x.rows(begin, end); }
    Tensor x;
  };
  Generator generator(1);
  nn::Linear model(4, 1, generator);
  Noting sharded(model, 2);
  data::Batch batch = {test::normal({3, 4}, DType::float32)};
  batch.fingerprint = 17;
  sharded.backward(batch, [&](const data::Batch& part) { return mean(model(part.x)); });
  sharded.backward(Rows{batch.x}, [&](const Tensor& part) { return mean(model(part)); });
  CHECK(sharded.noted == std::vector<std::pair<std::int64_t, std::uint64_t>>{{3, 17}, {3, 0}});
}

TEST_CASE("ShardedGradient: one shard of 2^k samples gives the bits of backward()") {
  Generator generator(1);
  nn::Linear model(4, 3, generator);
  const data::Batch batch = shard_batch(16, DType::float32);
  nn::cross_entropy(model(batch.x), batch.y).backward();
  const std::uint64_t plain = gradient_bits(model);
  nn::ShardedGradient(model, 1).backward(
      batch, [&](const data::Batch& part) { return nn::cross_entropy(model(part.x), part.y); });
  CHECK(gradient_bits(model) == plain);
}

TEST_CASE("ShardedGradient: a part's weight counts, and one of 0 does not") {
  // Four samples in two shards; of the first one counts for three, the second for nothing.
  Variable w = Variable::leaf(Tensor::ones({1}, DType::float64));
  struct One : nn::Module {
    explicit One(const Variable& w) { add_parameter("w", w); }
  } model(w);
  nn::ShardedGradient sharded(model, 2);
  const data::Batch batch = {Tensor::from({1.0, 2.0, 4.0, 8.0}), {}};
  const auto loss = [&](double first, double second) {
    return [&, first, second](const data::Batch& part) {
      const bool begins = part.x.at({0}) == 1;
      return nn::ShardLoss(mean(part.x * w), begins ? first : second);
    };
  };
  CHECK(sharded.backward(batch, loss(3, 0)) == 1.5);
  CHECK(w.grad().item() == 1.5);
  CHECK(sharded.backward(batch, loss(1, 3)) == (1.5 + 3 * 6) / 4);
  CHECK(w.grad().item() == (1.5 + 3 * 6) / 4);
  CHECK(error_of([&] { sharded.backward(batch, loss(0, 0)); }) ==
        "[ShardedGradient] no part of the batch counts: all weights are 0");
  CHECK(error_of([&] { sharded.backward(batch, loss(std::nan(""), 1)); }) ==
        "[ShardedGradient] the weight of a loss must be in [0, inf), got nan");
  CHECK(contains(error_of([&] { sharded.backward(batch, loss(-1, 1)); }), "in [0, inf), got -1"));
}

// Outputs of a layer of four inputs whose weight is large.
constexpr std::int64_t many = 30'000;

// What three steps leave of the model, the loss and the random stream; the last batch is smaller.
struct Trained {
  std::uint64_t state, gradients, position;
  double loss;
  bool operator==(const Trained& other) const {
    return state == other.state && gradients == other.gradients && position == other.position &&
           loss == other.loss;
  }
};

Trained train(ShardedModel& model, nn::ShardedGradient& sharded) {
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.1, 0.9));
  Trained trained = {};
  for (const std::int64_t samples : {32, 32, 19}) {
    trained.loss += sharded_step(model, sharded, shard_batch(samples, DType::float32));
    optimizer.step();
  }
  trained.state = test::bits(model.state_dict());
  trained.gradients = gradient_bits(model);
  trained.position = model.generators()[0].generator->position();
  return trained;
}

void check_bits_of_ranks(std::int64_t width, std::int64_t shards, std::size_t most_ranks) {
  ShardedModel alone(DType::float32, width);
  nn::ShardedGradient whole(alone, shards);
  const Trained expected = train(alone, whole);
  CHECK_FALSE(alone.parameters()[0].variable.grad().defined());  // idle
  CHECK(alone.parameters()[1].variable.grad().defined());
  for (std::size_t ranks = 2; ranks <= most_ranks; ++ranks) {
    ThreadRank::Company company(ranks);
    std::vector<Trained> found(ranks);
    on_threads(ranks, [&](std::size_t rank) {
      ShardedModel model(DType::float32, width);
      ThreadRank sharded(model, shards, rank, company);
      found[rank] = train(model, sharded);
    });
    for (const Trained& one : found) CHECK(one == expected);
  }
}

TEST_CASE("ShardedGradient: a model has the same bits for any number of ranks") {
  for (const std::int64_t shards : {1, 3, 8})
    check_bits_of_ranks(6, shards, static_cast<std::size_t>(shards));
  check_bits_of_ranks(many, 7, 3);
}

// Its weight is large, its bias is packed.
struct Wide {
  explicit Wide(DType dtype = DType::float32) { model.to(dtype); }
  Variable loss(const data::Batch& part) {
    const Variable y = model(part.x);
    return mean(y * y);
  }
  void step(nn::ShardedGradient& sharded, std::int64_t samples) {
    sharded.backward(shard_batch(samples, weight.dtype()),
                     [&](const data::Batch& part) { return loss(part); });
  }
  Generator generator{1};
  nn::Linear model{4, many, generator};
  Variable weight = model.parameters()[0].variable, bias = model.parameters()[1].variable;
};

TEST_CASE("ShardedGradient: large and small gradients are the sums of ShardSum") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto& [shards, samples] : {std::pair(1, 5), std::pair(3, 13), std::pair(8, 5)}) {
      Wide wide(dtype);
      const data::Batch batch = shard_batch(samples, dtype);
      ShardSum sum(shards);
      for (std::int64_t shard = 0; shard < shards; ++shard) {
        std::vector<Tensor> given = {Tensor::zeros(wide.weight.shape(), dtype),
                                     Tensor::zeros(wide.bias.shape(), dtype)};
        const ShardRange range = even_part(samples, shards, shard);
        if (!range.empty()) {
          wide.model.zero_grad();
          wide.loss(batch.part(range.begin, range.end))
              .backward(Tensor::full({}, static_cast<double>(range.size()), dtype));
          given = {wide.weight.grad().clone(), wide.bias.grad().clone()};
        }
        sum.add(shard, std::move(given));
      }
      const std::vector<Tensor> total = std::move(sum).total();
      nn::ShardedGradient sharded(wide.model, shards);
      for (int step = 0; step < 2; ++step) {
        wide.step(sharded, samples);
        const auto n = static_cast<double>(samples);
        CHECK(hash(wide.weight.grad()) == hash(total[0] / n));
        CHECK(hash(wide.bias.grad()) == hash(total[1] / n));
      }
    }
}

TEST_CASE("ShardedGradient: a shard that does not reach a parameter adds 0 to its gradient") {
  struct Three : nn::Module {
    Three() {
      add_parameter("large", large);
      add_parameter("small", small);
      add_parameter("scale", scale);
    }
    Variable large = Variable::leaf(Tensor::ones({70'000}));
    Variable small = Variable::leaf(Tensor::ones({5}));
    Variable scale = Variable::leaf(Tensor::ones({1}));
  } model;
  nn::ShardedGradient sharded(model, 3);
  const data::Batch batch = shard_batch(6, DType::float32);
  const auto step = [&](auto reaches) {
    sharded.backward(batch, [&](const data::Batch& part, ShardRange samples) {
      const Variable y = mean(part.x * model.scale);
      return reaches(samples.begin / 2) ? y + sum(model.large) + sum(model.small) : y;
    });
  };
  for (std::int64_t only = 0; only < 3; ++only) {
    step([](std::int64_t) { return true; });  // memory that is used again is not 0
    for (const Variable& v : {model.large, model.small})
      CHECK(hash(v.grad()) == hash(Tensor::full(v.shape(), 6) / 6.0));
    step([&](std::int64_t shard) { return shard == only; });
    for (const Variable& v : {model.large, model.small})
      CHECK(hash(v.grad()) == hash(Tensor::full(v.shape(), 2) / 6.0));
  }
  step([](std::int64_t) { return false; });
  CHECK_FALSE(model.large.grad().defined());
  CHECK_FALSE(model.small.grad().defined());
}

TEST_CASE("ShardedGradient: what somebody has kept of a gradient stays as it was") {
  for (const double held_back : {0.0, 1e-3}) {
    Wide wide;
    nn::ShardedGradient sharded(wide.model, 4);
    sharded.accumulate_below(held_back);
    std::vector<Tensor> kept, copies;
    const auto keep = [&](const Tensor& gradient) {
      kept.push_back(gradient);
      copies.push_back(gradient.clone());
    };
    // Behind the weight's, which has no hook and so is complete.
    wide.bias.register_hook([&](const Tensor& gradient) {
      keep(gradient);
      keep(wide.weight.grad());
      return Tensor();
    });
    for (int step = 0; step < 2; ++step) {
      wide.step(sharded, 9);
      keep(wide.weight.grad());
      keep(wide.bias.grad());
    }
    CHECK(kept.size() == 2 * (2 * 4 + 2));
    for (std::size_t i = 0; i < kept.size(); ++i) CHECK(hash(kept[i]) == hash(copies[i]));
  }
}

TEST_CASE("ShardedGradient: a large gradient that nobody has kept is not copied") {
  Wide wide;
  nn::ShardedGradient sharded(wide.model, 2);
  std::vector<const std::byte*> places;
  wide.bias.register_hook([&](const Tensor&) {
    const Tensor gradient = wide.weight.grad();
    places.push_back(gradient.raw());
    return Tensor();
  });
  wide.step(sharded, 9);
  const Tensor gradient = wide.weight.grad();
  CHECK(places.size() == 2);
  CHECK(gradient.raw() == places[0]);
}

TEST_CASE(
    "ShardedGradient: batch norm's statistics are the mean over shards, a step is one batch") {
  Generator generator(1);
  nn::BatchNorm1d norm(1);
  norm.to(DType::float64);
  nn::ShardedGradient sharded(norm, 2);
  // Shards [0, 2) and [2, 5): means 1 and 4; the second counts three fifths.
  const data::Batch batch = {Tensor::from({0.0, 2.0, 3.0, 4.0, 5.0}, {5, 1}), {}};
  sharded.backward(batch, [&](const data::Batch& part) { return mean(norm(part.x)); });
  CHECK(norm.running_mean().item() ==
        doctest::Approx(0.1 * (2 * 1.0 + 3 * 4.0) / 5).epsilon(1e-14));
  CHECK(norm.num_batches_tracked() == 1);
  sharded.backward(batch, [&](const data::Batch& part) { return mean(norm(part.x)); });
  CHECK(norm.running_mean().item() ==
        doctest::Approx((0.1 + 0.1 * 0.9) * (2 * 1.0 + 3 * 4.0) / 5).epsilon(1e-14));
  CHECK(norm.num_batches_tracked() == 2);
}

TEST_CASE("ShardedGradient: each shard and each step draws numbers of its own") {
  nn::Dropout dropout(0.5, Generator(1, plumb::Stream::dropout));
  nn::ShardedGradient sharded(dropout, 2);
  const Variable w = Variable::leaf(Tensor::ones({32}));
  const data::Batch batch = {Tensor::ones({2, 32}), {}};
  std::vector<std::uint64_t> drawn;
  for (int step = 0; step < 2; ++step)
    sharded.backward(batch, [&](const data::Batch& part) {
      const Variable y = dropout(part.x * w);
      drawn.push_back(hash(y.value()));
      return mean(y);
    });
  for (std::size_t i = 0; i < drawn.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(drawn[i] != drawn[j]);
}

TEST_CASE(
    "ShardedGradient: what does not change in a buffer keeps its bits, though it be infinite") {
  ShardedModel model;
  Tensor held = model.constant.value();
  held.mutable_data<double>()[0] = 1;
  nn::ShardedGradient sharded(model, 3);
  sharded_step(model, sharded, shard_batch(9));
  CHECK(held.at({0}) == 1);
  CHECK(held.at({1}) == std::numeric_limits<double>::infinity());
  sharded.backward(shard_batch(9), [&](const data::Batch& part) {
    CHECK(held.at({0}) == 1);
    held.mutable_data<double>()[0] = 3;
    return nn::cross_entropy(model(part.x), part.y);
  });
  CHECK(held.at({0}) == 3);
  CHECK(held.at({1}) == std::numeric_limits<double>::infinity());
}

TEST_CASE(
    "ShardedGradient: a loss function that calls backward() is refused, whatever becomes of the "
    "graph") {
  ShardedModel model;
  nn::ShardedGradient sharded(model, 4);
  for (const RetainGraph kept : {RetainGraph::yes, RetainGraph::no})
    CHECK(error_of([&] {
            sharded.backward(shard_batch(8), [&](const data::Batch& part) {
              const Variable loss = nn::cross_entropy(model(part.x), part.y);
              loss.backward(kept);
              return loss;
            });
          }) ==
          "[ShardedGradient] the loss function has called backward(), 'body.0.weight' has a "
          "gradient: "
          "return the loss, backward() of each part is called for you");
}

TEST_CASE("ShardedGradient: where the loss throws, streams and buffers are as before") {
  ShardedModel model;
  nn::ShardedGradient sharded(model, 4);
  const StateDict before = model.state_dict().clone();
  const std::uint64_t position = model.generators()[0].generator->position();
  const std::uint64_t seed = model.generators()[0].generator->seed();
  int calls = 0;
  CHECK(error_of([&] {
          sharded.backward(shard_batch(8), [&](const data::Batch& part) -> Variable {
            if (++calls == 3) throw Error("no");
            return nn::cross_entropy(model(part.x), part.y);
          });
        }) == "no");
  CHECK(test::bits(model.state_dict()) == test::bits(before));
  CHECK(model.generators()[0].generator->position() == position);
  CHECK(model.generators()[0].generator->seed() == seed);

  CHECK(error_of([&] {
          sharded_step(model, sharded, {Tensor::zeros({0, 4}), Tensor()});
        }) == "[ShardedGradient] the batch has no samples");
  CHECK(error_of([&] {
          sharded.backward(shard_batch(8), [&](const data::Batch& part) { return model(part.x); });
        }) == "[ShardedGradient] expected the mean loss of a part, one number, got [2, 3]");
  CHECK(error_of([&] { nn::ShardedGradient none(model, 0); }) ==
        "[ShardedGradient] shards must be at least 1, got 0");
}
