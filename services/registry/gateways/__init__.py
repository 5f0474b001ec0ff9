"""The outside world: workbooks as people's spreadsheets write them."""
