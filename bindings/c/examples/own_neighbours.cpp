// SPDX-License-Identifier: BSD-3-Clause
// c++ own_neighbours.cpp $(pkg-config --cflags --libs ternion)
// A host program in C++ that brings its own neighbour list: a chain split over two "ranks" with ghost atoms gives the
// serial energy.
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <ternion.h>

namespace {

void check(std::int32_t status) {
  if (status == TERN_SUCCESS) return;
  std::int64_t length = 0;
  tern_last_error(nullptr, 0, &length);
  std::string message(static_cast<std::size_t>(length) + 1, '\0');
  tern_last_error(message.data(), length + 1, nullptr);
  throw std::runtime_error(message.c_str());
}

template <class Handle, std::int32_t (*free_handle)(Handle *)>
struct Deleter {
  void operator()(Handle *handle) const { free_handle(handle); }
};
using Dataset = std::unique_ptr<tern_dataset, Deleter<tern_dataset, tern_dataset_free>>;
using Options = std::unique_ptr<tern_options, Deleter<tern_options, tern_options_free>>;
using Model = std::unique_ptr<tern_model, Deleter<tern_model, tern_model_free>>;
using System = std::unique_ptr<tern_system, Deleter<tern_system, tern_system_free>>;

constexpr double cutoff = 5.0, spacing = 2.35;
constexpr int n_atoms = 8;

Model fit(const char *path) {
  tern_dataset *dataset = nullptr;
  check(tern_dataset_read(&dataset, path, nullptr));
  const Dataset owner(dataset);
  tern_options *options = nullptr;
  check(tern_options_new(&options));
  const Options options_owner(options);
  check(tern_options_set_double(options, "cutoff", cutoff));
  tern_model *model = nullptr;
  check(tern_model_fit(&model, "ridge", dataset, options, nullptr, nullptr));
  return Model(model);
}

double position(int atom) { return spacing * atom; }

// Atoms first..last-1 are owned; every other atom within the cutoff of one of them is a ghost.
double rank_energy(const tern_model *model, int first, int last) {
  std::vector<int> atoms;
  for (int i = first; i < last; ++i) atoms.push_back(i);
  for (int i = 0; i < n_atoms; ++i)
    if ((i < first && position(first) - position(i) < cutoff) ||
        (i >= last && position(i) - position(last - 1) < cutoff))
      atoms.push_back(i);
  std::vector<std::int64_t> pairs;
  std::vector<double> vectors;
  for (int i = 0; i < last - first; ++i)
    for (std::size_t j = 0; j < atoms.size(); ++j) {
      const double x = position(atoms[j]) - position(atoms[static_cast<std::size_t>(i)]);
      if (static_cast<int>(j) == i || std::abs(x) >= cutoff) continue;
      pairs.insert(pairs.end(), {i, static_cast<std::int64_t>(j)});
      vectors.insert(vectors.end(), {x, 0.0, 0.0});
    }
  const std::vector<std::int32_t> species(atoms.size(), 14);
  tern_system *system = nullptr;
  check(tern_system_new_from_pairs(&system, last - first, static_cast<std::int64_t>(atoms.size()), species.data(),
                                   static_cast<std::int64_t>(pairs.size() / 2), pairs.data(), vectors.data(), cutoff));
  const System owner(system);
  double energy = 0;
  check(tern_model_predict(model, system, &energy, nullptr, nullptr));
  return energy;
}

double serial_energy(const tern_model *model) {
  std::vector<std::int32_t> species(n_atoms, 14);
  std::vector<std::array<double, 3>> positions;
  for (int i = 0; i < n_atoms; ++i) positions.push_back({position(i), 0, 0});
  tern_system *system = nullptr;
  check(tern_system_new(&system, n_atoms, species.data(), positions[0].data(), nullptr, nullptr));
  const System owner(system);
  double energy = 0;
  check(tern_model_predict(model, system, &energy, nullptr, nullptr));
  return energy;
}

}  // namespace

int main() {
  try {
    const Model model = fit("train.extxyz");
    const double serial = serial_energy(model.get());
    const double split = rank_energy(model.get(), 0, 5) + rank_energy(model.get(), 5, n_atoms);
    std::printf("serial %.12f eV, two ranks %.12f eV\n", serial, split);
    return std::abs(serial - split) < 1e-9 ? 0 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
