"""Packages as the generator must write them: `<case>/client`, from `<case>/schema.json` or the module of that name."""
