"""What a process tells about itself: numbers (metrics), lines (log) and what led to what (tracing)."""
