"""Sources of schemas: files, standard input, projects, servers, and modules that describe themselves."""
