//! Reads the values of Python pickles and executes nothing: plain data, `NumPy` arrays and `PyTorch`
//! tensors; every other object is an error.
