/* SPDX-License-Identifier: BSD-3-Clause */
/* Every option of the library, one a row. A new option is one more row here, and a call of options_real ... where it is
 * used. */
#include "core/options.h"

#include <string.h>

static const option_row options_rows[] = {
    /* name, type, default, unit, range, used by, meaning */
    {"cutoff", OPTION_REAL, "5", "Angstrom", "(0, inf)", "descriptor", "Distance up to which neighbours count"},
    {"cutoff_function", OPTION_CHOICE, "shifted-cosine", "", "shifted-cosine|quintic|bump", "descriptor",
     "How a neighbour fades out before the cutoff: with one, two or all derivatives continuous"},
    {"cutoff_width", OPTION_REAL, "0.5", "Angstrom", "(0, inf)", "descriptor",
     "Width of the shell below the cutoff in which a neighbour fades out; between a millionth of the cutoff and all "
     "of it"},
    {"radial_basis", OPTION_CHOICE, "gto", "", "gto|bessel", "descriptor",
     "Radial functions: orthonormalized Gaussian-type orbitals for atoms smeared by sigma, or spherical Bessel "
     "functions for atoms as points"},
    {"n_max", OPTION_INTEGER, "8", "", "[1, 32]", "descriptor", "Number of radial functions"},
    {"l_max", OPTION_INTEGER, "6", "", "[0, 20]", "descriptor", "Largest degree of the spherical harmonics"},
    {"sigma", OPTION_REAL, "0.3", "Angstrom", "(0, inf)", "descriptor",
     "Width of the Gaussian that stands for an atom; only with radial_basis gto"},
    {"center_weight", OPTION_REAL, "0", "", "[0, inf)", "descriptor", "Weight of the centre in its own density"},
    {"spline_error", OPTION_REAL, "1e-9", "", "[1e-13, 1e-2]", "descriptor",
     "Largest absolute error of the tabulated radial functions; of their derivatives, times the cutoff, a thousand "
     "times that"},
    {"centers", OPTION_INTEGERS, "all", "", "all|[0, inf)", "descriptor", "Atoms that are described, 0-based"},
    {"species", OPTION_SPECIES, "", "", "[1, 118]", "descriptor",
     "Species of the neighbours, as atomic numbers or symbols; by default those of the data"},
    {"fit_environments", OPTION_INTEGER, "2000", "", "[0, inf)", "descriptor/correlations",
     "Most environments that a descriptor learns from, evenly spread over the data set; 0: all"},
    {"nu_min", OPTION_INTEGER, "1", "", "[1, 8]", "descriptor/correlations", "Lowest order of the correlations"},
    {"nu_max", OPTION_INTEGER, "3", "", "[1, 8]", "descriptor/correlations", "Highest order of the correlations"},
    {"lambda_max", OPTION_INTEGER, "0", "", "[0, 40]", "descriptor/correlations",
     "Highest degree of equivariants; 0: invariants only"},
    {"components", OPTION_INTEGERS, "0", "", "[0, inf)", "descriptor/correlations",
     "Principal components kept of each degree and parity, for the orders from 2 on, the last number for all that "
     "follow; needs a fit; 0: all columns of that order, and without a fit when it stands alone"},
    {"selection", OPTION_CHOICE, "none", "", "none|farthest_point|cur", "descriptor/correlations",
     "How columns are selected; needs a fit"},
    {"selected", OPTION_INTEGER, "100", "", "[1, inf)", "descriptor/correlations",
     "Number of columns that a selection keeps, those of one m counted"},
    {"species_channels", OPTION_INTEGER, "0", "", "[0, 118]", "descriptor/correlations",
     "Number of mixtures of the neighbours' species; 0: the species themselves"},
    {"species_mixing", OPTION_CHOICE, "random", "", "random|learned", "descriptor/correlations",
     "Where the mixtures come from: random numbers, or principal components of the density, which need a fit"},
    {"tag_cutoff", OPTION_REAL, "", "Angstrom", "(0, inf)", "descriptor/frames descriptor/triplets",
     "Distance up to which neighbours are tags; by default the cutoff"},
    {"tag_width", OPTION_REAL, "0.5", "Angstrom", "(0, inf)", "descriptor/frames descriptor/triplets",
     "Width of the shell below tag_cutoff in which a tag fades out; at most tag_cutoff"},
    {"self_pairs", OPTION_FLAG, "1", "", "0|1", "descriptor/frames descriptor/triplets",
     "Whether a neighbour is paired with itself as second tag"},
    {"tag_gaussians", OPTION_INTEGER, "0", "", "[0, 16]", "descriptor/frames",
     "Number of Gaussians of the distance between a triplet's tags, of widths 0.7 cutoff / sqrt(2)^k, that frames have "
     "besides: they teach a network sooner how neighbours repel each other"},
    {"tags", OPTION_INTEGER, "2", "", "[1, 2]", "descriptor/triplets",
     "Number of tags: 2 for triplets (centre and two neighbours), 1 for pairs"},
    {"center_tags", OPTION_FLAG, "0", "", "0|1", "descriptor/triplets",
     "Whether the centre is a tag too, the first one"},
    {"sum_tags", OPTION_FLAG, "0", "", "0|1", "descriptor/triplets", "Whether the rows of a centre are summed to one"},

    {"learned", OPTION_TEXT, "", "", "a file's path", "descriptor/learned",
     "Model fitted on vectors of atoms, whose predictions are the features"},
    {"descriptor", OPTION_CHOICE, "power_spectrum", "", "density|power_spectrum|correlations|frames|triplets|learned",
     "model",
     "Descriptor that ridge, kernel and network read; triplet always reads frames, and models of tensors correlations"},
    {"together", OPTION_FLAG, "0", "", "0|1", "model",
     "Whether the parts of a sum are fitted together, as ridge and kernel can be; else each on what the earlier ones "
     "leave"},
    {"energy_weight", OPTION_REAL, "1", "", "[0, inf)", "model", "Weight of the energies"},
    {"force_weight", OPTION_REAL, "0.1", "Angstrom", "[0, inf)", "model",
     "Weight of the forces, which are used when the data have them"},
    {"virial_weight", OPTION_REAL, "0.1", "", "[0, inf)", "model",
     "Weight of the virials, which are used when the data have them"},
    {"regularization", OPTION_REAL, "auto", "", "auto|(0, inf)", "model/ridge model/kernel",
     "Strength of the penalty on the weights; auto minimizes the error of validation"},
    {"kernel", OPTION_CHOICE, "polynomial", "", "polynomial|gaussian", "model/kernel",
     "How two environments are compared: a power of the product of their normalized features, or a Gaussian of their "
     "distance"},
    {"zeta", OPTION_INTEGER, "2", "", "[1, 64]", "model/kernel", "Power of the polynomial kernel"},
    {"kernel_width", OPTION_REAL, "1", "", "[0.05, 100]", "model/kernel",
     "Width of the Gaussian kernel, of features that are normalized to length 1"},
    {"softening", OPTION_REAL, "0.1", "", "[1e-6, inf)", "model/kernel",
     "What is added to the squared length of features before they are normalized, in units of its mean; large values "
     "leave them as they are"},
    {"points", OPTION_INTEGER, "2000", "", "[1, inf)", "model/kernel",
     "Training environments that others are compared with, shared out evenly over the species of the centres"},
    {"point_selection", OPTION_CHOICE, "farthest_point", "", "farthest_point|cur", "model/kernel",
     "How these environments are chosen"},
    {"principal_components", OPTION_INTEGER, "300", "", "[0, inf)", "model/kernel",
     "Principal components of the features, for each species of the centre, that are compared; 0: the features "
     "themselves"},
    {"validation", OPTION_REAL, "0", "", "[0, 1)", "model",
     "Fraction of the structures that is held out to choose by; 0: none, then ridge and kernel choose by generalized "
     "cross-validation, networks by errors of the training set"},
    {"uncertainty", OPTION_CHOICE, "auto", "", "auto|none|last_layer", "model",
     "Whether a model can tell how sure it is: last_layer, or auto: where the model and memory_limit allow it; takes "
     "about a tenth of the time of a fit"},
    {"seed", OPTION_INTEGER, "0", "", "[0, inf)", "model descriptor/correlations", "Seed of everything random"},
    {"e0", OPTION_TEXT, "least_squares", "eV", "least_squares|isolated|SPECIES:ENERGY,...", "model",
     "Energies of the isolated atoms: fitted, taken from structures of one atom, or given as H:-13.6,8:-432.1"},
    {"baseline", OPTION_CHOICE, "none", "", "none|zbl", "model",
     "What is subtracted before a fit and added again in predictions: nothing, or the screened repulsion of nuclei of "
     "Ziegler, Biersack and Littmark"},
    {"zbl_inner", OPTION_REAL, "0.5", "", "(0, inf)", "model",
     "Distance from which baseline zbl is switched off, in sums of the two covalent radii"},
    {"zbl_outer", OPTION_REAL, "1", "", "(0, inf)", "model",
     "Distance from which baseline zbl is zero, in sums of the two covalent radii"},
    {"fade_outer", OPTION_REAL, "1", "", "[0, 1]", "model",
     "With baseline zbl: distance below which the fitted part of an atom's energy gives way to the repulsion, which is "
     "no longer switched off, in parts of the shortest distance that the species have in the data; many neighbours "
     "that are near together count as well; 0: never"},
    {"fade_inner", OPTION_REAL, "0.85", "", "[0, 1)", "model",
     "Distance below which nothing is left of the fitted part, in the same unit"},

    {"hidden", OPTION_INTEGERS, "96,64", "", "[1, 4096]", "model/network model/triplet",
     "Widths of a network's hidden layers"},
    {"members", OPTION_INTEGER, "1", "", "[1, 16]", "model/network model/triplet",
     "Networks that are trained side by side from different starts, for energies; their mean is predicted, which errs "
     "less than each of them"},
    {"inputs", OPTION_INTEGER, "150", "", "[1, 10000]", "model/network model/triplet",
     "Principal components of the features that a network reads at most"},
    {"input_power", OPTION_REAL, "auto", "", "auto|[0, 1]", "model/network model/triplet",
     "Components are scaled by their variance to minus this power; auto: 0.05 for tag products, 0.2 otherwise"},
    {"tag_products", OPTION_INTEGERS, "3,3,3", "", "[0, 8]", "model/triplet",
     "Numbers of functions of the first and the second tag's distance and of their angle by which the features of a "
     "triplet are multiplied; 0: none, distances and angle are features themselves"},
    {"directions", OPTION_INTEGER, "2", "", "[1, 1000]", "model/network model/triplet",
     "Random directions of a structure's atoms along which forces, or of a centre's components along which vectors are "
     "trained on in one step"},
    {"target_power", OPTION_REAL, "0.5", "", "[0, 1]", "model/network model/triplet",
     "Principal components of a target that is a vector are scaled by their standard deviation to minus this power; 0 "
     "fits the vectors as they are, 1 all components alike"},
    {"stored_directions", OPTION_INTEGER, "18", "", "[0, 100000]", "model/network model/triplet",
     "Directions of each structure whose features are kept in memory, as far as memory_limit allows, and renewed in "
     "turn; 0: computed at each step"},

    {"optimizer", OPTION_CHOICE, "spring", "", "spring|adam|lbfgs", "model/network model/triplet",
     "How parameters are trained: spring is Gauss-Newton in the space of a batch's rows with momentum, adam and lbfgs "
     "need only gradients"},
    {"batch", OPTION_INTEGER, "0", "", "[0, inf)", "model/network model/triplet",
     "Structures of a training step, fewer when memory is short; 0: chosen; lbfgs takes all"},
    {"damping", OPTION_REAL, "0.03", "", "[0, inf)", "model/network model/triplet",
     "Damping of spring at the start of training, relative to the mean diagonal of the Gram matrix"},
    {"damping_end", OPTION_REAL, "2e-5", "", "[0, inf)", "model/network model/triplet",
     "Damping at the end, approached geometrically; 0: constant"},
    {"momentum", OPTION_REAL, "auto", "", "auto|[0, 1)", "model/network model/triplet",
     "Part of its direction that spring keeps, decay of adam's mean gradient; auto: 1 - step / 5 for spring, so that "
     "more batches have a say as steps become short, 0.9 for adam"},
    {"step", OPTION_REAL, "auto", "", "auto|(0, inf)", "model/network model/triplet",
     "Step size at the start of training, falling linearly to 0; auto: 0.5 for spring, 0.01 for adam; lbfgs: first "
     "length of its line search, 1"},
    {"epochs", OPTION_INTEGER, "0", "", "[0, inf)", "model/network model/triplet",
     "How often each structure is trained on; 0: until time_limit, or without one for about 2000 steps"},
    {"time_limit", OPTION_REAL, "0", "s", "[0, inf)", "model/network model/triplet",
     "Time of a fit that is trained; 0: none; results then do not depend on the machine's speed"},
    {"checkpoint", OPTION_TEXT, "", "", "a file's path", "model/network model/triplet",
     "File that keeps the state of the training, written every minute and at the end"},
    {"resume", OPTION_FLAG, "0", "", "0|1", "model/network model/triplet",
     "Whether to go on from the checkpoint instead of starting anew"},
    {"log", OPTION_TEXT, "", "", "a file's path", "model/network model/triplet",
     "File for a line of JSON at each training step, with errors where they were measured"},
    {"precision", OPTION_CHOICE, "float32", "", "float32|float64", "model/network model/triplet",
     "Precision of training: in float32 energies of clusters of eight atoms are off by up to 5e-6 eV (network) or 4e-5 "
     "eV (triplet), their derivatives by 1e-4 eV/Angstrom; predictions are always in double precision"},

    {"target", OPTION_TEXT, "energy", "", "energy|KEY", "model dataset",
     "What is fitted: the energy with its forces and virials; the tensor that comment lines have under that key, such "
     "as dipole: 1, 3, 9 or 27 numbers, row by row, for order 0 to 3; or what a column has for each atom, such as "
     "features"},
    {"energy_key", OPTION_TEXT, "energy", "", "", "dataset", "Name of the energy in the comment line"},
    {"forces_key", OPTION_TEXT, "forces", "", "", "dataset", "Name of the column of forces"},
    {"virial_key", OPTION_TEXT, "virial", "", "", "dataset", "Name of the virial in the comment line"},
    {"stress_key", OPTION_TEXT, "stress", "", "", "dataset", "Name of the stress in the comment line"},

    {"tolerance", OPTION_REAL, "0.001", "Angstrom", "(0, inf)", "analysis/compare",
     "Largest distance between matched atoms of structures that count as the same"},
    {"threshold", OPTION_REAL, "1e-8", "", "(0, 1)", "analysis/sensitivity",
     "Singular values below this part of the largest one count as zero: the descriptor is blind along these "
     "directions"},
    {"group", OPTION_CHOICE, "o3", "", "o3|so3", "analysis/compare descriptor/correlations",
     "Isometries that change nothing: o3 with reflections, so3 without"},

    {"threads", OPTION_INTEGER, "0", "", "[0, 4096]", "any",
     "Number of threads; 0: one for each processor of the process"},
    {"memory_limit", OPTION_INTEGER, "0", "bytes", "[0, inf)", "any",
     "Memory that one call may take, its result included, also as 500M or 2GiB; 0: what the machine has"},
};

const option_row *options_table(int64_t *count) {
  *count = (int64_t)(sizeof options_rows / sizeof *options_rows);
  return options_rows;
}

bool options_row_is_passing(const option_row *row) {
  static const char *const passing[] = {"checkpoint", "resume", "log"};
  bool found = strcmp(row->used_by, "any") == 0;
  for (size_t k = 0; k < sizeof passing / sizeof *passing; k++)
    found = found || strcmp(row->name, passing[k]) == 0;
  return found;
}
