"""Exports of a model: a PyTorch script, ONNX files, TensorBoard events, a link to its settings."""
