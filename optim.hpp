// The optim room: update rules over parameter groups, schedules, clipping and moving averages.
#pragma once

#include "autograd.hpp"
#include "optim/adagrad.hpp"
#include "optim/adam.hpp"
#include "optim/adamw.hpp"
#include "optim/clip.hpp"
#include "optim/curve.hpp"
#include "optim/fields.hpp"
#include "optim/group_options.hpp"
#include "optim/moving_average.hpp"
#include "optim/optimizer.hpp"
#include "optim/plateau.hpp"
#include "optim/rmsprop.hpp"
#include "optim/rule.hpp"
#include "optim/schedule.hpp"
#include "optim/sgd.hpp"
#include "optim/weight_average.hpp"
