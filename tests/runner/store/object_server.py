"""A server that speaks the S3 API, in a process of its own on this machine's loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

BUCKET = "studies"
PATIENCE_SECONDS = 60.0


@contextmanager
def object_server() -> Iterator[None]:
    """Start it with an empty bucket; meanwhile the environment leads there, that of child processes too."""
    from s3fs import S3FileSystem

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _answers(port):
                assert server.poll() is None, "the object server ended"
                assert time.monotonic() < deadline, "the object server does not answer"
                time.sleep(0.1)
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                S3FileSystem.clear_instance_cache()  # each remembers the server that it was made for
                S3FileSystem(use_listings_cache=False).mkdir(BUCKET)
                yield
        finally:
            S3FileSystem.clear_instance_cache()
            server.kill()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
