"""Requests per second that `mlalias serve` answers, with the sample: python tests/benchmarks/serve.py."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

SAMPLE = sorted((Path(__file__).parents[1] / "sample").glob("*.json"))
MODELS = "/_ml/trained_models"
TARGETS = ("sst-2-next", "distilbert-base-uncased-finetuned-sst-2-english")
SECONDS = 2.0


def main():
    with tempfile.TemporaryDirectory() as folder:
        mlalias = [sys.executable, "-m", "mlalias"]
        catalog = ["--catalog", f"{folder}/catalog"]
        subprocess.run([*mlalias, "import", *map(str, SAMPLE), *catalog, "-q"], check=True)
        command = [*mlalias, "serve", "--port", "0", *catalog]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            address = urlsplit(server.stdout.readline().strip()).netloc
            for name, method, path in [
                ("GET /", "GET", "/"),
                ("GET one model", "GET", f"{MODELS}/sentiment"),
                ("GET all 12 models", "GET", MODELS),
                ("PUT, a new alias each time", "PUT", MODELS + "/sst-2-draft/model_aliases/a-{0}-{1}-x"),
                ("PUT, moving an alias", "PUT", MODELS + "/{2}/model_aliases/sentiment?reassign=true"),
            ]:
                for clients in (1, 8):
                    print(f"{name:30} {clients} client(s): {rate(address, method, path, clients):7.0f} requests/s")
            server.terminate()


def rate(address, method, path, clients):
    """Requests per second of several clients, each of which sends its requests one after another."""
    end = time.monotonic() + SECONDS

    def work(number):
        connection = HTTPConnection(address)
        done = 0
        while time.monotonic() < end:
            connection.request(method, path.format(f"{clients}-{number}", done, TARGETS[done % 2]))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(work, range(clients))) / SECONDS


if __name__ == "__main__":
    main()
