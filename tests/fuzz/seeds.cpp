// fuzz_seeds FOLDER writes a small corpus for every target into FOLDER/NAME.
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <plumb/core.hpp>
#include <string>

using namespace plumb;

namespace {

std::string folder;

std::string path(const std::string& target, const std::string& name) {
  std::filesystem::create_directories(folder + "/" + target);
  return folder + "/" + target + "/" + name;
}

void write(const std::string& target, const std::string& name, const std::string& bytes) {
  std::ofstream(path(target, name), std::ios::binary) << bytes;
}

std::string foreign(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size());
  return length + header + data;
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void write_arrays() {
  StateDict state;
  state.set("w", Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  state.set("n", Tensor::arange(2));
  save_npz(path("npz", "stored"), state);
  save_npz(path("npz", "deflated"), state, Compress::yes);
  save_npy(path("npy", "matrix"), state.tensor("w"));
  save_npy(path("npy", "labels"), state.tensor("n"));
  save_safetensors(path("safetensors", "tensors"), state);
  StateDict scalars;
  scalars.set("lr", 0.1);
  scalars.set("steps", 5);
  scalars.set("rule", "SGD");
  scalars.set("debias", true);
  save_safetensors(path("safetensors", "scalars"), scalars);
  write("safetensors", "foreign",
        foreign(R"({"__metadata__":{"format":"pt"},)"
                R"("h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                R"("b":{"dtype":"BOOL","shape":[1,2],"data_offsets":[4,6]}})",
                std::string(6, '\1')));
}

void write_idx() {
  const std::string bytes("\0\0\10\2\0\0\0\2\0\0\0\3abcdef", 18);
  const std::string floats("\0\0\15\1\0\0\0\1\0\0\0\0", 12);
  write("idx", "bytes", bytes);
  write("idx", "floats", floats);
  write("gzip", "one", gzip(bytes));
  write("gzip", "two", gzip(bytes.substr(0, 9)) + gzip(bytes.substr(9)));
}

void write_texts() {
  write("fasta", "records", ">one label=promoter\nACGT\nacgun\n\n>two\r\nNRYSWKMBDHV\r\n");
  write("csv", "table", "a,\"b,\"\"c\"\"\",y\r\n1,\"x\ny\",yes\r\n-2.5e3,,no\r\n");
  write("csv", "numbers", "a,y\n1,2\n3,4\n,5\n");
  write("text", "ascii", "one\ntwo");
  write("text", "utf8", "z\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82");
}

// A WAV file with this content of the chunks 'fmt ' and 'data', each shorter than 100 bytes.
std::string wav(const std::string& format, const std::string& samples) {
  const auto size = [](std::size_t bytes) {
    return std::string{static_cast<char>(bytes), '\0', '\0', '\0'};
  };
  const std::string chunks =
      "fmt " + size(format.size()) + format + "data" + size(samples.size()) + samples;
  return "RIFF" + size(4 + chunks.size()) + "WAVE" + chunks;
}

void write_wav() {
  const std::string rate("\x40\x1f\0\0\x80\x3e\0\0", 8);
  const auto format = [&](const std::string& front, const std::string& back) {
    return front + rate + back;
  };
  using namespace std::string_literals;
  write("wav", "pcm16", wav(format("\1\0\1\0"s, "\2\0\20\0"s), "abcdef"));
  write("wav", "pcm8", wav(format("\1\0\1\0"s, "\1\0\10\0"s), "abcd"));
  write("wav", "stereo24", wav(format("\1\0\2\0"s, "\6\0\30\0"s), "abcdef"));
  write("wav", "float", wav(format("\3\0\1\0"s, "\4\0\40\0"s), "\0\0\200\77"s));
  write("wav", "extensible",
        wav(format("\376\377\1\0"s, "\2\0\20\0"s) +
                "\26\0\20\0\4\0\0\0\1\0\0\0\0\0\20\0\200\0\0\252\0\70\233\161"s,
            "abcd"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  write_arrays();
  write_idx();
  write_texts();
  write_wav();
  write("state_dict", "nothing", "");
  write("state_dict", "scalar", std::string("\0\377\0\0\0\0\0\0\0\0\1", 11));
  write("state_dict", "tensor", std::string("\3\377\5\2\3\4\0\0\0\0\0\0\0\0\0", 15));
  write("arguments", "all", "--count\n10\n--rate=0.5\n--flag\n--name\nb\n");
  write("arguments", "help", "--help\n");
}
