"""The pages: the wall of a project, all districts, the unit grid of a building. Rendered on the server, updated by the stream."""
