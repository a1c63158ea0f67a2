"""What Backwater promises in figures, measured: ``python -m benchmarks``."""
