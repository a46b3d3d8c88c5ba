"""The persona.toml files that `persona init` and `persona demo` write."""
