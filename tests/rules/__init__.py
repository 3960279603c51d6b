"""The rule book, tested with literals."""
