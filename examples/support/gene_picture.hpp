// A picture of what a network for genes looks at.
#pragma once

#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <vector>

#include "gene_settings.hpp"

/// How much the logits depend on each position: the mean, over the records and over the three other
/// letters there, of how far the difference between the class's own logit and the largest other one
/// moves. All records have the same number of letters. Bars in the SVG file settings.picture, the first
/// numbered settings.first_position.
void draw_importance(plumb::nn::Layer& model, const GeneSettings& settings,
                     const std::vector<plumb::data::FastaRecord>& records,
                     const plumb::data::Categories& classes);
