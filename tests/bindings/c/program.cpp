// SPDX-License-Identifier: BSD-3-Clause
// The header from C++17: a golden model fitted and used, an exception that crosses a callback, errors as exceptions.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <ternion.h>

namespace {

class Error : public std::runtime_error {
 public:
  Error(std::int32_t status, const std::string &message) : std::runtime_error(message), status(status) {}
  const std::int32_t status;
};

void check(std::int32_t status) {
  if (status == TERN_SUCCESS) return;
  std::int64_t length = 0;
  tern_last_error(nullptr, 0, &length);
  std::vector<char> message(static_cast<std::size_t>(length) + 1);
  tern_last_error(message.data(), length + 1, nullptr);
  throw Error(status, message.data());
}

void expect(bool good, const char *what) {
  if (!good) throw std::logic_error(what);
}

template <class Handle, std::int32_t (*end)(Handle *)>
struct Ends {
  void operator()(Handle *handle) const { end(handle); }
};
using Options = std::unique_ptr<tern_options, Ends<tern_options, tern_options_free>>;
using System = std::unique_ptr<tern_system, Ends<tern_system, tern_system_free>>;
using Dataset = std::unique_ptr<tern_dataset, Ends<tern_dataset, tern_dataset_free>>;
using Model = std::unique_ptr<tern_model, Ends<tern_model, tern_model_free>>;

// The handle that a function makes in its first argument.
template <class Owner, class Function, class... Arguments>
Owner make(Function function, Arguments... arguments) {
  typename Owner::pointer handle = nullptr;
  check(function(&handle, arguments...));
  return Owner(handle);
}

// The numbers of a block of a golden file of one rank or more.
std::vector<double> golden(const std::string &file, const std::string &wanted) {
  std::ifstream stream(std::string(GOLDEN) + "/" + file);
  std::string name, kind;
  std::size_t rank;
  while (stream >> name >> kind >> rank) {
    std::size_t count = 1, size;
    for (std::size_t k = 0; k < rank && stream >> size; ++k) count *= size;
    std::vector<double> values;
    std::string line;
    if (kind == "text") std::getline(stream, line);
    for (std::size_t k = 0; k < count; ++k) {
      double value = 0;
      if (kind == "text") std::getline(stream, line);
      else stream >> value;
      values.push_back(value);
    }
    if (name == wanted) return values;
  }
  throw std::runtime_error("no block " + wanted + " in " + file);
}

Options golden_options(const std::string &file) {
  Options options = make<Options>(tern_options_new);
  std::ifstream stream(std::string(GOLDEN) + "/" + file);
  std::string line;
  int left = 0;
  while (std::getline(stream, line)) {
    if (left > 0) {
      const auto blank = line.find(' ');
      check(tern_options_set(options.get(), line.substr(0, blank).c_str(), line.substr(blank + 1).c_str()));
      --left;
    }
    if (line.rfind("options text 1 ", 0) == 0) left = std::stoi(line.substr(15));
  }
  return options;
}

System golden_system(const std::string &file, const std::string &prefix) {
  std::vector<std::int32_t> species, periodic;
  for (double value : golden(file, prefix + "species")) species.push_back(static_cast<std::int32_t>(value));
  for (double value : golden(file, prefix + "periodic")) periodic.push_back(static_cast<std::int32_t>(value));
  const std::vector<double> positions = golden(file, prefix + "positions"), cell = golden(file, prefix + "cell");
  return make<System>(tern_system_new, static_cast<std::int64_t>(species.size()), species.data(), positions.data(),
                      cell.data(), periodic.data());
}

void compare(const std::string &name, const std::vector<double> &values) {
  const std::vector<double> expected = golden("ridge_virial.txt", name);
  double largest = 0;
  for (double value : expected) largest = std::max(largest, std::abs(value));
  expect(values.size() == expected.size(), name.c_str());
  for (std::size_t k = 0; k < values.size(); ++k)
    expect(std::abs(values[k] - expected[k]) <= 1e-6 * largest, name.c_str());
}

void predicts(const tern_model *model) {
  const System system = golden_system("ridge_virial.txt", "test2_");
  std::int64_t n = 0;
  check(tern_system_size(system.get(), &n, nullptr));
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> energy(1), forces(3 * size), virial(9), energies(size), virials(9 * size);
  check(tern_model_predict(model, system.get(), energy.data(), forces.data(), virial.data()));
  check(tern_model_predict_atoms(model, system.get(), energies.data(), virials.data()));
  compare("test2_energy", energy);
  compare("test2_forces", forces);
  compare("test2_virial", virial);
  compare("test2_atom_energies", energies);
  compare("test2_atom_virials", virials);
}

// An exception must not fly through C: it waits in the context, and goes on when the call has come back.
class Watcher {
 public:
  static std::int32_t report(const char *stage, std::int64_t, std::int64_t, double, void *context) noexcept {
    auto *self = static_cast<Watcher *>(context);
    try {
      throw std::domain_error(stage);
    } catch (...) {
      self->waiting_ = std::current_exception();
      return -42;
    }
  }
  void go_on() {
    if (waiting_) std::rethrow_exception(waiting_);
  }

 private:
  std::exception_ptr waiting_;
};

void exceptions_cross(const tern_dataset *dataset, const tern_options *options) {
  Watcher watcher;
  tern_model *model = nullptr;
  expect(tern_model_fit(&model, "ridge", dataset, options, Watcher::report, &watcher) == -42,
         "the callback's own number");
  expect(model == nullptr, "nothing is made");
  try {
    watcher.go_on();
  } catch (const std::domain_error &) {
    return;
  }
  throw std::logic_error("the exception was lost");
}

void errors_are_exceptions(tern_options *options) {
  try {
    check(tern_options_set(options, "cutof", "5"));
  } catch (const Error &error) {
    expect(error.status == TERN_ERROR_OPTION, "status of an unknown option");
    expect(std::string(error.what()).find("'cutoff'") != std::string::npos, "the nearest option is named");
    return;
  }
  throw std::logic_error("an unknown option was taken");
}

}  // namespace

static_assert(std::is_same<decltype(&tern_system_free), std::int32_t (*)(tern_system *)>::value, "C linkage and type");
static_assert(TERN_SUCCESS == 0 && TERN_CANCELLED == 10, "numbers are written down");

int main() {
  try {
    const Options options = golden_options("ridge_virial.txt");
    const std::string path = std::string(GOLDEN) + "/ridge_train.extxyz";
    const Dataset dataset = make<Dataset>(tern_dataset_read, path.c_str(), nullptr);
    const Model model = make<Model>(tern_model_fit, "ridge", dataset.get(), options.get(), nullptr, nullptr);
    predicts(model.get());
    exceptions_cross(dataset.get(), options.get());
    errors_are_exceptions(options.get());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::puts("C++: golden predictions, exceptions and errors are as they should be");
}
