# The image of one service: its own locked requirements, shared/ and its own folder, nothing of another service; and what reporting serves to
# the engineers of other agencies. From the repository's root:
#   docker build -f deploy/images/service.Dockerfile --build-arg SERVICE=signing -t clearwater/signing .
# `docker run clearwater/signing <role or command>` is `python -m services.signing <role or command>`.
FROM python:3.11.14-slim
ARG SERVICE
WORKDIR /clearwater
COPY requirements/${SERVICE}.lock requirements/service.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements/service.lock
RUN printf '#!/bin/sh\nexec python -m services.%s "$@"\n' "${SERVICE}" > /usr/local/bin/service && chmod 755 /usr/local/bin/service
RUN useradd --system --uid 10001 --no-create-home clearwater && install -d -o clearwater /var/lib/clearwater
COPY docs/how-to/subscribe.md docs/how-to/subscribe.md
COPY examples examples
COPY shared shared
COPY services/${SERVICE} services/${SERVICE}
# Whoever cloned with a strict umask has files that nobody else may read.
RUN chmod -R a+rX /clearwater
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/clearwater BIND=0.0.0.0
USER clearwater
ENTRYPOINT ["service"]
CMD ["api"]
