"""Reads an export request of metrics in OTLP/JSON as OpenTelemetry's own library does, and says what it holds."""

import json
import sys

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

request = Parse(sys.stdin.read(), ExportMetricsServiceRequest(), ignore_unknown_fields=False)
said = {}
for resource_metrics in request.resource_metrics:
    said["resource"] = {each.key: each.value.string_value for each in resource_metrics.resource.attributes}
    for scope_metrics in resource_metrics.scope_metrics:
        for metric in scope_metrics.metrics:
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind)
            points = []
            for point in data.data_points:
                labels = {each.key: each.value.string_value for each in point.attributes}
                if kind == "histogram":
                    points.append([labels, point.count, point.sum, list(point.bucket_counts), len(point.explicit_bounds)])
                else:
                    points.append([labels, point.as_double])
            said[metric.name] = {
                "kind": kind,
                "unit": metric.unit,
                "cumulative": kind == "gauge" or data.aggregation_temporality == 2,
                "monotonic": kind == "sum" and data.is_monotonic,
                "started": [point.start_time_unix_nano for point in data.data_points][:1],
                "points": points,
            }
json.dump(said, sys.stdout)
