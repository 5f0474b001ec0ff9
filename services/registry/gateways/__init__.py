"""The outside world: workbooks as people's spreadsheets write them, and the seals on what must not be read."""
