"""What a node needs to run: Java, and the jars that Elastic publishes, downloaded once into the user's cache.

Maven Central has Elasticsearch's server, but not its distribution. So the folders of a distribution are built here
from the jars, and each module gets the descriptor from its jar.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import fasteners
import platformdirs

HERE = Path(__file__).parent
# As they were when the tests began: each test has a home of its own.
ENVIRONMENT = dict(os.environ)
CACHE = platformdirs.user_cache_path("mlalias") / "tests"

JAVA = {"8": 17, "9": 21}  # the oldest that a server of this generation runs on
_SOURCES = ("pom.xml", "Launcher.java", "EmailAnalysis.java", "installation.py")
_FETCHING = 300  # seconds

# Types in the signatures of the SAML realm, whose library is not in Maven Central; they are loaded, and never used.
_SAML = ("core.xml.XMLObject", "saml.saml2.core.RequestAbstractType", "saml.saml2.core.StatusResponseType")


class NotAvailableError(Exception):
    """Something that a node needs is missing on this machine."""


class Installation(NamedTuple):
    """The class path and the modules of a version, and the Java to run it."""

    java: Path
    classes: str
    modules: Path

    @property
    def archive(self) -> Path:
        """The class data archive of this version and Java, which halves the start time."""
        return self.modules.parent / "classes.jsa"


def installation(version: str, *, secure: bool = False) -> Installation:
    """Find a version in the cache, or download it; raises NotAvailableError."""
    java = _java(JAVA[version.split(".", maxsplit=1)[0]])
    plain = installation(version) if secure else None
    place = CACHE / f"elasticsearch-{version}{'-secure' if secure else ''}-{_digest()}"
    once(place, lambda made: _build(made, version, java, plain))
    classes = plain.classes if plain else str(place / "server" / "*")
    return Installation(java, classes, place / "modules")


def once(place: Path, build: Callable[[Path], None]) -> None:
    """Build a folder unless it exists, in one process at a time, and under a temporary name until it is complete.

    If a download fails, the next test does not try again.
    """
    if place in _missing:
        raise _missing[place]
    CACHE.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(CACHE / ".lock"):
        if not place.exists():
            made = place.with_name(place.name + ".partial")
            shutil.rmtree(made, ignore_errors=True)
            try:
                build(made)
            except NotAvailableError as failure:
                _missing[place] = failure
                raise
            made.rename(place)


_missing: dict[Path, NotAvailableError] = {}


def _digest() -> str:
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _SOURCES)).hexdigest()[:8]


def _build(place: Path, version: str, java: Path, plain: Installation | None) -> None:
    fetched = place / "server"
    _fetch(version, fetched, java, secure=plain is not None)
    if plain:
        _secure_modules(place, version, java, plain)
        shutil.rmtree(fetched)
        return
    _module(place / "modules", "transport-netty4", fetched.glob("*netty*.jar"), move=True)
    _compile(java, f"{fetched}/*", fetched / "launcher.jar", HERE / "Launcher.java")


def _fetch(version: str, folder: Path, java: Path, *, secure: bool) -> None:
    maven = shutil.which("mvn", path=ENVIRONMENT.get("PATH"))
    if maven is None:
        raise NotAvailableError("Maven (mvn), which fetches Elasticsearch's jars, is not on the PATH")
    command = [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    command += [f"-Delasticsearch.version={version}", f"-DoutputDirectory={folder}", *(["-Psecure"] if secure else [])]
    env = ENVIRONMENT | {"JAVA_HOME": str(java.parent.parent)}
    done = _fetched(command, env)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["it says nothing"]
        raise NotAvailableError(f"Maven cannot fetch Elasticsearch {version}: {said[0]}")


def _fetched(command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FETCHING, check=False
    )


def _secure_modules(place: Path, version: str, java: Path, plain: Installation) -> None:
    """The modules of security: the downloaded jars that a node without security does not have."""
    server, netty = plain.modules.parent / "server", [*(plain.modules / "transport-netty4").glob("*.jar")]
    known = {jar.name for jar in (*server.glob("*.jar"), *netty)}
    jars = [jar for jar in (place / "server").glob("*.jar") if jar.name not in known]
    security = place / "server" / f"x-pack-security-{version}.jar"
    shutil.copytree(plain.modules, place / "modules")
    _module(place / "modules", "x-pack-core", [jar for jar in jars if jar != security])
    module = _module(place / "modules", "x-pack-security", [security, *netty])
    _saml(java, module / "saml.jar")
    _email_analysis(place, version, java, plain)


def _module(modules: Path, name: str, jars: Iterable[Path], *, move: bool = False) -> Path:
    """A folder of jars with the descriptor of the module.

    The server is on the class path, where a named module would not find it, so the module has no name.
    """
    folder = modules / name
    folder.mkdir(parents=True)
    for jar in list(jars):
        (shutil.move if move else shutil.copy)(jar, folder / jar.name)
    (jar,) = folder.glob(f"{name}-[0-9]*.jar")
    with zipfile.ZipFile(jar) as archive:
        descriptor = archive.read(f"META-INF/es-plugins/{name}/plugin-descriptor.properties").decode()
    (folder / "plugin-descriptor.properties").write_text(re.sub(r"(?m)^modulename=.*$", "", descriptor))
    return folder


def _saml(java: Path, jar: Path) -> None:
    sources = jar.with_suffix("")
    files = []
    for name in _SAML:
        package, _, type_ = name.rpartition(".")
        file = sources / f"{type_}.java"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"package org.opensaml.{package};\n\npublic interface {type_} {{}}\n")
        files.append(file)
    _compile(java, "", jar, *files)
    shutil.rmtree(sources)


def _email_analysis(place: Path, version: str, java: Path, plain: Installation) -> None:
    folder = place / "modules" / "email-analysis"
    folder.mkdir()
    _compile(java, plain.classes, folder / "email-analysis.jar", HERE / "EmailAnalysis.java")
    properties = {
        "name": "email-analysis",
        "description": "tokens of e-mail addresses",
        "version": version,
        "elasticsearch.version": version,
        "java.version": JAVA[version.split(".", maxsplit=1)[0]],
        "classname": "EmailAnalysis",
    }
    text = "".join(f"{key}={value}\n" for key, value in properties.items())
    (folder / "plugin-descriptor.properties").write_text(text)


def _compile(java: Path, path: str, jar: Path, *sources: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [java.with_name("javac"), "-nowarn", "-cp", path, "-d", folder, *sources]
        subprocess.run(list(map(str, command)), check=True)
        with zipfile.ZipFile(jar, "w") as archive:
            for file in sorted(Path(folder).rglob("*.class")):
                archive.write(file, file.relative_to(folder))


# --- the official client ---


def client(generation: str) -> Path | None:
    """A folder for PYTHONPATH with the official client of a generation; None if that is the installed one.

    Raises NotAvailableError.
    """
    if metadata.version("elasticsearch").startswith(f"{generation}."):
        return None
    place = CACHE / f"client-{generation}"
    once(place, lambda made: _fetch_client(generation, made))
    return place


def _fetch_client(generation: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(folder)]
    done = _fetched([*command, f"elasticsearch=={generation}.*"], ENVIRONMENT)
    if done.returncode:
        raise NotAvailableError(f"pip cannot fetch the client of generation {generation}: {done.stderr.strip()}")


# --- Java ---


def _java(oldest: int) -> Path:
    """The oldest Java of this machine that is new enough, with a compiler; raises NotAvailableError."""
    found = sorted((version, home) for home in _homes() if (version := _version(home)))
    for version, home in found:
        if version >= oldest:
            return home / "bin" / "java"
    there = f"the newest of this machine is {found[-1][0]}" if found else "this machine has none"
    raise NotAvailableError(f"a JDK of version {oldest} or newer is needed, and {there}")


def _homes() -> set[Path]:
    named = [Path(home) for home in [ENVIRONMENT.get("JAVA_HOME")] if home]
    on_path = shutil.which("javac", path=ENVIRONMENT.get("PATH"))
    installed = [Path(on_path).resolve().parent.parent] if on_path else []
    return {home.resolve() for home in (*named, *installed, *Path("/usr/lib/jvm").glob("*")) if home.is_dir()}


def _version(home: Path) -> int | None:
    """The major version of a JDK (17 for 17.0.15); None if it has no compiler."""
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "javac").exists():
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(found[1]) if found else None
