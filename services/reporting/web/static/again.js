/* A page with nothing on it yet: asks again until there is something. */
setInterval(() => location.reload(), 15_000);
