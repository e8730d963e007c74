"""The recipe editor: recipes as lists of outputs and operations, each field with its label, and a preview."""
