// shuffled_epoch FILE BATCH THREADS: a shuffled epoch over the rows of a .npy file that is read in
// place, by so many loader threads. Row i must begin with i. Says how many rows came and how many
// bytes in a second.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <plumb/data.hpp>
#include <vector>

using namespace plumb;

namespace {

int run(const char* path, std::int64_t batch, int threads) {
  const data::StoredRows rows = data::StoredRows::npy(path);
  data::LoaderOptions options;
  options.batch_size = batch;
  options.shuffle = true;
  options.threads = threads;
  data::DataLoader loader(std::make_shared<data::StoredDataset>(rows), options);
  std::vector<bool> seen(static_cast<std::size_t>(rows.rows()));
  std::int64_t count = 0, bytes = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const data::Batch& b : loader) {
    const std::int64_t width = b.x.numel() / b.x.dim(0);
    for (std::int64_t i = 0; i < b.x.dim(0); ++i) {
      const auto row = static_cast<std::size_t>(b.x.data<float>()[i * width]);
      if (row >= seen.size() || seen[row]) return std::puts("a row came twice, or is wrong"), 1;
      seen[row] = true;
      ++count;
    }
    bytes += static_cast<std::int64_t>(b.x.bytes());
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%lld rows, %.0f MB/s\n", static_cast<long long>(count),
              static_cast<double>(bytes) / taken.count() * 1e-6);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    return run(argv[1], std::atoll(argv[2]), std::atoi(argv[3]));
  } catch (const Error& error) {
    std::puts(error.what());
    return 1;
  }
}
