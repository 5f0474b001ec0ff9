"""Kubernetes: a kustomize base, components and two overlays, written from the one declaration."""
