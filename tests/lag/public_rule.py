"""A public alert rule, and whether it fires on our series."""

import subprocess
from pathlib import Path

import yaml

from tests.lag.kit import parsed
from tests.promtool import promtool

# From awesome-prometheus-alerts (CC BY 4.0), dist/rules/kafka/danielqsj-kafka-exporter.yml at
# 4579136a: https://github.com/samber/awesome-prometheus-alerts
RULE = r"""
groups:
- name: DanielqsjKafkaExporter
  rules:
    - alert: KafkaConsumersGroup
      expr: 'sum(kafka_consumergroup_lag) by (consumergroup) > 50'
      for: 1m
      labels:
        severity: critical
"""


def fires_for(exposition: str, groups: set[str], folder: Path) -> str:
    """What promtool says if the rule does not fire for exactly these groups after a minute.

    Empty if it does: the exposition's series are scraped every ten seconds as they are.
    """
    (folder / "rules.yml").write_text(RULE)
    series = [
        {"series": name + "{" + ",".join(f'{k}="{v}"' for k, v in labels) + "}",
         "values": f"{value}x12"}
        for (name, labels), value in parsed(exposition).items()
    ]  # fmt: skip
    expected = [
        {"exp_labels": {"severity": "critical", "consumergroup": group}} for group in sorted(groups)
    ]
    alerts = [
        {"eval_time": at, "alertname": "KafkaConsumersGroup", "exp_alerts": alerts}
        for at, alerts in (("50s", []), ("70s", expected))
    ]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "10s",
        "tests": [{"interval": "10s", "input_series": series, "alert_rule_test": alerts}],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    ended = subprocess.run(
        [promtool(), "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr
