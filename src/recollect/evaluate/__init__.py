"""Honest scores: metrics, baselines, splits and conformal intervals. Knows arrays and callables, no models."""
