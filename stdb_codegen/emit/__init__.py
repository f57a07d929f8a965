"""From a schema to the text of a Python package, and into its folder."""
