// Prints the number of threads.
#include <cstdio>
#include <plumb/core.hpp>

int main() { std::printf("%d\n", plumb::num_threads()); }
