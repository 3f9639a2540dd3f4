"""Trained model aliases, under Elasticsearch's rules."""

__version__ = "0.1.0"
