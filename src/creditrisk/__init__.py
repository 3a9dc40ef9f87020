"""A credit check service over PostgreSQL."""

__version__ = "0.1.0"
