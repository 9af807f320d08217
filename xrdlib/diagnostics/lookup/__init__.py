"""Nearest neighbours instead of the network."""
