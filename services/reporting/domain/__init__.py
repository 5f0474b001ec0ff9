"""Pure rules of what screens show: the derived stage, and how a rate is cut. Standard library only."""
