# The issuer, the mailbox, and the two steps that make databases and topics. Not for production: the issuer asks for no password.
# It installs what these need and nothing of the tests' or of the local platform's: requirements/images.lock.
FROM python:3.11.14-slim
WORKDIR /clearwater
COPY requirements/images.lock requirements/images.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements/images.lock
RUN useradd --system --uid 10001 --no-create-home clearwater && install -d -o clearwater /var/lib/clearwater
COPY shared shared
COPY deploy deploy
# Whoever cloned with a strict umask has files that nobody else may read.
RUN chmod -R a+rX /clearwater
ENV PYTHONUNBUFFERED=1
USER clearwater
ENTRYPOINT ["python", "-m"]
