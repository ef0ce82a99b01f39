// The distributed room: training on many processes, over MPI. A library of its own, plumb::distributed.
#pragma once

#include "core/runtime/error.hpp"
#include "distributed/data_parallel.hpp"
#include "distributed/processes.hpp"
