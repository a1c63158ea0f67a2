"""A real ActiveMQ Classic broker on the loopback interface, for as long as a benchmark needs it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JAR = Path("/usr/share/activemq/bin/activemq.jar")
HOME = "/usr/share/activemq"
STARTS_WITHIN_S = 60.0
CONFIGURATION = """<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
 http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
 <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false" brokerName="measured" dataDirectory="{folder}/data" schedulePeriodForDestinationPurge="0">
  <destinationPolicy><policyMap><policyEntries><policyEntry queue=">" {policy}>{cursor}</policyEntry></policyEntries></policyMap></destinationPolicy>
  <persistenceAdapter><kahaDB directory="{folder}/data/kahadb" {journal}/></persistenceAdapter>
  <systemUsage><systemUsage><memoryUsage><memoryUsage limit="{memory}"/></memoryUsage><storeUsage><storeUsage limit="{store}"/></storeUsage>
  <tempUsage><tempUsage limit="{temp}"/></tempUsage></systemUsage></systemUsage>
  <plugins><statisticsBrokerPlugin/></plugins>
  <transportConnectors><transportConnector name="stomp" uri="stomp://127.0.0.1:{stomp}"/><transportConnector name="openwire" uri="tcp://127.0.0.1:{openwire}"/></transportConnectors>
 </broker>
</beans>
"""


@dataclass(frozen=True)
class Settings:
    """What a benchmark changes in the broker's configuration."""

    policy: str = ""
    cursor: str = ""
    journal: str = ""
    memory: str = "256 mb"
    store: str = "1 gb"
    temp: str = "256 mb"


@dataclass(frozen=True)
class Running:
    """A broker that answers."""

    stomp_port: int
    openwire_port: int
    version: str


def why_not() -> str | None:
    """Why no broker can be started here; None if one can."""
    if not JAR.exists():
        return "ActiveMQ is not installed (Debian: apt-get install activemq)"
    return None if shutil.which("java") else "there is no Java to run ActiveMQ with"


def java() -> str:
    """The Java to run things with."""
    return shutil.which("java") or "java"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _version() -> str:
    found = sorted(Path("/usr/share/java").glob("activemq-broker-*.jar"))
    return found[0].stem.rpartition("-")[2] if found else "unknown"


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Start a broker with these settings and an empty store; stop it at the end, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="activemq-") as folder:
        broker = Running(_free_port(), _free_port(), _version())
        values = {name: getattr(settings, name) for name in ("policy", "cursor", "journal", "memory", "store", "temp")}
        Path(folder, "activemq.xml").write_text(CONFIGURATION.format(folder=folder, stomp=broker.stomp_port, openwire=broker.openwire_port, **values))
        log = Path(folder, "broker.log")
        command = [java(), "-Xmx512m", f"-Dactivemq.home={HOME}", f"-Dactivemq.base={folder}", f"-Dactivemq.conf={folder}", f"-Dactivemq.data={folder}/data",
                   "-jar", str(JAR), "start", f"xbean:file:{folder}/activemq.xml"]
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _wait(process, broker, log)
            yield broker
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], broker: Running, log: Path) -> None:
    deadline_s = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"the broker did not start:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", broker.openwire_port), 1), socket.create_connection(("127.0.0.1", broker.stomp_port), 1):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the broker did not answer within {STARTS_WITHIN_S:g} s:\n{log.read_text()[-2000:]}")
