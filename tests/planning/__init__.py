"""The planner, tested with literals."""
