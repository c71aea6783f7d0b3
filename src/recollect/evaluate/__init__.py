"""Honest scores: metrics, baselines and conformal intervals. Knows arrays and callables, no models."""
