// A Python module that trains: fit(steps) gives the loss of y = w x + b before and after.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <plumb/plumb.hpp>

namespace {

using plumb::Tensor;
using plumb::Variable;

PyObject* fit(PyObject*, PyObject* arguments) {
  int steps = 0;
  if (!PyArg_ParseTuple(arguments, "i", &steps)) return nullptr;
  try {
    plumb::Generator generator(1);
    plumb::nn::Sequential model{plumb::nn::Linear(1, 16, generator), plumb::nn::Tanh(),
                                plumb::nn::Linear(16, 1, generator)};
    plumb::optim::Adam optimizer(model.parameters(), {});
    optimizer.set_lr(0.02);
    const Tensor x = Tensor::arange(64).to(plumb::DType::float32).reshape({64, 1}) / 32 - 1;
    const Tensor y = x * x;
    double first = 0, last = 0;
    for (int step = 0; step < steps; ++step) {
      const Variable loss = plumb::nn::mse(model(x), y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      last = loss.item();
      if (step == 0) first = last;
    }
    return Py_BuildValue("(dd)", first, last);
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

PyMethodDef methods[] = {{"fit", fit, METH_VARARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "plumb_fit", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_plumb_fit() { return PyModule_Create(&module); }
