#include "npz.hpp"

#include <zip.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "../runtime/internal/fail.hpp"
#include "internal/atomic_file.hpp"
#include "internal/deflate_ratio.hpp"
#include "internal/input_file.hpp"
#include "internal/npy_header.hpp"
#include "internal/zip_sink.hpp"

namespace plumb {
namespace {

using detail::Origin;

constexpr std::string_view ending = ".npy";
constexpr zip_int64_t most_entries = 65'536;
constexpr std::uint64_t longest_name = 1 << 16;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

struct Close {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Entry = std::unique_ptr<zip_file_t, Close>;

// --- saving -----------------------------------------------------------------------------------

void add_array(const Origin& origin, zip_t* archive, const std::string& name, const Tensor& x,
               const std::string& prefix, Compress compress) {
  const zip_buffer_fragment_t parts[] = {
      {reinterpret_cast<zip_uint8_t*>(const_cast<char*>(prefix.data())), prefix.size()},
      {reinterpret_cast<zip_uint8_t*>(const_cast<std::byte*>(x.raw())), x.bytes()}};
  zip_source_t* source = zip_source_buffer_fragment(archive, parts, x.bytes() > 0 ? 2 : 1, 0);
  const zip_int64_t index = source == nullptr ? -1
                                              : zip_file_add(archive, text(name, ending).c_str(),
                                                             source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    origin.refuse("tensor '", name, "' cannot be saved: ", zip_strerror(archive));
  }
  const zip_uint64_t at = static_cast<zip_uint64_t>(index);
  const zip_int32_t method = compress == Compress::yes ? ZIP_CM_DEFLATE : ZIP_CM_STORE;
  constexpr zip_uint16_t first_day =
      1 << 5 | 1;  // of 1980, as NumPy has it: equal arrays, equal files
  if (zip_set_file_compression(archive, at, method, 0) != 0 ||
      zip_file_set_dostime(archive, at, 0, first_day, 0) != 0)
    origin.refuse(zip_strerror(archive));
}

void check_name(const Origin& origin, const std::string& name) {
  if (name.empty() || name.size() > longest_name - ending.size() ||
      name.find('\0') != std::string::npos)
    origin.refuse("a tensor cannot be saved under the name '", name, "'");
}

// --- loading ----------------------------------------------------------------------------------

Archive open_archive(const Origin& origin) {
  int code = 0;
  Archive archive(zip_open(origin.path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (archive) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string message = zip_error_strerror(&error);
  zip_error_fini(&error);
  origin.refuse("is no zip file: ", message);
}

zip_stat_t describe(const Origin& origin, zip_t* archive, zip_uint64_t index) {
  zip_stat_t entry;
  constexpr zip_uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(archive, index, 0, &entry) != 0 || (entry.valid & needed) != needed)
    origin.refuse("entry ", std::uint64_t{index}, " is damaged");
  return entry;
}

std::string array_name(const Origin& origin, const zip_stat_t& entry) {
  const std::string name = entry.name;
  if (name.size() <= ending.size() ||
      name.compare(name.size() - ending.size(), ending.size(), ending) != 0)
    origin.refuse("'", name, "' is no array: its name does not end with .npy");
  return name.substr(0, name.size() - ending.size());
}

// What zip files may be and those of NumPy are not: other methods, bombs.
void check_entry(const Origin& origin, const zip_stat_t& entry) {
  if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE)
    origin.refuse("'", entry.name, "' is compressed by method ", int{entry.comp_method},
                  ", expected 0 (stored) or 8 (deflated)");
  const bool stored = entry.comp_method == ZIP_CM_STORE;
  if (stored ? entry.size != entry.comp_size : entry.size / detail::deflate_ratio > entry.comp_size)
    origin.refuse("'", entry.name, "' declares ", std::uint64_t{entry.size}, " bytes in ",
                  std::uint64_t{entry.comp_size});
}

Tensor read_array(const Origin& origin, zip_t* archive, const zip_stat_t& entry) {
  const Entry file(zip_fopen_index(archive, entry.index, 0));
  if (!file) origin.refuse("'", entry.name, "': ", zip_strerror(archive));
  const auto read_some = [&](void* to, std::uint64_t count) {
    const zip_int64_t got = zip_fread(file.get(), to, count);
    if (got < 0)
      origin.refuse("'", entry.name, "': ", zip_error_strerror(zip_file_get_error(file.get())));
    return static_cast<std::uint64_t>(got);
  };
  const Tensor result =
      detail::read_npy({origin.operation, text(origin.path, ": '", entry.name, "'")}, entry.size,
                       [&](void* to, std::uint64_t count) {
                         for (auto* out = static_cast<char*>(to); count > 0;) {
                           const std::uint64_t got = read_some(out, count);
                           if (got == 0) origin.refuse("'", entry.name, "' ends too early");
                           out += got;
                           count -= got;
                         }
                       });
  char more;  // only behind the last byte the checksum is compared
  if (read_some(&more, 1) != 0) origin.refuse("'", entry.name, "' does not end where it should");
  return result;
}

}  // namespace

void save_npz(const std::string& path, const StateDict& state, Compress compress) {
  detail::AtomicFile file({"save_npz", path});
  const Origin& origin = file.origin();
  if (!state.scalars().empty())
    origin.refuse("'", state.scalars().begin()->first, "' is a scalar, which .npz cannot hold");
  if (state.tensors().empty()) origin.refuse("there is no tensor to save");

  detail::ZipSink sink(file);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = sink.source(&error);
  Archive archive(source == nullptr
                      ? nullptr
                      : zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive) origin.refuse("libzip cannot begin: ", zip_error_strerror(&error));
  std::vector<std::string> prefixes;  // libzip reads them when the archive is closed
  prefixes.reserve(state.tensors().size());
  for (const auto& [name, x] : state.tensors()) {
    check_name(origin, name);
    prefixes.push_back(detail::npy_prefix(x));
    add_array(origin, archive.get(), name, x, prefixes.back(), compress);
  }
  if (zip_close(archive.get()) != 0) {
    sink.rethrow();
    origin.refuse(zip_strerror(archive.get()));
  }
  static_cast<void>(archive.release());  // zip_close has freed it
  file.commit();
}

namespace {

StateDict read_archive(const detail::InputFile& file) {
  const Origin& origin = file.origin();
  const Archive archive = open_archive(origin);
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > most_entries)
    origin.refuse(std::int64_t{count}, " arrays, expected at most ", most_entries);

  std::vector<zip_stat_t> entries;
  std::uint64_t compressed = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    entries.push_back(describe(origin, archive.get(), static_cast<zip_uint64_t>(i)));
    check_entry(origin, entries.back());
    if (__builtin_add_overflow(compressed, entries.back().comp_size, &compressed) ||
        compressed > file.size())
      origin.refuse("the arrays take more bytes than the file has: they overlap");
  }
  StateDict state;
  for (const zip_stat_t& entry : entries) {
    const std::string name = array_name(origin, entry);
    if (state.has_tensor(name) || state.left_out().count(name) > 0)
      origin.refuse("'", name, "' is there twice");
    try {
      state.set(name, read_array(origin, archive.get(), entry));
    } catch (const detail::UnknownNpyType& error) {
      if (entries.size() == 1) throw;
      state.leave_out(name, error.what());
    }
  }
  if (state.tensors().empty() && !entries.empty())
    origin.refuse("holds no array of a type that can be loaded; of the first: ",
                  state.left_out().begin()->second);
  return state;
}

}  // namespace

StateDict load_npz(const std::string& path) {
  const detail::InputFile file({"load_npz", path});
  return file.origin().named([&] { return read_archive(file); });
}

}  // namespace plumb
