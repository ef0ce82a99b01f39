#include "safetensors_json.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {
namespace {

using Limits = SafetensorsLimits;

// Takes the JSON piece by piece, so that no tree of it is ever in memory, and stops at the first
// thing that is not as the format has it. Nothing nests deeper than an entry's list.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string problem;

  bool null() override {
    if (at_ == At::metadata_begin) return go(At::top);  // as if there were none
    return skip() || unexpected("null");
  }
  bool boolean(bool) override { return skip() || unexpected("a boolean"); }
  bool number_integer(std::int64_t) override { return skip() || unexpected("a negative number"); }
  bool number_float(double, const std::string&) override {
    return skip() || unexpected("a fraction");
  }
  bool binary(nlohmann::json::binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(std::uint64_t value) override {
    if (at_ == At::shape) return add_size(value);
    if (at_ == At::offsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry().begin : entry().end) = value;
      return true;
    }
    return skip() || unexpected("a number");
  }

  bool string(std::string& value) override {
    if (at_ == At::metadata) return count(value) && add_metadata(value);
    if (at_ == At::unknown) return skip();
    if (at_ != At::type || value.size() > 16) return unexpected("a string");
    entry().type = value;
    at_ = At::entry;
    return true;
  }

  bool start_object(std::size_t) override {
    if (at_ == At::start) return go(At::top);
    if (at_ == At::metadata_begin) return go(At::metadata);
    if (at_ == At::entry_begin) return go(At::entry);
    return open() || unexpected("an object");
  }

  bool key(std::string& name) override {
    if (at_ == At::unknown) return true;
    if (at_ == At::top) return count(name) && begin_entry(name);
    if (at_ == At::metadata) {
      key_ = name;
      return count(name);
    }
    if (name == "dtype") return begin_field(type_seen_, At::type);
    if (name == "shape") return begin_field(shape_seen_, At::shape_begin);
    if (name == "data_offsets") return begin_field(offsets_seen_, At::offsets_begin);
    depth_ = 0;  // what the format does not know, its readers leave alone
    return go(At::unknown);
  }

  bool end_object() override {
    if (at_ == At::unknown) return close();
    if (at_ == At::entry && !(type_seen_ && shape_seen_ && offsets_seen_))
      return refuse("lacks one of dtype, shape, data_offsets");
    if (at_ == At::entry || at_ == At::metadata) return go(At::top);
    return at_ == At::top ? go(At::end) : unexpected("the end of an object");
  }

  bool start_array(std::size_t) override {
    if (at_ == At::shape_begin) return go(At::shape);
    if (at_ == At::offsets_begin) return go(At::offsets);
    return open() || unexpected("a list");
  }

  bool end_array() override {
    if (at_ == At::unknown) return close();
    if (at_ == At::offsets && offsets_ != 2) return refuse("needs two data_offsets");
    return go(At::entry);
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
    const std::string message = error.what();
    problem = "the header is no JSON: " + message.substr(message.find(' ') + 1);
    return false;
  }

 private:
  // What may come next.
  enum class At {
    start,
    top,
    metadata_begin,
    metadata,
    entry_begin,
    entry,
    type,
    shape_begin,
    shape,
    offsets_begin,
    offsets,
    unknown,
    end
  };

  StoredTensor& entry() { return header.tensors.back(); }
  bool go(At at) {
    at_ = at;
    return true;
  }

  // A value in a field that the format does not know, and what it nests, as deep as the reference
  // reader goes.
  bool skip() { return at_ == At::unknown && (depth_ > 0 || go(At::entry)); }
  bool open() {
    constexpr int deepest = 125;
    return at_ == At::unknown && depth_ < deepest && ++depth_ > 0;
  }
  bool close() { return --depth_ > 0 || go(At::entry); }

  bool refuse(const std::string& what) {
    const bool inside = at_ != At::start && at_ != At::top && !header.tensors.empty();
    problem = inside && !in_metadata() ? text("tensor '", entry().name, "' ", what)
                                       : text("the header ", what);
    return false;
  }
  bool unexpected(const char* what) { return refuse(text("has ", what, " in the wrong place")); }
  bool in_metadata() const { return at_ == At::metadata_begin || at_ == At::metadata; }

  bool count(const std::string& string) {
    strings_ += string.size();
    return strings_ <= Limits::strings_bytes || refuse("has names and metadata beyond 16 MiB");
  }

  bool begin_entry(const std::string& name) {
    if (name == SafetensorsHeader::metadata_name) {
      if (std::exchange(metadata_seen_, true)) return refuse("has two of __metadata__");
      return go(At::metadata_begin);
    }
    if (name.empty()) return refuse("has a tensor with an empty name");
    if (header.tensors.size() == Limits::tensors)
      return refuse(text("has more than ", Limits::tensors, " tensors"));
    header.tensors.push_back({name, {}, {}, 0, 0});
    type_seen_ = shape_seen_ = offsets_seen_ = false;
    offsets_ = 0;
    return go(At::entry_begin);
  }

  bool begin_field(bool& seen, At next) {
    if (std::exchange(seen, true)) return refuse("has a field twice");
    return go(next);
  }

  bool add_size(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse(text("has a size of ", value, ", beyond 2^63 - 1"));
    if (entry().shape.rank() == Shape::max_rank)
      return refuse(text("has more than ", Shape::max_rank, " axes"));
    entry().shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool add_metadata(const std::string& value) {
    if (header.metadata.size() == Limits::metadata)
      return refuse(text("has more than ", Limits::metadata, " entries of metadata"));
    if (!header.metadata.emplace(key_, value).second)
      return refuse("has metadata '" + key_ + "' twice");
    return true;
  }

  At at_ = At::start;
  std::string key_;  // of the metadata
  bool metadata_seen_ = false, type_seen_ = false, shape_seen_ = false, offsets_seen_ = false;
  int offsets_ = 0;
  int depth_ = 0;  // in an unknown field
  std::uint64_t strings_ = 0;
};

// What the parser would gather before it hands it over: strings, numbers and spaces of any length.
// And it takes a zero byte for the end.
void check_text(const Origin& origin, std::string_view header) {
  if (header.find('\0') != std::string_view::npos) origin.refuse("the header has a zero byte");
  const auto check_run = [&](std::size_t begin, std::size_t end, const char* what) {
    if (end - begin > Limits::string_bytes)
      origin.refuse("the header has a ", what, " of ", std::uint64_t{end - begin}, " bytes");
  };
  constexpr std::string_view spaces = " \t\r\n", marks = "{}[],:\"";
  for (std::size_t begin = 0, end; begin < header.size(); begin = end) {
    if (header[begin] == '"') {
      for (end = begin + 1; end < header.size() && header[end] != '"'; ++end)
        end += header[end] == '\\';
      check_run(begin, end, "string");
      ++end;
    } else if (spaces.find(header[begin]) != std::string_view::npos) {
      end = std::min(header.find_first_not_of(spaces, begin), header.size());
      check_run(begin, end, "run of spaces");
    } else {
      const std::size_t stop = header.find_first_of(marks, begin + 1);
      end = std::min(stop, header.size());
      check_run(begin, end, "word");
    }
  }
}

}  // namespace

SafetensorsHeader read_safetensors_json(const Origin& origin, std::string_view json) {
  if (json.empty() || json[0] != '{') origin.refuse("the header does not begin with '{'");
  check_text(origin, json);
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) origin.refuse(reader.problem);
  return std::move(reader.header);
}

}  // namespace plumb::detail
