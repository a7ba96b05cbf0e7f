# claims-edit as an image, built without a network from a folder of wheels:
#
#   pip wheel --require-hashes -r requirements.txt -w wheels    (once, where there is a network)
#   python -m build --wheel --outdir wheels
#   docker build --network none -t claims-edit .
#   docker run --rm -v /data:/data claims-edit run /data/claims.csv --out /data/results
#
# The base has glibc, for which the dependencies have wheels. The program runs as a user of its own; mount the claims
# and the results folder with that user's id (10001) as their owner.
FROM python:3.11-slim

RUN groupadd --gid 10001 claims && useradd --uid 10001 --gid claims --create-home claims
COPY wheels /wheels
RUN pip install --no-index --find-links /wheels --no-cache-dir claims-edit && rm -r /wheels

USER claims
WORKDIR /home/claims
ENTRYPOINT ["claims-edit"]
CMD ["--help"]
