"""Pure rules for screens: the derived stage, and truncation of rates. Standard library only."""
