#include <doctest/doctest.h>

#include <plumb/core.hpp>
#include <plumb/examples/support/carried_state.hpp>
#include <vector>

using namespace plumb;

namespace {

using Numbers = std::vector<double>;

Numbers first_of(const CarriedState& state, ShardRange samples) {
  return state.rows(samples).at(0).to_vector<double>();
}

}  // namespace

TEST_CASE(
    "CarriedState: the parts of a batch see what the batch before left, and put theirs together") {
  CarriedState state(3);
  const auto compute = [&](ShardRange samples, Numbers expected, Numbers left) {
    const CarriedState::Rows rows = state.rows(samples);
    CHECK((rows.empty() ? Numbers() : rows[0].to_vector<double>()) == expected);
    state.set_rows(samples,
                   {Tensor::from(left, {samples.size(), 2}), Tensor::zeros({samples.size()})});
  };
  compute({0, 1}, {}, {1, 2});
  compute({1, 3}, {}, {3, 4, 5, 6});
  state.advance();
  CHECK(first_of(state, {0, 3}) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(state.rows({1, 2}).at(1).shape() == Shape{1});

  compute({0, 2}, {1, 2, 3, 4}, {7, 7, 7, 7});
  compute({2, 3}, {5, 6}, {8, 8});
  compute({1, 2}, {3, 4}, {9, 9});  // until advance() nothing has changed
  state.advance();
  CHECK(first_of(state, {0, 3}) == Numbers{7, 7, 9, 9, 8, 8});

  state.clear();
  compute({0, 3}, {}, {1, 1, 2, 2, 3, 3});
  state.advance();
  CHECK(first_of(state, {1, 2}) == Numbers{2, 2});
  state.advance();  // a batch that has left nothing
  CHECK(state.rows({0, 3}).empty());
}

TEST_CASE("CarriedState: what several processes hold is put together, in their order") {
  const auto holding = [](ShardRange samples, Numbers rows) {
    CarriedState state(3);
    if (!samples.empty()) state.set_rows(samples, {Tensor::from(rows)});
    state.advance();
    return state.part(samples);
  };
  CarriedState all(3);
  all.load_parts({holding({0, 1}, {1}), holding({1, 1}, {}), holding({1, 3}, {2, 3})});
  CHECK(first_of(all, {0, 3}) == Numbers{1, 2, 3});

  CarriedState again(3);
  again.load_state_dict(all.state_dict());
  CHECK(first_of(again, {0, 3}) == Numbers{1, 2, 3});
  again.load_state_dict(CarriedState(3).state_dict());
  CHECK(again.rows({0, 3}).empty());
}
