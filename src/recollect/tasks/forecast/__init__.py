"""Forecasting: from a table of series to forecasts with intervals that hold."""
