"""Bad inputs as files, and what becomes of each of them."""
