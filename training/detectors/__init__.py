"""Networks of others that find things and people: converted to ONNX, their words chosen by measurement."""
