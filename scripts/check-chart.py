"""Lints the Helm chart, renders it with several values, and looks at what comes out; what cannot work has to be refused
with a hint. Needs the packages helm-python-sdk and PyYAML. Writes the daemon's file of settings to the given path."""

import sys
from pathlib import Path

import yaml
from helm_python import Chart, lint
from helm_python.errors import HelmError

CHART = Path(__file__).resolve().parent.parent / "deploy/helm/mcp-orchestrator"
SECRETS = {"jwtSecret": "j" * 32, "encryptionKey": "A" * 43 + "="}
LEAST = {"baseUrl": "https://mcp.example.com", "secrets": SECRETS}
MANY = {
    **LEAST,
    "replicas": 3,
    "database": {"url": "postgresql://orch:secret@database/orch"},
    "ingress": {"enabled": True, "host": "mcp.example.com", "className": "nginx", "tlsSecret": "tls"},
    "metrics": {"serviceMonitor": True},
    "config": "[mcp]\nmax_sessions = 10\n",
    "extraEnv": [{"name": "ORCH_WORKERS", "value": "2"}],
}
REFUSED = [
    ({"secrets": SECRETS}, "baseUrl"),
    ({**LEAST, "baseUrl": "https://x/below"}, "baseUrl"),
    ({"baseUrl": "https://x"}, "secrets.jwtSecret"),
    ({"baseUrl": "https://x", "secrets": {"jwtSecret": "j" * 32}}, "secrets.encryptionKey"),
    ({**LEAST, "replicas": 2}, "database.url"),
    ({"baseUrl": "https://x", "secrets": {"existing": "x"}, "database": MANY["database"]}, "DATABASE_URL"),
    ({**LEAST, "ingress": {"enabled": True}}, "ingress.host"),
    ({**LEAST, "config": "[metrics]\nport = 1\n"}, "[metrics]"),
    ({**LEAST, "replica": 2}, "replica"),
    ({**LEAST, "signUp": "everybody"}, "signUp"),
]


def render(chart: Chart, values: dict) -> dict[tuple[str, str], dict]:
    rendered = chart.render(values=values, name="team", namespace="mcp")
    found = {}
    for path, text in rendered.items():
        if not path.endswith(".yaml"):
            continue
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict):
                found[document["kind"], document["metadata"]["name"]] = document
    return found


def main(settings: Path) -> None:
    errors = [message for message in lint(CHART, values=LEAST)["messages"] if message["severity"] > 1]
    assert not errors, errors
    with Chart.load(CHART) as chart:
        few, many = render(chart, LEAST), render(chart, MANY)
        name = "team-mcp-orchestrator"
        assert {kind for kind, _ in few} == {"ConfigMap", "Secret", "StatefulSet", "Service"}, sorted(few)
        assert {kind for kind, _ in many} - {kind for kind, _ in few} == {
            "Ingress",
            "PodDisruptionBudget",
            "ServiceMonitor",
        }, sorted(many)
        for found in (few, many):
            pod = found["StatefulSet", name]["spec"]["template"]
            labels = pod["metadata"]["labels"]
            for (kind, _), document in found.items():
                if kind == "Service":
                    assert document["spec"]["selector"].items() <= labels.items(), document
            container = pod["spec"]["containers"][0]
            named = {volume["name"] for volume in pod["spec"]["volumes"]} | {"data"}
            assert {mount["name"] for mount in container["volumeMounts"]} == named, container
            (caches,) = pod["spec"]["initContainers"]
            (home,) = caches["volumeMounts"]
            assert home in container["volumeMounts"], home
            assert all(path.startswith(home["mountPath"]) for path in caches["command"][2:]), caches
            for same in ("image", "securityContext", "resources"):
                assert caches[same] == container[same], same
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container[probe]["httpGet"]["port"] in ports, probe
            assert container["envFrom"] == [{"secretRef": {"name": name}}], container
        assert "DATABASE_URL" not in few["Secret", name]["stringData"]
        assert many["Secret", name]["stringData"]["DATABASE_URL"] == MANY["database"]["url"]
        assert many["StatefulSet", name]["spec"]["replicas"] == 3
        assert "secret" not in yaml.safe_dump(many["StatefulSet", name]["spec"]["template"]["spec"]["containers"][0]["env"])
        own = render(chart, {"baseUrl": "https://x", "replicas": 2, "secrets": {"existing": "mine"}})
        assert not [kind for kind, _ in own if kind == "Secret"], sorted(own)
        for values, hint in REFUSED:
            try:
                render(chart, values)
            except HelmError as error:
                assert hint in str(error), f"no word of {hint} in {error}"
            else:
                raise AssertionError(f"not refused: {values}")
        settings.write_text(many["ConfigMap", name]["data"]["orch.toml"])


main(Path(sys.argv[1]))
