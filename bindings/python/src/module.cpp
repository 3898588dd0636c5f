// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "problem.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/data/views/csr_view.hpp>
#include <localsgd/data/views/dense_view.hpp>
#include <localsgd/report.hpp>
#include <localsgd/result.hpp>
#include <localsgd/version.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

/// @file
/// @brief The extension module localsgd._core: one function, which solves one problem.

namespace {

namespace py = pybind11;
using namespace localsgd;
using namespace localsgd::python;

using features = std::variant<dense_view<float>, dense_view<double>, csr_matrix<float>, csr_matrix<double>>;

/// @brief The numbers of a one-dimensional array of this type; they are not copied.
template <class T>
std::span<T const> span_of(py::handle array, char const* name) {
  if (!py::isinstance<py::array_t<T, py::array::c_style>>(array))
    throw invalid_data(name, "another array",
                       "a contiguous array of " + std::string(py::str(py::dtype::of<T>())));
  auto const numbers = py::reinterpret_borrow<py::array_t<T, py::array::c_style>>(array);
  if (numbers.ndim() != 1)
    throw invalid_data(name, std::to_string(numbers.ndim()) + " dimensions", "1 dimension");
  return {numbers.data(), static_cast<std::size_t>(numbers.size())};
}

template <class T>
bool holds(py::handle array) {
  return py::isinstance<py::array_t<T, py::array::c_style>>(array);
}

template <class T>
dense_view<T> dense_of(py::handle array) {
  auto const numbers = py::reinterpret_borrow<py::array_t<T, py::array::c_style>>(array);
  if (numbers.ndim() != 2)
    throw invalid_data("features", std::to_string(numbers.ndim()) + " dimensions", "2 dimensions");
  std::span<T const> const all(numbers.data(), static_cast<std::size_t>(numbers.size()));
  return {all, static_cast<std::size_t>(numbers.shape(0)),
          static_cast<std::size_t>(numbers.shape(1))};
}

template <class T>
csr_matrix<T> sparse_of(py::tuple const& parts) {
  auto const values = span_of<T>(parts[0], "values");
  auto const indices = span_of<std::int32_t>(parts[1], "indices");
  auto const columns = parts[3].cast<std::size_t>();
  if (holds<std::int32_t>(parts[2]))
    return csr_view(columns, span_of<std::int32_t>(parts[2], "row_starts"), indices, values);
  return csr_view(columns, span_of<std::int64_t>(parts[2], "row_starts"), indices, values);
}

/// @brief Views of a two-dimensional array, or of (values, indices, row starts, columns).
features features_of(py::object const& from) {
  if (py::isinstance<py::tuple>(from)) {
    auto const parts = from.cast<py::tuple>();
    if (parts.size() != 4) throw invalid_data("features", "another tuple", "4 elements");
    if (holds<float>(parts[0])) return sparse_of<float>(parts);
    return sparse_of<double>(parts);
  }
  if (holds<float>(from)) return dense_of<float>(from);
  if (holds<double>(from)) return dense_of<double>(from);
  throw invalid_data("features", "another array", "a row-major array of float32 or float64");
}

/// @brief Calls `work(stop)` on another thread without the GIL, and meanwhile runs the handlers of
///        signals. If one of them raises an exception, such as KeyboardInterrupt, the work is asked
///        to stop, and the exception is thrown when it has.
template <class Work>
auto interruptible(Work const& work) {
  std::stop_source source;
  py::gil_scoped_release const released;
  auto task = std::async(std::launch::async, [&] { return work(source.get_token()); });
  while (task.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout) {
    py::gil_scoped_acquire const held;
    if (PyErr_CheckSignals() == 0) continue;
    py::error_already_set raised;
    source.request_stop();
    {
      py::gil_scoped_release const again;
      task.wait();
    }
    throw raised;
  }
  return task.get();
}

py::array_t<double> to_numpy(localsgd::vector<double> const& x) {
  return py::array_t<double>(static_cast<py::ssize_t>(x.size()), x.data());
}

py::dict solve(py::object const& rows, py::array const& targets, py::object const& weights,
               std::string const& loss, double loss_parameter, std::size_t classes, double l1,
               double l2, double intercept, bool regularize_intercept, std::size_t workers,
               std::size_t local_steps, std::size_t batch_size, double epochs, std::uint64_t steps,
               double tolerance, std::uint64_t seed, std::size_t threads, py::object const& start) {
  problem p;
  p.targets = span_of<double>(targets, "targets");
  if (!weights.is_none()) p.weights = span_of<double>(weights, "weights");
  p.loss = loss;
  p.loss_parameter = loss_parameter;
  p.classes = classes;
  p.l1 = l1;
  p.l2 = l2;
  p.intercept = intercept;
  p.regularize_intercept = regularize_intercept;

  solution s;
  s.settings = {.workers = workers, .local_steps = local_steps, .batch_size = batch_size,
                .epochs = epochs, .steps = steps, .tolerance = tolerance, .seed = seed};
  s.threads = threads;
  if (!start.is_none()) s.start = span_of<double>(start, "start");

  features const all = features_of(rows);
  auto const r = interruptible([&](std::stop_token stop) {
    s.stop = std::move(stop);
    return std::visit(
        [&](auto const& each) {
          return loss == "softmax" ? solve_softmax(each, p, s) : solve_linear(each, p, s);
        },
        all);
  });

  py::list history;
  for (evaluation const& e : r.history) {
    py::dict point;
    point["seconds"] = e.seconds;
    point["gradients"] = e.gradients;
    point["objective"] = e.objective;
    point["certificate"] = e.certificate;
    history.append(point);
  }
  py::dict out;
  out["x"] = to_numpy(r.x);
  out["objective"] = r.objective;
  out["certificate"] = r.certificate;
  out["reason"] = std::string(to_string(r.reason));
  out["rounds"] = r.rounds;
  out["steps"] = r.steps;
  out["gradients"] = r.gradients;
  out["exchanges"] = r.exchanges;
  out["seconds"] = r.seconds;
  out["history"] = history;
  out["report"] = to_string(r);
  return out;
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The solvers of localsgd. Use the estimators of the package localsgd.";
  py::register_exception_translator([](std::exception_ptr e) {
    try {
      if (e) std::rethrow_exception(e);
    } catch (invalid_data const& error) {  // invalid_settings is an invalid_argument: ValueError
      PyErr_SetString(PyExc_ValueError, error.what());
    }
  });
  m.attr("__version__") = std::to_string(LOCALSGD_VERSION_MAJOR) + "." +
                          std::to_string(LOCALSGD_VERSION_MINOR) + "." +
                          std::to_string(LOCALSGD_VERSION_PATCH);
  m.def("solve", &solve, py::arg("features"), py::arg("targets"), py::arg("weights"), py::kw_only(),
        py::arg("loss"), py::arg("loss_parameter"), py::arg("classes"), py::arg("l1"),
        py::arg("l2"), py::arg("intercept"), py::arg("regularize_intercept"), py::arg("workers"),
        py::arg("local_steps"), py::arg("batch_size"), py::arg("epochs"), py::arg("steps"),
        py::arg("tolerance"), py::arg("seed"), py::arg("threads"), py::arg("start"),
        "Minimises (1/S) sum s_i phi_i + l1 ||w||_1 + (l2/2) ||w||^2.");
}
