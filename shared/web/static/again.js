/* A page with nothing on it yet, or that a busy service could not give: asks again until there is something. */
setInterval(() => location.reload(), 15_000);
