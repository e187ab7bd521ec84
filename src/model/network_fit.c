/* SPDX-License-Identifier: BSD-3-Clause */
/* How a network is fitted: inputs from a sample of environments, then training. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "model/network.h"
#include "model/origin.h"
#include "model/split.h"
#include "network/problem.h"
#include "network/vector_problem.h"

enum { SAMPLED = 2000 }; /* environments that the inputs are learned from */

typedef struct fitting {
  run *run;
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const tern_options *options;
  bool shared;
  const char *vectors; /* name of the target; NULL: energies and their derivatives */
  network_vectors components;
  unsigned char *held_out;
  network_input_choices inputs;
  network_choices choices;
  network_shape shape;
  double start; /* seconds */
} fitting;

/* ---- options ---- */

/* An explicit weight must have targets, a default is used where the data have them. */
static int32_t target_weight(const fitting *fitting, const char *key, const char *what, int32_t target,
                             double *weight) {
  TRY(options_real(fitting->options, key, weight));
  if (dataset_count(fitting->dataset, target) > 0 || *weight == 0)
    return TERN_SUCCESS;
  if (options_is_set(fitting->options, key))
    return error_set(TERN_ERROR_DATA,
                     "option '%s' is %g, but no structure of the data set has %s; set it to 0 or name the data's key",
                     key, *weight, what);
  *weight = 0;
  return TERN_SUCCESS;
}

static int32_t read_targets(fitting *fitting) {
  network_choices *choices = &fitting->choices;
  TRY(target_weight(fitting, "energy_weight", "an energy", TERN_TARGET_ENERGY, &choices->energy_weight));
  TRY(target_weight(fitting, "force_weight", "forces", TERN_TARGET_FORCES, &choices->force_weight));
  TRY(target_weight(fitting, "virial_weight", "a virial", TERN_TARGET_VIRIAL, &choices->virial_weight));
  if (choices->energy_weight == 0 && choices->force_weight == 0 && choices->virial_weight == 0)
    return error_set(TERN_ERROR_DATA, "nothing to fit: energy_weight, force_weight and virial_weight leave no target "
                                      "that the data set has");
  return TERN_SUCCESS;
}

static int32_t read_products(fitting *fitting) {
  const int64_t *numbers;
  int64_t count, zeros = 0, gaussians;
  if (!fitting->shared)
    return TERN_SUCCESS;
  TRY(options_integers(fitting->options, "tag_products", &count, &numbers));
  if (count != 1 && count != 3)
    return error_set(TERN_ERROR_OPTION, "option 'tag_products' has %lld numbers; valid are three, or one for all",
                     (long long)count);
  for (int k = 0; k < 3; k++) {
    fitting->inputs.products[k] = numbers[count == 3 ? k : 0];
    zeros += fitting->inputs.products[k] == 0;
  }
  if (zeros != 0 && zeros != 3)
    return error_set(TERN_ERROR_OPTION, "option 'tag_products' has a 0 beside other numbers; valid are three from 1 "
                                        "on, or 0 for no products");
  TRY(options_integer(fitting->options, "tag_gaussians", &gaussians));
  if (zeros == 0 && gaussians > 0)
    return error_set(TERN_ERROR_OPTION, "option 'tag_gaussians' is %lld, but tag products leave no place for them; set "
                                        "it or 'tag_products' to 0", (long long)gaussians);
  return TERN_SUCCESS;
}

static int32_t read_choices(fitting *fitting) {
  const char *precision;
  network_choices *choices = &fitting->choices;
  int64_t seed;
  TRY(options_integer(fitting->options, "inputs", &fitting->inputs.components));
  TRY(options_real(fitting->options, "input_power", &fitting->inputs.power));
  if (isnan(fitting->inputs.power))
    fitting->inputs.power = fitting->inputs.products[0] > 0 ? 0.05 : 0.2;
  TRY(options_text(fitting->options, "precision", &precision));
  TRY(options_integer(fitting->options, "seed", &seed));
  TRY(options_integer(fitting->options, "directions", &choices->directions));
  TRY(options_integer(fitting->options, "stored_directions", &choices->stored));
  TRY(options_integer(fitting->options, "batch", &choices->batch));
  TRY(options_integer(fitting->options, "members", &choices->members));
  if (fitting->vectors != NULL && choices->members > 1)
    return error_set(TERN_ERROR_OPTION, "option 'members' is %lld, but networks for vectors have one; leave it out",
                     (long long)choices->members);
  if (choices->stored > 0 && choices->stored < choices->directions)
    choices->stored = choices->directions;
  choices->wide = strcmp(precision, "float64") == 0;
  choices->seed = (uint64_t)seed;
  return TERN_SUCCESS;
}

static int32_t read_shape(fitting *fitting) {
  const tern_descriptor *descriptor = fitting->descriptor;
  const int64_t *widths;
  network_shape *shape = &fitting->shape;
  TRY(options_integers(fitting->options, "hidden", &shape->layers, &widths));
  if (shape->layers < 1 || shape->layers > NETWORK_MOST_LAYERS)
    return error_set(TERN_ERROR_OPTION, "option 'hidden' has %lld widths; valid are 1 to %d", (long long)shape->layers,
                     NETWORK_MOST_LAYERS);
  memcpy(shape->widths, widths, (size_t)shape->layers * sizeof *widths);
  shape->sets = fitting->shared ? 1 : descriptor->n_species;
  shape->biases = network_biases(descriptor, shape->sets == 1);
  shape->constants = descriptor->n_species;
  return TERN_SUCCESS;
}

/* ---- steps ---- */

/* The scale of energies: that of a centre's share, but not less than forces ask for over 0.3 Angstrom. */
static double choose_unit(const fitting *fitting) {
  double energies = 0, forces = 0, structures = 0, components = 0;
  for (int64_t k = 0; k < fitting->dataset->size; k++) {
    const frame *frame = fitting->dataset->frames[k];
    const int64_t centers = descriptor_count_centers(fitting->descriptor, frame->system);
    if (frame->has_energy && centers > 0) {
      energies += frame->energy * frame->energy / (double)centers;
      structures++;
    }
    for (int64_t i = 0; frame->forces != NULL && i < 3 * frame->system->n_atoms; i++, components++)
      forces += frame->forces[i] * frame->forces[i];
  }
  const double by_energies = structures > 0 && fitting->choices.energy_weight > 0 ? sqrt(energies / structures) : 0;
  const double by_forces = components > 0 && fitting->choices.force_weight > 0 ? 0.3 * sqrt(forces / components) : 0;
  const double unit = fmax(by_energies, by_forces);
  return unit > 0 && isfinite(unit) ? unit : 1;
}

static int32_t fit_inputs(fitting *fitting, network_inputs **inputs) {
  network_sample sample;
  TRY(network_sample_take(fitting->run, fitting->descriptor, fitting->dataset, fitting->held_out, SAMPLED, &sample));
  const int32_t status =
      network_inputs_fit(inputs, fitting->run, fitting->descriptor, &sample, &fitting->inputs);
  network_sample_free(fitting->run, &sample);
  return status;
}

static void report_network(const fitting *fitting, int64_t stored, const network_inputs *inputs, text *report) {
  const network_shape *shape = &fitting->shape;
  text_add(report, "\"inputs\": {\"even\": %lld, \"odd\": %lld}, \"hidden\": [", (long long)inputs->even,
           (long long)inputs->odd);
  for (int64_t k = 0; k < shape->layers; k++)
    text_add(report, "%s%lld", k > 0 ? ", " : "", (long long)shape->widths[k]);
  text_add(report,
           "], \"target_weights\": {\"energy\": %.17g, \"forces\": %.17g, \"virial\": %.17g}, \"unit\": %.10g, "
           "\"stored_directions\": %lld, \"preparation_seconds\": %.3f, ",
           fitting->choices.energy_weight, fitting->choices.force_weight, fitting->choices.virial_weight,
           fitting->choices.unit, (long long)stored, run_seconds() - fitting->start);
}

/* Parameters of all members to start from, which the caller ends. */
static int32_t start_parameters(const fitting *fitting, double **parameters) {
  const int64_t members = fitting->choices.members, total = network_layout_of(&fitting->shape).total;
  TRY(MEMORY_NEW(fitting->run, parameters, members * total, "parameters of a network"));
  for (int64_t m = 0; m < members; m++)
    network_start(&fitting->shape, fitting->choices.seed + (uint64_t)m, *parameters + m * total);
  return TERN_SUCCESS;
}

/* Weights of all members, whose sum is the mean. */
static void share_weights(const fitting *fitting, const double *parameters, double *weights) {
  const network_layout layout = network_layout_of(&fitting->shape);
  const int64_t members = fitting->choices.members, sets = fitting->shape.sets;
  for (int64_t m = 0; m < members; m++, parameters += layout.total, weights += layout.total) {
    network_weights(&fitting->shape, parameters, weights);
    for (int64_t set = 0; set < sets; set++)
      for (int64_t k = set * layout.set + layout.last; k < (set + 1) * layout.set; k++)
        weights[k] /= (double)members;
    for (int64_t k = layout.constants; k < layout.total; k++)
      weights[k] /= (double)members;
  }
}

static int32_t train_parameters(const fitting *fitting, fit_problem problem, double *parameters, text *report) {
  problem.spent = run_seconds() - fitting->start;
  return fit_train(fitting->run, &problem, fitting->options, parameters, report);
}

static int32_t train(const fitting *fitting, network_state *self, text *report) {
  network_problem *problem = NULL;
  double *parameters = NULL;
  TRY(network_problem_new(&problem, fitting->run, fitting->descriptor, fitting->dataset, fitting->held_out,
                          self->inputs, &fitting->shape, &fitting->choices));
  report_network(fitting, network_problem_stored(problem), self->inputs, report);
  int32_t status = start_parameters(fitting, &parameters);
  if (status == TERN_SUCCESS)
    status = train_parameters(fitting, network_problem_view(problem, fitting->shared ? "triplet" : "network"),
                              parameters, report);
  if (status == TERN_SUCCESS)
    share_weights(fitting, parameters, self->network.weights);
  memory_free(fitting->run, parameters);
  network_problem_free(fitting->run, problem);
  return status;
}

/* ---- vectors ---- */

static int32_t learn_components(fitting *fitting) {
  double power;
  TRY(options_real(fitting->options, "target_power", &power));
  TRY(network_vectors_learn(&fitting->components, fitting->run, fitting->descriptor, fitting->dataset,
                            fitting->held_out, fitting->vectors, power));
  fitting->shape.outputs = fitting->components.outputs;
  return TERN_SUCCESS;
}

static void report_vectors(const fitting *fitting, text *report) {
  text_add(report, "\"vectors\": {\"width\": %lld, \"components\": %lld, \"deviation\": %.10g}, ",
           (long long)fitting->components.width, (long long)fitting->components.outputs,
           sqrt(fitting->components.variance));
}

/* The weights of a network of components, [total], become those of one for the vectors. */
static int32_t unfold(const fitting *fitting, const double *parameters, double *unfolded) {
  double *weights = NULL;
  TRY(MEMORY_NEW(fitting->run, &weights, network_layout_of(&fitting->shape).total, "weights of a network"));
  network_weights(&fitting->shape, parameters, weights);
  network_vectors_unfold(&fitting->components, &fitting->shape, weights, unfolded);
  memory_free(fitting->run, weights);
  return TERN_SUCCESS;
}

/* Random directions show a training the last layer only a little at a time: it is solved for before, unless a
   checkpoint has the parameters to go on from, and after. */
static int32_t find_vectors(const fitting *fitting, vector_problem *problem, text *report, double **parameters) {
  const char *name = fitting->shared ? "triplet of vectors" : "network of vectors";
  int64_t resume;
  TRY(options_integer(fitting->options, "resume", &resume));
  TRY(start_parameters(fitting, parameters));
  if (!resume)
    TRY(vector_problem_fit_last(problem, fitting->run, *parameters));
  TRY(train_parameters(fitting, vector_problem_view(problem, name), *parameters, report));
  return vector_problem_fit_last(problem, fitting->run, *parameters);
}

static int32_t train_vectors(const fitting *fitting, network_state *self, text *report) {
  const vector_choices choices = {fitting->choices.wide, fitting->choices.seed, fitting->choices.directions,
                                  fitting->choices.origin};
  vector_problem *problem = NULL;
  double *parameters = NULL;
  TRY(vector_problem_new(&problem, fitting->run, fitting->descriptor, fitting->dataset, fitting->held_out,
                         self->inputs, &fitting->components, &fitting->shape, &choices));
  report_network(fitting, 0, self->inputs, report);
  report_vectors(fitting, report);
  int32_t status = find_vectors(fitting, problem, report, &parameters);
  if (status == TERN_SUCCESS)
    status = unfold(fitting, parameters, self->network.weights);
  memory_free(fitting->run, parameters);
  vector_problem_free(fitting->run, problem);
  return status;
}

/* ---- all ---- */

/* What decides on the inputs, and which structures are trained on. */
static int32_t find_origin(fitting *fitting) {
  const network_input_choices *inputs = &fitting->inputs;
  uint64_t *origin = &fitting->choices.origin;
  TRY(origin_hash(fitting->descriptor, fitting->dataset, fitting->vectors, origin));
  *origin = hash_bytes(*origin, inputs->products, sizeof inputs->products);
  *origin = hash_bytes(*origin, &inputs->components, sizeof inputs->components);
  *origin = hash_bytes(*origin, &inputs->power, sizeof inputs->power);
  if (fitting->held_out != NULL)
    *origin = hash_bytes(*origin, fitting->held_out, (size_t)fitting->dataset->size);
  return TERN_SUCCESS;
}

static int32_t fit_shape(fitting *fitting, network_inputs **inputs) {
  TRY(read_products(fitting));
  TRY(read_choices(fitting));
  TRY(read_shape(fitting));
  TRY(split_new(&fitting->held_out, fitting->run, fitting->options, fitting->dataset->size));
  TRY(find_origin(fitting));
  if (fitting->vectors != NULL)
    TRY(learn_components(fitting));
  TRY(fit_inputs(fitting, inputs));
  fitting->shape.even = (*inputs)->even;
  fitting->shape.odd = (*inputs)->odd;
  return TERN_SUCCESS;
}

static int32_t fit_vectors(fitting *fitting, network_state **state, text *report) {
  network_inputs *inputs = NULL;
  fitting->choices.unit = 1;
  TRY(options_text(fitting->options, "target", &fitting->vectors));
  TRY(fit_shape(fitting, &inputs));
  network_shape wide = fitting->shape;
  wide.outputs = fitting->components.width;
  TRY(network_state_new(state, fitting->descriptor, inputs, &wide, 1, 1));
  return train_vectors(fitting, *state, report);
}

static int32_t fit_energies(fitting *fitting, network_state **state, text *report) {
  network_inputs *inputs = NULL;
  TRY(read_targets(fitting));
  TRY(fit_shape(fitting, &inputs));
  fitting->choices.unit = choose_unit(fitting);
  TRY(network_state_new(state, fitting->descriptor, inputs, &fitting->shape, fitting->choices.members,
                        fitting->choices.unit));
  return train(fitting, *state, report);
}

static int32_t fit(fitting fitting, int32_t (*how)(struct fitting *, network_state **, text *), void **state,
                   text *report) {
  network_state *self = NULL;
  fitting.start = run_seconds();
  const int32_t status = how(&fitting, &self, report);
  memory_free(fitting.run, fitting.held_out);
  network_vectors_free(fitting.run, &fitting.components);
  if (status == TERN_SUCCESS)
    *state = self;
  else
    network_state_free(self);
  return status;
}

int32_t network_fit_own(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                        const tern_options *options, text *report) {
  return fit((fitting){run, descriptor, dataset, options, .shared = false}, fit_energies, state, report);
}

int32_t network_fit_shared(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                           const tern_options *options, text *report) {
  return fit((fitting){run, descriptor, dataset, options, .shared = true}, fit_energies, state, report);
}

int32_t network_fit_own_vectors(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                                const tern_options *options, text *report) {
  return fit((fitting){run, descriptor, dataset, options, .shared = false}, fit_vectors, state, report);
}

int32_t network_fit_shared_vectors(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                                   const tern_options *options, text *report) {
  return fit((fitting){run, descriptor, dataset, options, .shared = true}, fit_vectors, state, report);
}
