"""What a person takes along of a model: a script, ONNX files, a link to its settings."""
