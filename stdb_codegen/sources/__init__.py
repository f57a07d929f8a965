"""Where a schema comes from: files, standard input, projects, servers, and a module that describes itself."""
