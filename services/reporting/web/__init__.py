"""The pages: the wall of a project, the districts side by side, the unit grid of a building. Drawn on the server, moved by the stream."""
