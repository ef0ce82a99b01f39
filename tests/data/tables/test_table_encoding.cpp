#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/io/checkpoint.hpp>
#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::data::ColumnKind;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

using Names = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;

// Ages 20, 40 (twice) and cities train; the last two rows are new.
const char* const people =
    "age,city,income,owner\n"
    "20,Paris,1.5,yes\n"
    "40,Rome,2.5,no\n"
    "40,Paris,3,no\n"
    "100,Rome,-4,yes\n"
    "60,Oslo,0,yes\n";

data::TableOptions predicting(const Names& targets) {
  data::TableOptions options;
  options.targets = targets;
  return options;
}

std::string refusal(const std::string& text, const data::TableOptions& options) {
  const data::Csv table = data::parse_csv(text);
  const std::string error = error_of([&] { data::TableEncoding(table, options); });
  const std::string start = "[TableEncoding] ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

}  // namespace

TEST_CASE("TableEncoding: numbers standardized, categories one-hot, classes numbered") {
  const data::Csv table = data::parse_csv(people);
  const data::TableEncoding encoding(table, {0, 1, 2}, predicting({"owner"}));
  CHECK(encoding.feature_names() == Names{"age", "city=Paris", "city=Rome", "income"});
  CHECK(encoding.classes().names() == Names{"no", "yes"});
  const auto set = encoding.dataset(table, {3, 0});
  CHECK(set->size() == 2);
  CHECK(set->y().to_vector<std::int64_t>() == Ids{1, 1});
  // Of 20, 40, 40: mean 100/3, variance 800/9; of 1.5, 2.5, 3: mean 7/3, variance 7/18.
  const double age = std::sqrt(800.0 / 9), income = std::sqrt(7.0 / 18);
  const std::vector<float> expected = {static_cast<float>((100 - 100.0 / 3) / age),
                                       0,
                                       1,
                                       static_cast<float>((-4 - 7.0 / 3) / income),
                                       static_cast<float>((20 - 100.0 / 3) / age),
                                       1,
                                       0,
                                       static_cast<float>((1.5 - 7.0 / 3) / income)};
  REQUIRE(set->x().shape() == Shape{2, 4});
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(set->x().to_vector<float>()[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  CHECK(encoding.features(table, {3}).shape() == Shape{1, 4});
  CHECK(encoding.dataset(table, {})->x().shape() == Shape{0, 4});
}

TEST_CASE("TableEncoding: levels that the training part does not have") {
  const data::Csv table = data::parse_csv(people);
  data::TableOptions options = predicting({"owner"});
  CHECK(
      error_of([&] {
        data::TableEncoding(table, {0, 1}, options).dataset(table);
      }) ==
      "[TableEncoding] text: line 6, column 2 ('city'): 'Oslo' is none of the 2 levels of the rows "
      "that trained");
  options.unseen = data::UnseenLevel::none;
  const data::TableEncoding encoding(table, {0, 1}, options);
  const Tensor x = encoding.dataset(table)->x();
  CHECK(x.at({4, 1}) == 0);
  CHECK(x.at({4, 2}) == 0);
  // A class that is not known has no number.
  options.targets = {"city"};
  CHECK(contains(error_of([&] {
                   data::TableEncoding(table, {0, 1}, options).dataset(table);
                 }),
                 "line 6, column 2 ('city'): 'Oslo' is none"));
}

TEST_CASE("TableEncoding: targets that are numbers, one or several, raw and scaled") {
  const data::Csv table = data::parse_csv(people);
  data::TableOptions options = predicting({"income", "age"});
  const data::TableEncoding raw(table, {0, 1, 2}, options);
  CHECK(raw.dataset(table, {1, 3})->y().to_vector<float>() == std::vector<float>{2.5, 40, -4, 100});
  CHECK(raw.feature_names() == Names{"city=Paris", "city=Rome", "owner=no", "owner=yes"});
  options.target_scale = data::TargetScale::standard;
  const data::TableEncoding scaled(table, {0, 1, 2}, options);
  const Tensor y = scaled.dataset(table, {0, 1, 2})->y();
  CHECK(y.shape() == Shape{3, 2});
  for (std::int64_t target = 0; target < 2; ++target) {
    double sum = 0, squares = 0;
    for (std::int64_t row = 0; row < 3; ++row) {
      sum += y.at({row, target});
      squares += y.at({row, target}) * y.at({row, target});
    }
    CHECK(sum == doctest::Approx(0).epsilon(1e-6));
    CHECK(squares / 3 == doctest::Approx(1));
  }
  const Tensor back = scaled.unscaled(scaled.dataset(table, {3})->y());
  CHECK(back.at({0, 0}) == doctest::Approx(-4));
  CHECK(back.at({0, 1}) == doctest::Approx(100));
  CHECK(raw.unscaled(Tensor::ones({1, 2})).at({0, 1}) == 1);
  CHECK(contains(error_of([&] { scaled.unscaled(Tensor::ones({2})); }), "[n, 2]"));
  CHECK(contains(error_of([&] { raw.classes(); }), "'income' is a number"));
  CHECK(contains(error_of([&] { raw.classes(2); }), "target 2 is out of range [0, 2)"));
  // Several classes; none at all.
  const data::TableEncoding two(table, {0, 1, 2}, predicting({"owner", "city"}));
  CHECK(two.dataset(table, {0, 1})->y().to_vector<std::int64_t>() == Ids{1, 0, 0, 1});
  CHECK(two.classes(1).names() == Names{"Paris", "Rome"});
  const data::TableEncoding none(table, {0, 1, 2}, predicting({}));
  CHECK(!none.dataset(table, {0})->y().defined());
}

TEST_CASE("TableEncoding: kinds that are given, a number as classes, columns left out") {
  const data::Csv table = data::parse_csv("id,digit,x\n7,10,1\n8,9,2\n9,10,3\n");
  data::TableOptions options = predicting({"digit"});
  options.kinds = {{"id", ColumnKind::ignored}, {"digit", ColumnKind::category}};
  const data::TableEncoding encoding(table, options);
  CHECK(encoding.feature_names() == Names{"x"});
  CHECK(encoding.classes().names() == Names{"9", "10"});
  CHECK(encoding.dataset(table)->y().to_vector<std::int64_t>() == Ids{1, 0, 1});
  options.kinds = {{"x", ColumnKind::category}};
  CHECK(data::TableEncoding(table, options).feature_names() == Names{"id", "x=1", "x=2", "x=3"});
}

TEST_CASE("TableEncoding: missing cells are refused, their rows dropped, or filled") {
  const data::Csv table = data::parse_csv("x,c,y\n1,a,0\n,b,1\n3,?,2\n5,a,\n3,b,4\n");
  data::TableOptions options = predicting({"y"});
  options.missing_cells = {"", "?"};
  CHECK(error_of([&] {
          data::TableEncoding(table, {0, 3, 4}, options);
        }) == "[TableEncoding] text: line 5, column 3 ('y'): the cell is missing, it reads ''");
  CHECK(error_of([&] {
          data::TableEncoding(table, {0, 1}, options);
        }) == "[TableEncoding] text: line 3, column 1 ('x'): the cell is missing, it reads ''");
  CHECK(contains(error_of([&] {
                   data::TableEncoding(table, {0, 2}, options);
                 }),
                 "line 4, column 2 ('c'): the cell is missing, it reads '?'"));

  options.missing = data::Missing::drop_row;
  const data::TableEncoding dropping(table, options);
  CHECK(dropping.kept(table, {4, 3, 2, 1, 0}) == Ids{4, 0});
  const data::Csv to_come = data::parse_csv("c,x\na,1\n?,2\nb,3\n");  // without a target
  CHECK(dropping.kept_features(to_come, {2, 1, 0}) == Ids{2, 0});
  CHECK(dropping.features(to_come, {2, 1, 0}).shape() == Shape{2, 3});
  // Of 1 and 3 the mean is 2, the deviation 1: dropped rows are in no statistics.
  CHECK(dropping.dataset(table)->x().to_vector<float>() == std::vector<float>{-1, 1, 0, 1, 0, 1});
  CHECK(dropping.dataset(table)->y().to_vector<float>() == std::vector<float>{0, 4});

  options.missing = data::Missing::fill;
  const data::TableEncoding filling(table, {0, 1, 2, 4}, options);
  const Tensor x = filling.dataset(table, {1, 2})->x();
  CHECK(x.at({0, 0}) == 0);  // the mean
  CHECK(x.at({0, 2}) == 1);
  CHECK(x.at({1, 1}) == 0);
  CHECK(x.at({1, 2}) == 0);
  CHECK(contains(error_of([&] { filling.dataset(table, {3}); }), "line 5, column 3 ('y')"));
  CHECK(filling.features(table, {3}).shape() == Shape{1, 3});
}

TEST_CASE("TableEncoding: nan and inf are no numbers unless they are missing ones") {
  for (const char* cell :
       {"nan", "NaN", "inf", "-inf", "1e999", "0x10", " 1", "1 ", "+-1", "1,5", "--"}) {
    const std::string text = std::string("x\n1\n\"") + cell + "\"\n";
    data::TableOptions options;
    options.kinds = {{"x", ColumnKind::number}};
    CHECK(refusal(text, options) ==
          std::string("text: line 3, column 1 ('x'): expected a number, got '") + cell + "'");
    options.missing_cells = {cell};
    options.missing = data::Missing::fill;
    CHECK(data::TableEncoding(data::parse_csv(text), options).feature_names() == Names{"x"});
  }
}

TEST_CASE("TableEncoding: what resembles a number makes no category of numbers") {
  for (const char* cell : {"nan", "NaN", "-nan", "inf", "-inf", "+Infinity", "1e999", " 1", "1 "})
    CHECK(refusal(std::string("x\n1\n\"") + cell + "\"\n2\n", data::TableOptions()) ==
          std::string("text: line 3, column 1 ('x'): '") + cell +
              "' among numbers: name it in missing_cells, or the kind of the column in kinds");
  // Nor is it refused among names, or alone, or where the kind is given.
  const auto names = [](const std::string& text, const data::TableOptions& options = {}) {
    return data::TableEncoding(data::parse_csv(text), options).feature_names();
  };
  CHECK(names("x\n1\nnan\n--\n").size() == 3);
  CHECK(names("x\ninf\nnan\n").size() == 2);
  data::TableOptions category;
  category.kinds = {{"x", ColumnKind::category}};
  CHECK(names("x\n1\nnan\n", category).size() == 2);
}

TEST_CASE("TableEncoding: numbers are read as strtod reads them") {
  Generator random(3, Stream::data);
  for (int i = 0; i < 3000; ++i) {
    std::string cell = random.below(3) == 0 ? "-" : random.below(9) == 0 ? "+" : "";
    const std::int64_t before = random.below(12), behind = random.below(12);
    for (std::int64_t k = 0; k < before; ++k) cell += static_cast<char>('0' + random.below(10));
    if (behind > 0 || before == 0) cell += '.';
    for (std::int64_t k = 0; k < behind; ++k) cell += static_cast<char>('0' + random.below(10));
    if (before + behind == 0) cell += '0';
    if (random.below(5) == 0) cell += "e" + std::to_string(random.below(61) - 30);
    data::TableOptions options = predicting({"y"});
    options.kinds = {{"y", ColumnKind::number}};
    const data::Csv table = data::parse_csv("y\n" + cell + "\n");
    const float expected = static_cast<float>(std::strtod(cell.c_str(), nullptr));
    CAPTURE(cell);
    CHECK(data::TableEncoding(table, options).dataset(table)->y().item<float>() == expected);
  }
}

TEST_CASE("TableEncoding: a column without variation is 0, far from 0 too") {
  const data::Csv table = data::parse_csv("x,y\n0.1,1e6\n0.1,1000001\n0.1,1000002\n");
  const data::TableEncoding encoding(table, predicting({}));
  const Tensor x = encoding.dataset(table)->x();
  for (std::int64_t row = 0; row < 3; ++row) CHECK(x.at({row, 0}) == 0);
  CHECK(x.at({2, 1}) == doctest::Approx(std::sqrt(1.5)));
}

TEST_CASE("TableEncoding: what cannot be encoded is refused") {
  CHECK(refusal(people, predicting({"none"})) ==
        "there is no column 'none' among 'age', 'city', 'income', 'owner'");
  CHECK(contains(refusal(people, predicting({"age", "age"})), "'age' is named twice"));
  CHECK(contains(refusal(people, predicting({"age", "city"})), "are a number and a category"));
  data::TableOptions options = predicting({"age"});
  options.kinds = {{"agee", ColumnKind::number}};
  CHECK(contains(refusal(people, options), "no column 'agee'"));
  options.kinds = {{"age", ColumnKind::ignored}};
  CHECK(contains(refusal(people, options), "the target 'age' is to be ignored"));
  CHECK(refusal("a,b\n", predicting({})) == "there are no rows to train on");
  options = predicting({});
  options.missing = data::Missing::fill;
  CHECK(refusal("a,b\n,1\n,2\n", options) == "the column 'a' has no number to train on");
  options.kinds = {{"a", ColumnKind::category}};
  CHECK(refusal("a,b\n,1\n,2\n", options) == "the column 'a' has no level to train on");
  CHECK(contains(refusal("a\n1e308\n-1e308\n", predicting({})), "no deviation that a double"));
  const data::Csv table = data::parse_csv(people);
  CHECK(error_of([&] {
          data::TableEncoding(table, {0, 5}, predicting({}));
        }) == "[TableEncoding] row 5 is out of range [0, 5)");
  const data::TableEncoding encoding(table, predicting({"owner"}));
  CHECK(contains(error_of([&] { encoding.dataset(table, {-1}); }), "row -1 is out of range"));
  CHECK(contains(error_of([&] { encoding.dataset(data::parse_csv("age\n1\n")); }),
                 "no column 'city' among 'age'"));
}

TEST_CASE("TableEncoding: a table in another order, with more columns, without targets") {
  const data::Csv table = data::parse_csv(people),
                  other = data::parse_csv("income,note,city,age\n3,hi,Paris,40\n");
  const data::TableEncoding encoding(table, {0, 1, 2}, predicting({"owner"}));
  CHECK(encoding.features(other, {0}).to_vector<float>() ==
        encoding.features(table, {2}).to_vector<float>());
  CHECK(contains(error_of([&] { encoding.dataset(other); }), "no column 'owner'"));
}

TEST_CASE("TableEncoding: a checkpoint gives it back, and refuses another") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/run.safetensors";
  const data::Csv table = data::parse_csv(people);
  data::TableOptions options = predicting({"owner"});
  options.missing_cells = {"", "caf\xe9"};
  options.unseen = data::UnseenLevel::none;
  data::TableEncoding saved(table, {0, 1, 2}, options), loaded, other(table, options);
  Checkpoint writer, reader, refusing;
  writer.add("table", saved);
  writer.save(path);
  reader.add("table", loaded);
  reader.load(path);
  reader.load(path);
  CHECK(loaded == saved);
  CHECK(to_string(loaded.dataset(table)->x()) == to_string(saved.dataset(table)->x()));
  refusing.add("table", other);
  CHECK(contains(error_of([&] { refusing.load(path); }), "are not these 4"));
  CHECK(other == data::TableEncoding(table, options));
}

TEST_CASE("TableEncoding: a state that makes none is refused, nothing changes") {
  const data::Csv table = data::parse_csv(people);
  const data::TableEncoding saved(table, {0, 1, 2}, predicting({"owner"}));
  const auto refusal_of = [&](auto change) {
    StateDict state = saved.state_dict().clone();
    change(state);
    data::TableEncoding loaded;
    const std::string error = error_of([&] { loaded.load_state_dict(state); });
    CHECK(loaded == data::TableEncoding());
    return error;
  };
  CHECK(
      contains(refusal_of([](StateDict& s) { s.set("missing", 3); }), "missing must be in [0, 2]"));
  CHECK(
      contains(refusal_of([](StateDict& s) { s.set("targets", 5); }), "targets must be in [0, 4]"));
  CHECK(contains(refusal_of([](StateDict& s) {
                   s.set("kinds", Tensor::from(Ids{0, 1, 0, 2}));
                 }),
                 "'owner' has kind 2"));
  CHECK(contains(refusal_of([](StateDict& s) {
                   s.set("kinds", Tensor::from(Ids{0, 1, 0}));
                 }),
                 "kinds must be [4] of int64, got [3]"));
  CHECK(contains(refusal_of([](StateDict& s) { s.set("means", Tensor::zeros({4})); }), "float32"));
  CHECK(contains(
      refusal_of([](StateDict& s) { s.set("deviations", Tensor::zeros({4}, DType::float64)); }),
      "deviation 0"));
  CHECK(contains(refusal_of([](StateDict& s) { s = StateDict(); }), "columns"));
}
