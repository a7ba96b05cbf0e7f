"""A local server of S3 (moto), with one bucket."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "S3-SECRET-77"  # noqa: S105 -- of the local server


class Bucket:
    """A bucket of the local server."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def put(self, key: str, content: str | bytes) -> None:
        self.client.put_object(Bucket="claims", Key=key, Body=content)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto is not installed: make install")

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    import boto3  # noqa: PLC0415 -- comes with moto

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="claims")
    for each in client.list_objects_v2(Bucket="claims").get("Contents", ()):
        client.delete_object(Bucket="claims", Key=each["Key"])
    return Bucket(client)
