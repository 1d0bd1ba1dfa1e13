#!/usr/bin/env python3
"""Turns custom resource definitions into the JSON schemas in deploy/k8s/schemas, against which check.py validates.

  deploy/tools/refresh_schemas.py CRD.yaml...

Where the definitions come from (versions as committed; all under the Apache License 2.0):
  KEDA 2.21.0                    github.com/kedacore/keda/v2, config/crd/bases            (Go module)
  Prometheus operator 0.85.0     github.com/prometheus-operator/prometheus-operator, example/prometheus-operator-crd
  cert-manager 1.21.2            github.com/cert-manager/cert-manager, deploy/crds
  Strimzi 1.2.0                  io.strimzi:api and io.strimzi:crd-generator (Maven, Java 21): CrdGenerator --yaml
                                 --target-kube 1.30+ --crd-api-version v1 --api-versions v1 --describe-api-versions v1
                                 --storage-version v1 io.strimzi.api.kafka.model.{topic.KafkaTopic,user.KafkaUser}=FILE
"""

import json
import pathlib
import sys

import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "k8s/schemas"
WANTED = {"KafkaTopic", "KafkaUser", "ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule", "Certificate", "Issuer"}


def strict(schema):
    """Unknown fields are faults, int-or-string is either, and descriptions only take room."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: strict(inner) for name, inner in value.items()}
        elif key == "description" and isinstance(value, str) or key.startswith("x-kubernetes-"):
            continue
        else:
            out[key] = strict(value)
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out.pop("anyOf", None)
        out["type"] = ["integer", "string"]
    if "properties" in out and "additionalProperties" not in out and not schema.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:]:
        for crd in yaml.safe_load_all(pathlib.Path(name).read_text()):
            kind = crd["spec"]["names"]["kind"]
            if kind not in WANTED:
                continue
            for version in crd["spec"]["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["properties"]["apiVersion"] = {"const": f"{crd['spec']['group']}/{version['name']}"}
                schema["properties"]["kind"] = {"const": kind}
                schema["properties"]["metadata"] = {"type": "object"}
                path = FOLDER / f"{kind.lower()}-{crd['spec']['group'].split('.')[0]}-{version['name']}.json"
                path.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")
                print(f"{path.name}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
