"""What follows a search: confirm, train to the end, test, and compare."""
