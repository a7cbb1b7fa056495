"""What the commands of `nas-predictor` do."""
