#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/examples/studies/comparison/matrix_rules.hpp>
#include <plumb/examples/studies/comparison/run.hpp>
#include <plumb/examples/studies/comparison/vae.hpp>
#include <plumb/examples/support/text_nets.hpp>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

#include "../../../support/errors.hpp"
#include "../../../support/temporary_folder.hpp"
#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

// The parameters of each rule, by name.
std::vector<std::string> names_by_rule(const optim::Optimizer& optimizer) {
  std::vector<std::string> all;
  for (const optim::Optimizer::Group& group : optimizer.groups()) {
    all.emplace_back();
    for (const Parameter& parameter : group.parameters) all.back() += parameter.name + " ";
  }
  return all;
}

std::vector<std::string> parameters_of(nn::Module& model, const std::string& rule) {
  const auto made = OptimizerSpec::parse(rule).make(model, {0.01});
  CHECK(made->name() == (rule == "muon" ? "Muon+AdamW" : "SOAP+AdamW"));
  return names_by_rule(*made);
}

nn::Sequential two_layers() {
  Generator random(1);
  return nn::Sequential{nn::Linear(6, 4, random), nn::ReLU(), nn::Linear(4, 3, random)};
}

std::unique_ptr<TextNet> text_net(const char* model) {
  Generator random(1);
  TextNetOptions options;
  options.characters = 5;
  options.width = 4;
  options.layers = 1;
  options.heads = 2;
  return make_text_net(model, options, random);
}

}  // namespace

TEST_CASE("matrix rules: Muon takes what is inside, AdamW embeddings, the output and vectors") {
  Generator random(1);
  nn::Sequential plain = two_layers();
  CHECK(parameters_of(plain, "muon") ==
        std::vector<std::string>{"0.weight ", "0.bias 2.weight 2.bias "});
  nn::Sequential cnn{nn::Conv2d(1, 2, 3, random), nn::BatchNorm2d(2), nn::Flatten(),
                     nn::Linear(8, 3, random)};
  CHECK(parameters_of(cnn, "muon") ==
        std::vector<std::string>{"0.weight ", "0.bias 1.weight 1.bias 3.weight 3.bias "});
  CHECK(parameters_of(*text_net("lstm"), "muon")[0] == "lstm.weight_ih_l0 lstm.weight_hh_l0 ");
  // The head's weight is that of the tokens.
  const std::vector<std::string> gpt = parameters_of(*text_net("gpt"), "muon");
  CHECK(gpt[0] ==
        "blocks.0.self_attn.in_proj_weight blocks.0.self_attn.out_proj.weight "
        "blocks.0.linear1.weight blocks.0.linear2.weight ");
  CHECK(contains(gpt[1], "tokens.weight positions.weight blocks.0.self_attn.in_proj_bias "));
  Vae vae(random);
  CHECK(parameters_of(vae, "muon")[0] == "encoder.0.weight encoder.2.weight decoder.0.weight ");
}

TEST_CASE("matrix rules: SOAP takes every matrix") {
  nn::Sequential plain = two_layers();
  CHECK(parameters_of(plain, "soap") ==
        std::vector<std::string>{"0.weight 2.weight ", "0.bias 2.bias "});
  CHECK(contains(parameters_of(*text_net("gpt"), "soap")[0], "tokens.weight positions.weight "));
}

TEST_CASE("matrix rules: options reach both rules, and lr ties them") {
  nn::Sequential model = two_layers();
  const OptimizerSpec spec = OptimizerSpec::parse(
      "muon:lr=0.02,momentum=0.5,nesterov=0,weight_decay=0.125,adamw_ratio=0.25,adamw_beta1=0.5,"
      "adamw_beta2=0.75,adamw_eps=0.5");
  CHECK_FALSE(spec.searched());
  CHECK(spec.description() ==
        "Muon+AdamW momentum=0.5, nesterov=false, weight_decay=0.125, ns_steps=5, "
        "adamw_ratio=0.25, adamw_beta1=0.5, adamw_beta2=0.75, adamw_eps=0.5; lr 0.02");
  const auto made = spec.make(model, {0.02});
  CHECK(optim::to_string(made->settings(0)) ==
        "lr=0.02, momentum=0.5, nesterov=false, weight_decay=0.125, ns_steps=5");
  CHECK(optim::to_string(made->settings(1)) ==
        "lr=0.005, beta1=0.5, beta2=0.75, eps=0.5, weight_decay=0.125, amsgrad=false, "
        "maximize=false");
  const auto soap =
      OptimizerSpec::parse("soap:beta1=0.5,weight_decay=0.125,precondition_frequency=3")
          .make(model, {0.25});
  CHECK(contains(optim::to_string(soap->settings(0)), "lr=0.25, beta1=0.5, beta2=0.95"));
  CHECK(contains(optim::to_string(soap->settings(0)), "precondition_frequency=3"));
  CHECK(optim::to_string(soap->settings(1)) ==
        "lr=0.25, beta1=0.5, beta2=0.95, eps=1e-08, weight_decay=0.125, amsgrad=false, "
        "maximize=false");
}

TEST_CASE("matrix rules: they learn, and go on bit for bit where they were stopped") {
  const Task task = small_task("spiral");
  Training training;
  training.steps = 24;
  training.evaluations = 2;
  const TemporaryFolder folder;
  for (const char* rule : {"muon:warm_up=0.25,schedule=linear", "soap:precondition_frequency=4"}) {
    CAPTURE(rule);
    const OptimizerSpec optimizer = OptimizerSpec::parse(rule);
    const RunKey key{Stage::evaluation, 0, {0.05}, 1};
    const RunResult whole = train(task, optimizer, key, training, always);
    CHECK(whole.last().loss < 0.95 * whole.points.front().validation.loss);
    const std::string path = errors::text(folder.path(), "/", rule[0] == 'm' ? 1 : 2);
    int stops = 0;
    for (; stops < 100; ++stops) {
      try {
        const RunResult result = train(
            task, optimizer, key, training, [] { return false; }, path);
        CHECK(result.parameter_hash == whole.parameter_hash);
        CHECK(result.test.loss == whole.test.loss);
        break;
      } catch (const Stopped&) {
      }
    }
    CHECK(stops == 23);
  }
}

TEST_CASE("matrix rules: a model that has nothing for them is refused by name") {
  Generator random(1);
  nn::Linear output(3, 2, random);
  nn::BatchNorm1d norm(3);
  CHECK(error_of([&] { OptimizerSpec::parse("muon").make(output, {0.01}); }) ==
        "[Muon] the model has no hidden matrix, so AdamW would train all of it");
  CHECK(error_of([&] { OptimizerSpec::parse("soap").make(norm, {0.01}); }) ==
        "[SOAP] the model has no matrix, so AdamW would train all of it");
  CHECK(contains(error_of([] { OptimizerSpec::parse("muon:debias=1"); }),
                 "[Muon] no option named 'debias'; there are lr, momentum"));
}

TEST_CASE("run: gradients that a rule refuses for their size are a divergence") {
  Task task = small_task("two-moons", 100);
  std::int64_t calls = 0;
  const auto loss = task.loss;
  task.loss = [&](const Variable& out, const data::Batch& batch) {
    // The value stays, the gradient becomes 1e25 times as large.
    const Variable plain = loss(out, batch);
    if (grad_enabled() && ++calls == 3) return plain * 1e25 - Tensor(plain.value()) * 1e25 + plain;
    return plain;
  };
  Training training;
  training.steps = 10;
  const RunResult result = train(task, OptimizerSpec::parse("soap"),
                                 {Stage::evaluation, 0, {0.01}, 1}, training, always);
  CHECK(result.diverged);
  CHECK(result.last().loss == result.points.front().validation.loss);
}

}  // namespace plumb::test
