#include "reference.hpp"

#include <cstdlib>
#include <fstream>
#include <plumb/core/runtime/error.hpp>
#include <sstream>

namespace plumb::test {

namespace {

Shape parse_shape(const std::string& text) {  // "[2,3]"
  std::istringstream sizes(text.substr(1, text.size() - 2));
  Shape shape;
  for (std::string size; std::getline(sizes, size, ',');) shape.push_back(std::stoll(size));
  return shape;
}

Tensor parse_tensor(std::istringstream& line, const std::string& where) {
  std::string word;
  line >> word;
  const Shape shape = parse_shape(word);
  std::vector<double> values;
  // Not by >> double, which refuses inf and nan.
  while (line >> word) values.push_back(std::strtod(word.c_str(), nullptr));
  if (static_cast<std::int64_t>(values.size()) != shape.numel())
    errors::fail(where, values.size(), " values for shape ", shape);
  return Tensor::from(values, shape);
}

void parse_name(std::istringstream& line, ReferenceCase& result) {
  line >> result.operation;
  for (std::string option; line >> option;) {
    const std::size_t sign = option.find('=');
    if (sign == std::string::npos) errors::fail(result.where, "not an option: ", option);
    result.options.add(option.substr(0, sign), option.substr(sign + 1));
  }
}

void parse_line(const std::string& word, std::istringstream& line, ReferenceCase& result) {
  if (word == "second") {
    for (double product; line >> product;) result.second.push_back(product);
    return;
  }
  const Tensor tensor = parse_tensor(line, result.where);
  if (word == "in")
    result.inputs.push_back(tensor);
  else if (word == "const")
    result.constants.push_back(tensor);
  else if (word == "index")
    result.constants.push_back(tensor.to(DType::int64));
  else if (word == "mask")
    result.constants.push_back(tensor.to(DType::uint8));
  else if (word == "out")
    result.result = tensor;
  else if (word == "seed")
    result.seed = tensor;
  else if (word == "grad")
    result.gradients.push_back(tensor);
  else
    errors::fail(result.where, "unknown line '", word, "'");
}

void check_complete(const ReferenceCase& it) {
  if (!it.result.defined() || !it.seed.defined() || it.gradients.size() != it.inputs.size())
    errors::fail(it.where, "incomplete");
}

}  // namespace

std::vector<ReferenceCase> read_reference(const std::string& family) {
  const char* other = std::getenv("PLUMB_REFERENCE");
  const std::string folder = other != nullptr ? other : PLUMB_SOURCE_DIR "/tests/reference";
  const std::string path = folder + "/" + family + ".txt";
  std::ifstream file(path);
  if (!file && other != nullptr) return {};  // no case could be drawn
  if (!file) errors::fail("read_reference", "cannot open ", path);
  std::vector<ReferenceCase> cases;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    std::istringstream line(text);
    std::string word;
    if (!(line >> word) || word == "#") continue;
    if (word == "case" || word == "edge") {
      if (!cases.empty()) check_complete(cases.back());
      cases.emplace_back();
      cases.back().where = plumb::errors::text(family, ".txt:", number, ": ", text);
      cases.back().edge = word == "edge";
      parse_name(line, cases.back());
    } else {
      if (cases.empty()) errors::fail(path, "does not begin with a case");
      parse_line(word, line, cases.back());
    }
  }
  if (cases.empty()) errors::fail("read_reference", "no cases in ", path);
  check_complete(cases.back());
  return cases;
}

std::string Options::text(const std::string& name) const {
  read_.insert(name);
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

double Options::number(const std::string& name, double fallback) const {
  const std::string value = text(name);
  return value.empty() ? fallback : std::strtod(value.c_str(), nullptr);
}

std::int64_t Options::integer(const std::string& name, std::int64_t fallback) const {
  const std::string value = text(name);
  return value.empty() ? fallback : std::stoll(value);
}

std::vector<std::int64_t> Options::list(const std::string& name) const {
  std::istringstream values(text(name));
  std::vector<std::int64_t> result;
  for (std::string value; std::getline(values, value, ',');) result.push_back(std::stoll(value));
  return result;
}

std::string Options::unread() const {
  std::string names;
  for (const auto& [name, value] : values_)
    if (read_.count(name) == 0) names += name + " ";
  return names;
}

}  // namespace plumb::test
