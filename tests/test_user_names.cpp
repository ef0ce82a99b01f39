// Names that a program has of its own beside `using namespace plumb`, and beside std's too. It is a
// test that this compiles, and that the program's own are meant.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

using namespace std;
using namespace plumb;

struct Half {
  unsigned short bits = 0;
};
struct Pool {
  int size = 3;
};

// NOLINTBEGIN: globals, since they clash most
string text = "mine";
string name = "a name";
Pool pool;
int fail = 0;

double sum(const vector<double>& values) { return accumulate(values.begin(), values.end(), 0.0); }
double mean(const vector<double>& values) { return sum(values) / double(values.size()); }
int add(int a, int b) { return a + b; }
string to_string(const Half& half) { return "half " + to_string(half.bits); }
// NOLINTEND

TEST_CASE("names: a program's own stand beside 'using namespace plumb' and 'using namespace std'") {
  CHECK(text + name == "minea name");
  CHECK(pool.size + fail == 3);
  CHECK(sum({1, 2, 3}) == 6);
  CHECK(mean({1, 2, 3}) == 2);
  CHECK(add(1, 2) == 3);
  CHECK(to_string(Half{7}) == "half 7");
  CHECK(max(1, 2) == 2);
  CHECK(min(1.5, 2.5) == 1.5);
  CHECK(abs(-2) == 2);
  CHECK(exp(0.0) == 1);
  CHECK(sqrt(4.0) == 2);
  vector<int> v = {3, 1, 2};
  sort(v.begin(), v.end());
  CHECK(v == vector<int>{1, 2, 3});
  CHECK(equal(v.begin(), v.end(), v.begin()));

  // and plumb's own are there
  const Variable x = Tensor::from({1.F, 4.F});
  CHECK(plumb::sum(x).item() == 5);
  CHECK(sum(x).item() == 5);
  CHECK(max(x, 0).value().item() == 4);
  CHECK(sqrt(x).value().at({1}) == 2);
  CHECK(data::all_indices(2).size() == 2);
}

TEST_CASE("names: a function's own variables hide what plumb has") {
  const auto sum = [](double a, double b) { return a + b; };
  const auto max = [](double a, double b) { return a > b ? a : b; };
  const string text = "text";
  bool fail = false;
  int version = 1, grad = 2, slice = 3;
  CHECK(sum(1, max(2, 3)) == 4);
  CHECK_FALSE(fail);
  CHECK(text.size() == 4);
  CHECK(version + grad + slice == 6);
}
