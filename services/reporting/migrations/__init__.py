"""The service's tables: in `model` what a rebuild makes anew, in `public` what outlives it."""
