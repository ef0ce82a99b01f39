// The command line's options of SGD.
#pragma once

#include <plumb/optim/sgd.hpp>
#include <string>

namespace CLI {
class App;
}

/// --lr, --momentum, --dampening, --debias, --nesterov and --weight-decay, with the values that
/// `options` has as defaults. `lr` is the help of the first.
void add_options(CLI::App& app, plumb::optim::SGDOptions& options,
                 const std::string& lr = "learning rate");

/// When they have been read: --debias without --dampening means that it equals the momentum. Throws
/// what SGD refuses.
void complete(const CLI::App& app, plumb::optim::SGDOptions& options);
