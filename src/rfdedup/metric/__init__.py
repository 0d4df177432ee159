"""How embeddings are compared: whitening, thresholds, calibration."""
